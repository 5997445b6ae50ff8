"""Confidence intervals by bootstrap over notes (Efron 1979), from the contribution of each note.

A resample draws as many notes as there are, with replacement. It is held as how often each note was drawn, so a metric
of all resamples is a few matrix products. Macro F1 in the ``present`` view is over the codes that the resample has. AUC
uses its first-order projection on notes (``contributions``). A code of only one note is absent from a third of the
resamples, which lowers macro F1. So the resampled values are shifted to the mean of the figure itself.
"""

from typing import Any

import numpy as np
from scipy import sparse

from icdbridge.evaluation.contributions import Contributions
from icdbridge.evaluation.metrics import Floats
from icdbridge.evaluation.results import AUCS, METRICS, RANKED, VIEWS

RESAMPLES = 1_000
SEED = 20_101
LEVEL = 0.95
TOGETHER = 64  # resamples whose codes are counted at once
Resampled = dict[str, dict[str, Floats]]  # view -> metric -> [resamples]


def draws(notes: int, resamples: int) -> Floats:
    """[resamples, notes] float32: how often each note was drawn. The same arguments give the same draws."""
    rng = np.random.default_rng(SEED)
    drawn = np.empty((resamples, notes), np.float32)
    for row in range(resamples):
        drawn[row] = np.bincount(rng.integers(0, notes, notes), minlength=notes)
    return drawn


def resampled(given: Contributions, drawn: Floats) -> Resampled:
    """Each metric of each view on each resample; NaN where a metric is not defined. AUC is alike in all views."""
    macro = _macro_f1(given, drawn)
    return {view: _summed(given.notes, view, drawn) | {"f1_macro": macro[view]} for view in VIEWS}


def _summed(notes: dict[str, Any], view: str, drawn: Floats) -> dict[str, Floats]:
    weights = drawn.astype(np.float64, copy=False)

    def total(name: str) -> Floats:
        return np.asarray(weights @ np.asarray(notes[name], dtype=np.float64))

    tp, predicted, labels = total(f"{view}_tp"), total(f"{view}_predicted"), total("labels")
    values = {
        "f1_micro": 2 * tp / (predicted + labels),
        "precision_micro": np.divide(tp, predicted, out=np.zeros_like(tp), where=predicted > 0),
        "recall_micro": tp / labels,
    }
    values |= {name: total(f"{view}_{name}") / drawn.shape[1] for name in RANKED}
    return values | {name: total(name) / drawn.shape[1] for name in AUCS}


def _macro_f1(given: Contributions, drawn: Floats) -> dict[str, Floats]:
    """By view: counts of each code on ``TOGETHER`` resamples at a time; NaN where predictions were not kept."""
    cells, notes = given.cells, drawn.shape[1]
    label = np.asarray(cells["label"], bool)
    present, code = np.unique(np.asarray(cells["code"]), return_inverse=True)

    def table(where: Any) -> Any:
        place = (code[where], np.asarray(cells["note"])[where])
        return sparse.csr_array((np.ones(int(where.sum()), np.float32), place), shape=(len(present), notes))

    labels, at = table(label), {}
    for name in ("predicted", "predicted_half"):
        if cells[name] is not None:
            flag = np.asarray(cells[name], bool)
            at[name] = table(flag), table(flag & label)
    found = {view: np.full(len(drawn), np.nan) for view in VIEWS}
    for start in range(0, len(drawn), TOGETHER):
        rows = slice(start, start + TOGETHER)
        weights = drawn[rows].T
        carried = labels @ weights
        for name, (predicted, tp) in at.items():
            f1 = 2 * (tp @ weights) / np.maximum(predicted @ weights + carried, 1)
            total = f1.sum(axis=0, dtype=np.float64)
            found["all" if name == "predicted" else "half"][rows] = total / given.codes
            if name == "predicted":
                found["present"][rows] = total / np.maximum((carried > 0).sum(axis=0), 1)
    return found


def _about(figure: Floats, values: Floats) -> Floats | None:
    """Resampled values shifted to have the mean of the figure [1]; None where not all are defined."""
    if not (np.isfinite(values).all() and np.isfinite(figure).all()):
        return None
    return np.asarray(values - values.mean() + figure)


def _interval(values: Floats) -> list[float]:
    return [float(value) for value in np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])]


def intervals(given: Contributions, resamples: int = RESAMPLES) -> dict[str, dict[str, list[float]]]:
    """95% intervals: view -> metric -> [low, high]; a metric that is not defined has none.

    Every note of ``given`` has a label.
    """
    notes = len(given.notes["labels"])
    figures = resampled(given, np.ones((1, notes), np.float32))
    values = resampled(given, draws(notes, resamples))
    found: dict[str, dict[str, list[float]]] = {view: {} for view in VIEWS}
    for view in VIEWS:
        for name in METRICS:
            shifted = _about(figures[view][name], values[view][name])
            if shifted is not None:
                found[view][name] = _interval(shifted)
    return found


def paired(
    first: list[Contributions], second: list[Contributions], resamples: int = RESAMPLES
) -> dict[str, dict[str, Any]]:
    """The difference second - first on the same resamples of the same notes: view -> metric -> ``interval``
    and ``p``; a metric that is not defined on both sides is left out.

    Each side is one run, or several seeds, whose metrics are averaged in each resample. ``p`` is two-sided:
    twice the share of resamples on the rarer side of zero, ties on both sides, (count + 1) / (resamples + 1).
    Notes must be in the same order on both sides.
    """
    notes = len(first[0].notes["labels"])
    drawn, once = draws(notes, resamples), np.ones((1, notes), np.float32)

    def mean(group: list[Contributions], weights: Floats) -> Resampled:
        found = [resampled(one, weights) for one in group]
        return {
            view: {name: np.mean([one[view][name] for one in found], axis=0) for name in METRICS}
            for view in VIEWS
        }

    before, after = mean(first, drawn), mean(second, drawn)
    old, new = mean(first, once), mean(second, once)
    tested: dict[str, dict[str, Any]] = {view: {} for view in VIEWS}
    for view in VIEWS:
        for name in METRICS:
            found = tested_difference(
                new[view][name] - old[view][name], after[view][name] - before[view][name]
            )
            if found is not None:
                tested[view][name] = found
    return tested


def tested_difference(difference: Floats, resampled: Floats) -> dict[str, Any] | None:
    """``interval`` and two-sided ``p`` of a difference [1] by its resamples; None where not all are defined."""
    shifted = _about(difference, resampled)
    if shifted is None:
        return None
    side = min(int((shifted <= 0).sum()), int((shifted >= 0).sum()))
    return {"interval": _interval(shifted), "p": min(1.0, 2 * (side + 1) / (len(shifted) + 1))}
