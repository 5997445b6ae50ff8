"""The folder of an unfinished training: ``training/`` in the run folder, beside the run that it will replace."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.files import check_output, only_writer, read_json, replacing, write_json
from icdbridge.runs.run import RUN

CHECKPOINT, BEST, DESCRIBED = "checkpoint.safetensors", "best.safetensors", "described.json"
MATCHING = "matching"  # what was counted and found in training notes
_SCRATCH = ("tokens-", "val-")  # temporary folders in it


@contextmanager
def begun(
    out: Path, described: dict[str, Any], inputs: Sequence[Path], *, resume: bool, force: bool
) -> Iterator[Path]:
    """Yields the folder ``training/`` of ``out``, locked against other processes.

    ``described`` is everything that determines the result. ``resume`` continues a training of the same; with ``force``
    it begins if there is none. ``force`` alone begins again; an existing run stays until the new one is complete. A
    training that fails before its first checkpoint is removed. Raises ``InputError``.
    """
    real = check_output(out, RUN, inputs, replace=resume or force or _unfinished(out))
    with only_writer(real):
        work = real / "training"
        going_on = resume and _unfinished(real)
        if going_on:
            if read_json(work / DESCRIBED) != described:
                raise InputError(
                    f"{out} was begun with other settings or corpora: give the same, or start anew with --force"
                )
            for left in work.iterdir():
                if left.name.startswith(_SCRATCH):
                    shutil.rmtree(left, ignore_errors=True)
        elif resume and not force:
            raise InputError(f"{out} has no interrupted training to resume: leave --resume out to start one")
        elif _unfinished(real) and not force:
            raise InputError(f"{out} was begun and not finished: go on by --resume, or start anew by --force")
        else:
            _begin(real, described)
        try:
            yield work
        except Exception:
            if not going_on and not (work / CHECKPOINT).exists():
                shutil.rmtree(work, ignore_errors=True)
                if not any(real.iterdir()):
                    real.rmdir()
            raise


def _unfinished(out: Path) -> bool:
    return (out / "training" / DESCRIBED).is_file()


def _begin(out: Path, described: dict[str, Any]) -> None:
    """In one step, so that a folder with half of it is never there."""
    if out.exists() and any(out.iterdir()):
        with replacing(out / "training") as folder:
            write_json(folder / DESCRIBED, described)
    else:
        with replacing(out) as folder:
            (folder / "training").mkdir()
            write_json(folder / "training" / DESCRIBED, described)
