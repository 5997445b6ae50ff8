"""What the paper's tables take on one's own corpora, told before the first run: hours, memory and disk by step times.

Step times are measured by ``python -m benchmarks.step_times`` on notes of 1,500 words at the settings of the preset
``paper``, and kept in ``data/step_times.csv``: a line a device, model and precision, with a note's seconds in training
and in scoring, and the codes that it was scored for. A model without one is named, its hours left out.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from icdbridge.errors import InputError
from icdbridge.evaluation.results import NAMES
from icdbridge.reproduction.paper_tables import TABLES
from icdbridge.reproduction.study import Study, System
from icdbridge.text import split_words
from icdbridge.text_table import Table
from icdbridge.training.dry_run import footprint

MEASURED_WORDS = 1_500  # of the notes of the step times
SAMPLE = 200  # notes of a corpus whose words are counted
_BARE = ("overlap", "5")  # nothing is trained for them


class StepTime(NamedTuple):
    """Seconds that a note takes: ``training`` by a batch's label space, ``scoring`` for ``codes``."""

    training: float
    scoring: float
    codes: int


@dataclass(frozen=True)
class Planned(Study):
    """A study that trains nothing and writes down what it is asked for."""

    asked: dict[System, None] = field(default_factory=dict)

    def figures(self, system: System, corpus: str, scope: str) -> dict[str, dict[str, Any]]:
        self.asked[system] = None
        return {name: {"mean": None, "sd": None} for name in NAMES}

    def gain(self, before: System, after: System, corpus: str, scope: str) -> dict[str, dict[str, Any]]:
        self.asked.update(dict.fromkeys((before, after)))
        return {name: {"mean": None, "sd": None, "difference": None, "relative": None} for name in NAMES}

    def cost(self, system: System) -> tuple[float, float]:
        self.asked[system] = None
        return math.nan, math.nan

    @cached_property
    def words(self) -> dict[str, float]:
        """Words of a note of each corpus, in the mean of a sample."""
        found = {}
        for name, corpus in self.corpora.items():
            texts = [text for text, _ in zip(corpus.column("text", "train"), range(SAMPLE), strict=False)]
            found[name] = float(np.mean([len(split_words(text, "benchmark")) for text in texts] or [0]))
        return found


def systems_of(study: Planned, table: str) -> list[System]:
    """The systems that a table compares."""
    if table in _BARE:
        return []
    if table == "figure1":
        return list(study.duals().values())
    study.asked.clear()
    TABLES[table](study)
    return list(study.asked)


def read_step_times(device: str, path: Path | None = None) -> dict[tuple[str, str], StepTime]:
    """By model and precision, those of a device; ``InputError`` for a device without any."""
    try:
        text = (path or files("icdbridge.reproduction") / "data" / "step_times.csv").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: give a file that benchmarks/step_times.py wrote") from error
    rows = [row for row in csv.reader(text.splitlines()) if row and not row[0].startswith("#")]
    try:
        own = [row for row in rows if row[0] == device]
        found = {(row[1], row[2]): StepTime(float(row[3]), float(row[4]), int(row[5])) for row in own}
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{path} is no table of step times: make one by `python -m benchmarks.step_times --name {device}`"
        ) from error
    if not found:
        known = ", ".join(dict.fromkeys(row[0] for row in rows)) or "none"
        raise InputError(
            f"no step times of {device!r} (known: {known}): measure them there by "
            f"`python -m benchmarks.step_times --name {device} --device cuda`, and give the file by --step-times"
        )
    return found


def hours(study: Planned, system: System, times: dict[tuple[str, str], StepTime]) -> float | None:
    """Hours of one run: all its epochs, validation after each, and the test; None where no step was measured."""
    settings = study.settings(system.model, *system.changes)
    time = times.get((system.model, "bf16" if settings.precision == "bf16-mixed" else "fp32"))
    if time is None:
        return None
    learnt = sum(_weight(study, name) * study.corpora[name].count("train") for name in system.trained_on)
    first = study.corpora[system.trained_on[0]]
    scored = settings.epochs * first.count("val") + sum(
        study.corpora[name].count("test") for name in system.trained_on
    )
    codes = first.n_frequent if settings.training_scope == "frequent" else len(first.codes)
    seconds = settings.epochs * learnt * time.training
    seconds += scored * _weight(study, first.name) * time.scoring * codes / time.codes
    return seconds / 3600


