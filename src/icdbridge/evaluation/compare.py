"""Compares evaluated runs from the files of their evaluations; nothing is scored again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from icdbridge.errors import InputError
from icdbridge.evaluation.bootstrap import paired
from icdbridge.evaluation.contributions import Contributions
from icdbridge.evaluation.decisions import WAYS
from icdbridge.evaluation.reports.comparison_report import write_comparison
from icdbridge.evaluation.reports.evaluation_report import figure
from icdbridge.evaluation.results import METRICS, SCOPES, VIEWS, long_tail
from icdbridge.files import Kind, atomic_folder, read_json, write_json, write_manifest

COMPARISON = Kind("a comparison", "comparison.json")
NOT_COMPARED = ("seed", "name", "out", "created", "best_epoch", "threshold", "made_with")


@dataclass(frozen=True)
class Evaluation:
    """One evaluated run: the content of its metrics.json, and its folder."""

    folder: Path
    results: dict[str, Any]

    def contributions(self, scope: str) -> Contributions:
        """What notes.parquet and cells.parquet hold of a scope, in the order of the split's notes."""
        notes, cells = (self._columns(name, scope) for name in ("notes.parquet", "cells.parquet"))
        return Contributions(notes, cells, self.results["scopes"][scope]["codes"])

    def _columns(self, file: str, scope: str) -> dict[str, Any]:
        table = pq.read_table(self.folder / file, filters=[("scope", "=", scope)])
        columns = {name: table[name] for name in table.column_names if name not in ("scope", "note_id")}
        return {name: None if column.null_count else column.to_numpy() for name, column in columns.items()}

    def per_code(self) -> dict[str, Any]:
        table = pq.read_table(self.folder / "codes.parquet")
        return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


@dataclass(frozen=True)
class Group:
    """Runs that differ in the seed only, under one label; their figures are averaged."""

    label: str
    evaluations: list[Evaluation]


def read_groups(arguments: Sequence[str], corpus: str | None, split: str) -> list[Group]:
    """Reads the evaluations of run folders, or of groups ``label=run1,run2,...``.

    The default ``corpus`` is the one on which all runs were evaluated. Raises ``InputError`` if a run was not evaluated
    there, if there are several such corpora, or if notes, codes or labels differ.
    """
    wanted: list[tuple[str, list[Path]]] = []
    for argument in arguments:
        label, equals, runs = argument.partition("=")
        paths = [Path(run) for run in runs.split(",") if run] if equals else [Path(argument)]
        if not paths:
            raise InputError(f"{argument!r} names no run: write label=run1,run2")
        wanted.append((label if equals else paths[0].resolve().name, paths))
    labels = [label for label, _ in wanted]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(f"two runs are called {twice}: name them apart, as in first={twice}")
    everything = [path for _, paths in wanted for path in paths]
    name = corpus or _common_corpus(everything, split)
    groups = [Group(label, [read_evaluation(path, name, split) for path in paths]) for label, paths in wanted]
    _check_same(groups)
    return groups


def _evaluated(run: Path, split: str) -> list[str]:
    found = sorted((run / "evaluations").glob(f"*-{split}/metrics.json"))
    return [file.parent.name.removesuffix(f"-{split}") for file in found]


def _common_corpus(runs: list[Path], split: str) -> str:
    for run in runs:
        if not run.is_dir():
            raise InputError(f"{run} is not a folder: expected a run folder")
        if not _evaluated(run, split):
            raise InputError(
                f"{run} was not evaluated on {split} notes: run `icdbridge evaluate {run} CORPUS`"
            )
    common = set.intersection(*(set(_evaluated(run, split)) for run in runs))
    if len(common) != 1:
        found = f"on {', '.join(sorted(common))}" if common else f"on no common corpus ({split} split)"
        raise InputError(f"the runs were evaluated {found}: choose by --corpus, or evaluate on the same")
    return common.pop()


def read_evaluation(run: Path, corpus: str, split: str) -> Evaluation:
    """The evaluation of a run on a split of a corpus (by name); ``InputError`` where there is none."""
    folder = run / "evaluations" / f"{corpus}-{split}"
    if not (folder / "metrics.json").is_file():
        known = ", ".join(_evaluated(run, split)) or "no corpus"
        raise InputError(
            f"{run} was not evaluated on {corpus} {split} (it was on {known}): run `icdbridge evaluate`"
        )
    results = read_json(folder / "metrics.json")
    if not isinstance(results, dict) or results.get("format") != 3:
        raise InputError(f"{folder / 'metrics.json'} is not of format 3: evaluate the run again")
    return Evaluation(folder, results)


def _check_same(groups: list[Group]) -> None:
    first = groups[0].evaluations[0]
    for group in groups:
        for one in group.evaluations:
            if one.results["fingerprint"] != first.results["fingerprint"]:
                both = f"{one.folder} and {first.folder}"
                raise InputError(f"{both} differ in notes, codes or labels: evaluate both on one corpus")


def same_settings(group: Group) -> bool:
    """Whether the runs of a group differ in nothing but seed and name."""

    def settings(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: settings(item) for key, item in value.items() if key not in NOT_COMPARED}
        return value

    first = settings(group.evaluations[0].results["config"])
    return all(settings(one.results["config"]) == first for one in group.evaluations)


