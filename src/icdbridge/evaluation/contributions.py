"""The contribution of each note to the figures of a scope: everything that resampling needs without the scores.

F1, P@k, R-precision and MAP are sums over notes: columns of notes. Macro F1 needs the codes that were predicted for
each note: *cells*, one for each note and code that is a label or predicted. AUC counts pairs of a label and another
cell, mostly of two notes. Its columns are pseudo-values, whose mean is the AUC; the others are its first-order (Hajek)
projection on notes, as in DeLong et al. (1988) for one code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from icdbridge.evaluation.metrics import CELLS, Distribution, Floats, Ints, Labels, coordinates, score_blocks

DENSE = 200  # codes predicted a note; a run that predicts more is not resampled code by code


@dataclass(frozen=True)
class Contributions:
    """One scope of an evaluation: columns of ``notes`` and of ``cells``, and how many ``codes`` the scope has.

    ``notes`` has ``labels``, ``auc_micro``, ``auc_macro`` and, with the view's name before it, ``tp``,
    ``predicted`` and the ranking metrics. ``cells`` has ``note`` (row of ``notes``), ``code`` (column of the
    scope, among those that occur), ``label``, ``predicted`` (at the tuned threshold) and ``predicted_half`` (at
    0.5); either is None where more than ``DENSE`` codes a note are.
    """

    notes: dict[str, Any]
    cells: dict[str, Any]
    codes: int


def predicted_cells(
    scores: Floats, columns: Ints, cut: float | Floats, rows: Ints | None = None
) -> tuple[Ints, Labels | None]:
    """How many of the codes ``columns`` score above ``cut`` (one, or one each) in each note [N]; which: CSR [N, L].

    None instead of the latter where there are more than ``DENSE`` a note on average.
    """
    count = scores.shape[0] if rows is None else len(rows)
    predicted = np.zeros(count, np.int64)
    found: list[Ints] | None = []
    for start, stop, block in score_blocks(scores, rows):
        above = block[:, columns] > np.asarray(cut, block.dtype)
        predicted[start:stop] = above.sum(axis=1)
        if found is not None and predicted.sum() <= DENSE * count:
            found.append(columns[np.nonzero(above)[1]])
        else:
            found = None
    if found is None:
        return predicted, None
    which = np.concatenate([np.zeros(0, np.int64), *found])
    start_of = np.concatenate([[0], np.cumsum(predicted)])
    return predicted, sparse.csr_array((np.ones(len(which), bool), which, start_of), (count, scores.shape[1]))


def cells_of(labels: Labels, predicted: Labels | None, half: Labels | None) -> dict[str, Any]:
    """The columns of cells of ``Contributions``, from CSR tables [N, L]."""
    codes = labels.shape[1]

    def keys(table: Labels) -> Ints:
        note = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
        return np.asarray(note * codes + table.indices, np.int64)

    tables = {"label": labels, "predicted": predicted, "predicted_half": half}
    found = {name: None if table is None else keys(table) for name, table in tables.items()}
    every = np.unique(np.concatenate([own for own in found.values() if own is not None]))
    flags = {name: None if own is None else np.isin(every, own) for name, own in found.items()}
    return {"note": (every // codes).astype(np.int32), "code": (every % codes).astype(np.int32), **flags}


def micro_pseudo_values(
    scores: Floats, labels: Labels, found: Distribution, rows: Ints | None = None
) -> Floats:
    """Pseudo-values of micro AUC [N]; NaN where it is not defined. ``found``: distribution of the same scores."""
    notes, codes = labels.shape
    values, positives = found.values, len(found.values)
    others = found.cells - positives
    if not positives or not others:
        return np.full(notes, np.nan)
    above, under = np.zeros(notes), np.zeros(notes)  # pairs that a note's labels, and that its others, lose
    for start, stop, block in score_blocks(scores, rows, 4):
        note, code = coordinates(labels, start, stop)
        own = block[note, code]
        first, last = np.searchsorted(values, own, "left"), np.searchsorted(values, own, "right")
        won = (found.below[first] + found.not_above[first] - first - last) / 2
        above[start:stop] = np.bincount(note, others - won, minlength=stop - start)
        block.sort(axis=1)  # searching for sorted values is several times as fast
        flat = block.reshape(-1)
        place = np.searchsorted(values, flat, "left")
        tied = np.flatnonzero(values[np.minimum(place, positives - 1)] == flat)
        lost = place.astype(np.float64)
        lost[tied] = (place[tied] + np.searchsorted(values, flat[tied], "right")) / 2
        by_note = lost.reshape(block.shape).sum(axis=1)
        under[start:stop] = by_note - np.bincount(note, (first + last) / 2, stop - start)
    missed = above.sum() / positives / others  # 1 - AUC
    carried = np.diff(labels.indptr)
    share_of_labels = (above / others - missed * carried) / positives
    share_of_others = (under / positives - missed * (codes - carried)) / others
    return np.asarray(1 - missed - notes * (share_of_labels + share_of_others))


def macro_pseudo_values(scores: Floats, labels: Labels, areas: Floats, rows: Ints | None = None) -> Floats:
    """Pseudo-values of macro AUC [N]; NaN where it is not defined. ``areas`` [L]: those of ``auc_per_code``.

    With m labels of a code, the variance of the mean placement is m / (m - 1) times that of the placements, so their
    distances from the mean are widened by its root. A single label says nothing about the spread, so codes with one
    label are pooled as if drawn from one code. This makes the interval, if anything, too wide.
    """
    notes, codes = labels.shape
    by_code = labels.tocsc()
    defined = np.isfinite(areas)
    if not defined.any():
        return np.full(notes, np.nan)
    alone = defined & (np.diff(by_code.indptr) == 1)
    n_alone = int(alone.sum())
    mean_alone = float(areas[alone].mean()) if n_alone else 0.0
    moves = np.zeros(notes)
    step = max(1, CELLS // 4 // max(1, notes))
    for begin in range(0, codes, step):
        strip = scores[:, begin : begin + step]
        strip = np.asarray(strip if rows is None else strip[rows])
        for code in np.flatnonzero(defined[begin : begin + step]) + begin:
            column = strip[:, code - begin]
            carriers = by_code.indices[by_code.indptr[code] : by_code.indptr[code + 1]]
            other = np.ones(notes, bool)
            other[carriers] = False
            own, rest = np.sort(column[carriers]), np.sort(column[other])
            place = np.searchsorted(own, column[other], "left") + np.searchsorted(own, column[other], "right")
            moves[other] += (1 - place / 2 / len(own) - areas[code]) / len(rest)
            values = column[carriers]
            place = np.searchsorted(rest, values, "left") + np.searchsorted(rest, values, "right")
            m, mean = (len(own), areas[code]) if len(own) > 1 else (n_alone, mean_alone)
            moves[carriers] += (place / 2 / len(rest) - mean) * np.sqrt(m / max(m - 1, 1)) / len(own)
    return np.asarray(areas[defined].mean() + notes * moves / defined.sum())
