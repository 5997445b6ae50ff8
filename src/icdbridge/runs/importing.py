"""The paper's checkpoints as run folders, and runs in the layout of the paper's checkpoints."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import icdbridge
from icdbridge.codes import SYSTEMS, Code, known_system, known_systems, load_system, version_of
from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.files import atomic_folder, sha256
from icdbridge.models import DualLAAT
from icdbridge.runs.released import CONFIG, TOKENS, WEIGHTS, Released, read_released, write_released
from icdbridge.runs.run import RUN, Run, write_run
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.text_model import TextModel

NOT_TUNED = 0.5  # the threshold of the paper's own evaluator; a checkpoint brings none


def import_checkpoint(
    folder: Path | str,
    out: Path | str,
    codes: Sequence[str | Path] = SYSTEMS,
    *,
    threshold: float = NOT_TUNED,
    force: bool = False,
) -> Run:
    """Makes a run folder from a released checkpoint (``read_released`` describes its layout).

    A checkpoint contains no codes. ``codes`` names those of the run: code systems (all assignable codes) or corpus
    folders (the codes and descriptions of their notes). Raises ``InputError`` for a bad checkpoint or source of codes,
    and if ``out`` exists (unless ``force``).
    """
    codes = [known_system(str(source)) or source for source in codes]
    folder, out = Path(folder), Path(out)
    if not 0 < threshold < 1:
        raise InputError(f"a threshold is a probability between 0 and 1, not {threshold}")
    released = read_released(folder)
    index = _code_index(codes)
    tuned = "given when it was imported" if threshold != NOT_TUNED else "not tuned: a checkpoint brings none"
    config: dict[str, Any] = {
        "settings": {"max_note_words": released.max_note_words, "max_code_words": released.max_code_words},
        "corpora": [],
        "imported": {name: sha256(folder / name) for name in (CONFIG, TOKENS, WEIGHTS)},
        "threshold": threshold,
        "threshold_source": f"{threshold:g}, {tuned}",
        "parameters": sum(p.numel() for p in released.model.parameters()),
        "synthetic": False,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": {"icdbridge": icdbridge.__version__, "torch": torch.__version__},
    }
    inputs = [folder, *(Path(source) for source in codes if str(source) not in known_systems())]
    with atomic_folder(out, RUN, inputs, replace=force) as partial:
        model = TextModel(
            released.model, released.tokenizer, index, released.max_note_words, released.max_code_words
        )
        write_run(partial, config, model, [], _card(out.name, config))
    return Run.open(out)


def export_checkpoint(run: Run, out: Path | str, *, force: bool = False) -> None:
    """Writes a run in the released layout; an imported run comes out unchanged.

    The paper's code reads padding like words, so a run that masks padding scores differently there. Raises
    ``InputError`` if the layout cannot hold the model, or ``out`` exists (unless ``force``).
    """
    if type(run.model) is not DualLAAT:  # nor a model built on it
        raise InputError(f"{run.path} is no DualLAAT: the released layout holds nothing else")
    settings = run.config["settings"]
    released = Released(run.model, run.tokenizer, settings["max_note_words"], settings["max_code_words"])
    write_released(released, Path(out), [run.path], force=force)


def _code_index(sources: Sequence[str | Path]) -> CodeIndex:
    """The codes of systems and corpora; a code of several has the version and description of the first."""
    found: dict[str, tuple[str, str]] = {}
    for source in sources:
        if str(source) in known_systems():
            system = load_system(str(source))
            titles = {str(Code(system.name, code)): title for code, title in system.titles.items()}
            version = version_of(system.name)
        elif Path(source).is_dir():
            corpus = Corpus.open(source)
            titles = dict(zip(corpus.codes, corpus.descriptions, strict=True))
            version = corpus.version
        else:
            raise InputError(
                f"{source} is neither a corpus folder nor a code system ({', '.join(known_systems())})"
            )
        found |= {key: (version, title) for key, title in titles.items() if key not in found}
    return CodeIndex(
        code=list(found),
        version=[version for version, _ in found.values()],
        description=[title for _, title in found.values()],
        train_notes=[None] * len(found),
    )


def _card(name: str, config: dict[str, Any]) -> str:
    files = "\n".join(f"| {file} | {digest} |" for file, digest in config["imported"].items())
    return f"""# {name}

DualLAAT ({config["parameters"]:,} parameters), imported from a checkpoint in the layout of the paper's release. It
reads padding as the paper's code does: notes are padded to {config["settings"]["max_note_words"]:,} words, code
descriptions to the longest that is asked for, so a code's probability depends on which others are asked for.

| file | SHA-256 |
| --- | --- |
{files}

Threshold: {config["threshold_source"]}. What it was trained on, the checkpoint does not say. Suggestions are for a
trained coder to check, not codes to bill from; treat the weights with the care that their training notes ask for.
"""