def compare(
    runs: Sequence[Path | str],
    corpus: str | None = None,
    split: str = "test",
    *,
    out: Path | str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Compares evaluated runs; nothing is scored again.

    ``out``: a folder for comparison.json and report.html; ``force`` replaces an existing one. Raises ``InputError`` for
    a single run, for runs that were not evaluated on the same notes, and for an ``out`` that cannot be written.
    """
    named = [str(run) for run in runs]
    if len(named) < 2 and not any("," in run for run in named):
        raise InputError("one run cannot be compared: name more, or the seeds of one as label=RUN1,RUN2")
    groups = read_groups(named, corpus, split)
    if out is None:
        return compare_groups(groups)
    paths = [each.folder.parent.parent for group in groups for each in group.evaluations]
    with atomic_folder(Path(out), COMPARISON, paths, replace=force) as folder:
        results = compare_groups(groups)
        write_json(folder / "comparison.json", results)
        write_comparison(results, folder / "report.html")
        write_manifest(folder, ["comparison.json", "report.html"])
    return results


def compare_groups(groups: list[Group]) -> dict[str, Any]:
    """Figures of each group, and their differences from the first.

    Per group, scope, view and metric: ``mean``, ``sd`` (of a sample, None for one run) and ``values``; for all but the
    first also ``difference``, ``relative`` (difference / first), ``interval`` (95%, paired bootstrap) and ``p``. The
    long tail's bins are those of the first group's training notes, so that all groups are compared on the same codes.
    """
    first = groups[0].evaluations[0].results
    seen = groups[0].evaluations[0].per_code()
    compared: list[dict[str, Any]] = []
    for group in groups:
        scopes = {scope: {view: _figures(group, scope, view) for view in VIEWS} for scope in SCOPES}
        tails = [_tail(one, seen) for one in group.evaluations]
        compared.append(
            {
                "label": group.label,
                "runs": [one.results["run"] for one in group.evaluations],
                "same_settings": same_settings(group),
                "scopes": scopes,
                "decisions": _mean_decisions(group),
                "long_tail": [_mean_row([tail[i] for tail in tails]) for i in range(len(tails[0]))],
                "training": [one.results["training"] for one in group.evaluations],
            }
        )
    for group, entry in zip(groups[1:], compared[1:], strict=True):
        for scope in SCOPES:
            tested = _tested(groups[0], group, scope)
            for view in VIEWS:
                before = compared[0]["scopes"][scope][view]
                _add_differences(entry["scopes"][scope][view], before, tested.get(view, {}))
    keys = ("corpus", "version", "split", "synthetic", "notes", "codes")
    return {"format": 1, **{key: first[key] for key in keys}, "baseline": groups[0].label, "groups": compared}


def _figures(group: Group, scope: str, view: str) -> dict[str, dict[str, Any]]:
    figures = {}
    for metric in METRICS:
        values: list[Any] = [figure(one.results["scopes"][scope], view, metric) for one in group.evaluations]
        several = len(values) > 1 and None not in values
        sd = float(np.std(values, ddof=1)) if several else None
        figures[metric] = {"mean": _mean(values), "sd": sd, "values": values}
    return figures


def _mean(values: list[Any]) -> float | None:
    """None where a figure is missing."""
    return None if None in values else float(np.mean(values))


def _tested(first: Group, second: Group, scope: str) -> dict[str, dict[str, Any]]:
    if not first.evaluations[0].results["scopes"][scope]["labels"]:
        return {}
    sides = [[one.contributions(scope) for one in group.evaluations] for group in (first, second)]
    return paired(sides[0], sides[1])


def _add_differences(after: Any, before: Any, tested: dict[str, Any]) -> None:
    for metric in METRICS:
        new, old = after[metric]["mean"], before[metric]["mean"]
        known = new is not None and old is not None
        after[metric]["difference"] = new - old if known else None
        after[metric]["relative"] = (new - old) / old if known and old else None
        after[metric] |= tested.get(metric, {"interval": None, "p": None})


def _tail(one: Evaluation, seen: dict[str, Any]) -> list[dict[str, Any]]:
    """The long tail of one run in the bins of the first; codes.parquet has the corpus's codes in order.

    None where it is not known how often the first run's training saw the codes.
    """
    if not seen or np.isnan(seen["train_notes"]).any():
        return []
    return long_tail(one.per_code(), seen["train_notes"])


def _mean_decisions(group: Group) -> dict[str, dict[str, float | None]]:
    """Mean micro F1 by training frequency, by one threshold and by the runs' own; empty where a run has none."""
    found = [one.results.get("decisions", {}) for one in group.evaluations]
    if not all(found):
        return {}
    return {
        name: {
            way: _mean([one[name][way]["f1_micro"] if one[name]["labels"] else None for one in found])
            for way in WAYS
        }
        for name in found[0]
    }


def _mean_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sizes as they are (the same in all), figures averaged."""
    mean = dict(rows[0])
    for key in ("f1_micro", "f1_macro_present", "precision", "recall", "recall_at_15"):
        mean[key] = _mean([row[key] for row in rows])
    return mean
