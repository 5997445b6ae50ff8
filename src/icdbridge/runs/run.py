"""The run folder: a trained model with all it needs to code notes. Nothing in it is pickled."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.files import Kind, check_manifest, sha256, write_json, write_manifest
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.models import ARCHITECTURES, CodingModel, build_model, describe_model, size_names
from icdbridge.models.shapes import only_shapes
from icdbridge.models.tensor_files import kind_of, load_tensors, save_tensors
from icdbridge.runs.candidate_search import Candidates
from icdbridge.runs.confidence import FREQUENCIES, Calibration, calibration_json, frequency, read_calibration
from icdbridge.runs.lexicons import FILES as LEXICON_FILES
from icdbridge.runs.lexicons import read_lexicons, write_lexicons
from icdbridge.runs.note_evidence import RunExplainer
from icdbridge.runs.prior import FILES as PRIOR_FILES
from icdbridge.runs.prior import Prior, read_priors, write_priors
from icdbridge.runs.scored import Scored
from icdbridge.runs.scorer import Scorer
from icdbridge.runs.scoring import Precision
from icdbridge.runs.stored_files import FORMAT, check_features, check_sizes, read_config, read_index
from icdbridge.runs.text_model import TextModel
from icdbridge.text import Tokenizer

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
RUN = Kind("a run folder", "model.safetensors", "training/described.json")
FILES = ["model.safetensors", CONFIG, TOKENIZER, "codes.parquet", "calibration.json", "log.csv", "README.md"]


@dataclass(eq=False, repr=False, kw_only=True)
class Run(TextModel):
    """A run folder, opened: a ``TextModel`` with its ``config``, its ``calibration`` by version (empty for a run
    without), thresholds, log and candidate search.
    """

    path: Path
    config: dict[str, Any]
    calibration: Calibration = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.resolve().name

    def __repr__(self) -> str:
        architecture = self.config["model"].get("architecture", "duallaat")
        versions = ", ".join(dict.fromkeys(self.index.version))
        return f"<Run {self.name}: {architecture}, {len(self.index.code):,} codes of {versions}>"

    @classmethod
    def open(cls, path: Path | str, device: str = "cpu", precision: Precision = "fp32") -> "Run":
        """Opens a run folder; ``InputError`` names what is missing or damaged in it."""
        path = Path(path)
        if (path / "training").is_dir() and not (path / "manifest.json").exists():
            raise InputError(
                f"the training of {path} is unfinished: go on with it by `icdbridge train --resume`"
            )
        check_manifest(path, RUN)
        config = read_config(path / CONFIG)
        # run folders from before there were other architectures name none
        sizes = {"architecture": "duallaat", **config["model"]}
        index = read_index(path / "codes.parquet")
        model = _load_model(path, sizes, len(index.code))
        tokenizer = _load_tokenizer(path, config, model)
        versions = list(dict.fromkeys(index.version))
        calibration = read_calibration(path / "calibration.json", versions)
        lexicons: dict[str, Lexicon] = {}
        priors: dict[str, Prior] = {}
        if sizes.get("features"):
            check_features(path / CONFIG, config, sizes["features"])
            lexicons = read_lexicons(path, {version: list(index.of_version(version)) for version in versions})
            if sizes.get("versions", 1) < len(lexicons):
                raise InputError(f"{path / CONFIG}, field model.versions: fewer than lexicons: train again")
            priors = read_priors(path, versions)
        settings = config["settings"]
        return cls(
            model.to(device), tokenizer, index, settings["max_note_words"], settings["max_code_words"],
            lexicons, priors, precision, model.fixed_labels and settings.get("training_scope") == "frequent",
            path=path, config=config, calibration=calibration,
        )  # fmt: skip

    @cached_property
    def log(self) -> list[dict[str, float]]:
        """The rows of log.csv, one an epoch."""
        path = self.path / "log.csv"
        try:
            with path.open(encoding="utf-8", newline="") as handle:
                return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(handle)]
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise InputError(f"{path} is no table of numbers: train again") from error

    @cached_property
    def candidates(self) -> Candidates:
        """The first stage of the candidate search; ``InputError`` for a run that was not indexed."""
        return Candidates.load(self.path, self.index.code, self.versions, self.tokenizer.size)

    def thresholds(self, version: str, codes: Sequence[str]) -> np.ndarray:
        """The probability above which each code (key) of a version is predicted [L].

        It goes by how many training notes carried the code, where the run has such thresholds; else it is the one
        tuned on val.
        """
        calibration = self.calibration.get(version)
        if calibration is None or calibration.thresholds is None or self.train_notes is None:
            return np.full(len(codes), float(self.config["threshold"]))
        chosen = np.array([calibration.thresholds[name] for name in FREQUENCIES])
        return chosen[frequency([self.train_notes.get(code, 0) for code in codes])]

    def score_corpus(self, corpus: Corpus, split: str, folder: Path) -> Scored:
        """Scores a split against all codes of its corpus; the logits are a memory map in ``folder``.

        A model of fixed labels that learnt frequent codes only is asked for those alone.
        """
        scorer = Scorer.of_corpus(self, corpus)
        note_ids, labels, (logits,) = scorer.score_split(corpus, split, Path(folder))
        return Scored(note_ids, scorer.keys, corpus.n_frequent, logits, labels, self.frequent_only)

    def explainer(self, corpus: Corpus) -> RunExplainer:
        """What finds evidence for the codes of a corpus."""
        return RunExplainer(Scorer.of_corpus(self, corpus))


def _load_model(path: Path, sizes: Mapping[str, Any], codes: int) -> CodingModel:
    """The model, built only when its weights are known to be there in the sizes that config.json gives."""
    config, weights = path / CONFIG, path / "model.safetensors"
    architecture = sizes["architecture"]
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise InputError(f"{config}, field model.architecture: one of {', '.join(ARCHITECTURES)} is expected")
    check_sizes(config, sizes, size_names(architecture))
    if ARCHITECTURES[architecture][0].fixed_labels and sizes.get("labels") != codes:
        raise InputError(f"{config}, field model.labels: {codes}, as codes in codes.parquet, is expected")
    with only_shapes():
        shapes = {name: kind_of(tensor) for name, tensor in _build(config, sizes).state_dict().items()}
    tensors = load_tensors(weights, shapes)
    model = _build(config, sizes)
    model.load_state_dict(tensors)
    return model


def _build(config: Path, sizes: Mapping[str, Any]) -> CodingModel:
    try:
        return build_model(sizes["architecture"], sizes)
    except InputError as error:
        raise InputError(f"{config}, field model: {error}") from error


def _load_tokenizer(path: Path, config: Mapping[str, Any], model: CodingModel) -> Tokenizer:
    tokenizer = Tokenizer.load(path / TOKENIZER)
    if config.get("tokenizer") not in (None, sha256(path / TOKENIZER)):
        raise InputError(f"{path / TOKENIZER} is not the tokenizer that this run was trained with")
    vocabulary = getattr(model.settings, "vocabulary", None) or model.settings.transformer["vocab_size"]
    if tokenizer.largest_id >= vocabulary:
        raise InputError(
            f"{path / TOKENIZER} has more than the {vocabulary:,} words of the model: it is of another run"
        )
    return tokenizer


def write_run(
    path: Path,
    config: Mapping[str, Any],
    model: TextModel,
    log: Sequence[Mapping[str, float]],
    card: str,
    calibration: Calibration | None = None,
) -> None:
    """Writes a whole run into the folder ``path``; its manifest comes last, so half a run is never a run."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        save_tensors(path / "model.safetensors", model.model.state_dict())
        model.tokenizer.save(path / TOKENIZER)
        told = {"format": FORMAT, "model": describe_model(model.model), **config}
        if model.lexicons:
            told["lexical_features"] = list(LEXICAL_FEATURES)
        write_json(path / CONFIG, told | {"tokenizer": sha256(path / TOKENIZER)})
        pq.write_table(pa.table(asdict(model.index)), path / "codes.parquet")
        write_json(path / "calibration.json", calibration_json(calibration or {}))
        write_log(path / "log.csv", log)
        (path / "README.md").write_text(card, "utf-8")
        if model.lexicons:
            write_lexicons(path, model.lexicons)
        if model.priors:
            write_priors(path, model.priors)
        lexical = [*(LEXICON_FILES if model.lexicons else ()), *(PRIOR_FILES if model.priors else ())]
        write_manifest(path, [*FILES, *lexical])
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def write_log(path: Path, log: Sequence[Mapping[str, float]]) -> None:
    """One row an epoch."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(log[0]) if log else ["epoch"])
        writer.writeheader()
        writer.writerows(log)