def _not_measured(models: Iterable[str], device: str, times: dict[tuple[str, str], StepTime]) -> str:
    """Which step times are not known, and how to ask for those of another precision."""
    said = f"No step time of {', '.join(sorted(models))} on {device}"
    other = {precision for model, precision in times if model in models}
    settings = {"bf16": "bf16-mixed", "fp32": "32-true"}
    known = [
        f"{precision} is measured (--set precision={settings[precision]})" for precision in sorted(other)
    ]
    return f"{said} in this precision; {', '.join(known)}." if known else f"{said}."


def _weight(study: Planned, corpus: str) -> float:
    """How long its notes are beside those of the step times."""
    return min(study.words[corpus], study.settings("duallaat-cnn").max_note_words) / MEASURED_WORDS


def plan(study: Planned, tables: Iterable[str], device: str, times: dict[tuple[str, str], StepTime]) -> Table:
    """A row a table: its runs, those that no table above has, and what these take."""
    done: set[tuple[str, tuple[str, ...], tuple[str, ...]]] = set()
    rows, missing, total = [], set(), 0.0
    sizes: dict[str, tuple[float, float]] = {}
    for table in tables:
        systems = systems_of(study, table)
        new = [one for one in systems if _key(one) not in done]
        done |= {_key(one) for one in new}
        found = [hours(study, one, times) for one in new]
        missing |= {one.model for one, taken in zip(new, found, strict=True) if taken is None}
        taken = study.seeds * sum(one for one in found if one is not None)
        total += taken
        sizes |= {one.model: _sizes(study, one) for one in new if one.model not in sizes}
        memory = max((sizes[one.model][0] for one in new), default=0.0)
        disk = study.seeds * sum(sizes[one.model][1] for one in new)
        left_out = sum(one is None for one in found)
        cell = f"{taken:,.1f}" + (f" and {left_out} not measured" if left_out else "")
        runs = (str(study.seeds * len(several)) for several in (systems, new))
        rows.append([table, *runs, cell, f"{memory:.1f}", f"{disk:.1f}"])
    rows.append(["all", "", str(study.seeds * len(done)), f"{total:,.1f}", "", ""])
    cache = sum(
        4 * study.words[name] * corpus.meta["notes"]["total"] for name, corpus in study.corpora.items()
    )
    notes = [
        f"Hours on {device}, {study.seeds} seeds, all epochs of the preset {study.preset}: early stopping takes less.",
        f"Words of the notes on disk: {cache / 1e9:.2f} GB.",
    ]
    notes += [_not_measured(missing, device, times)] if missing else []
    columns = ["table", "runs", "new runs", "hours", "memory, GB", "disk, GB"]
    return Table("What the tables take", columns, rows, note=" ".join(notes))


def _key(system: System) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What makes a run, whatever a table calls it."""
    return system.model, system.trained_on, system.changes


def _sizes(study: Planned, system: System) -> tuple[float, float]:
    """GB: memory of a step at most, disk of a run with its checkpoint; 0 where a pretrained encoder decides."""
    settings = study.settings(system.model, *system.changes)
    if "plm" in settings.architecture and settings.pretrained != "small":
        return 0.0, 0.0
    corpora = [study.corpora[name] for name in system.trained_on]
    found, codes = footprint(corpora, settings)
    longest = settings.max_note_words
    notes = min(settings.batch_size, max(1, settings.batch_words // longest))
    return found.step(notes, longest, min(settings.label_space, codes)) / 1e9, 5 * found.weights / 1e9


def open_plan(corpora: Path, preset: str, seeds: int, changes: Sequence[str] = ()) -> Planned:
    """As ``Study.open``, for what is only planned."""
    real = corpora.resolve()  # nothing is written there, but a study has a folder
    return Planned.open(corpora, real.parent / f"{real.name}-plan", preset, seeds, changes)
