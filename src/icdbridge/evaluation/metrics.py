"""Metrics of multi-label coding, exact, in bounded memory.

Everything starts from ``scores`` [N, L] (any monotone score, higher is likelier; logits in this project; an
array or a memory map) and ``labels`` [N, L] (scipy CSR, stored entries are the codes of the note). Scores are
read in blocks of at most ``CELLS`` cells, so memory does not grow with N x L. What is kept between is small:
counts per code, the rank of each label, and the distribution of scores at the labels.

Two choices that change figures are left to the caller, who has to name them: the *notes* (``rows``) and the
*codes* (``columns``, or a selection of per-code counts). The benchmark of Edin et al. (2023) uses the codes
that occur in the split and drops notes without a label; the paper's own evaluator restricts nothing.

Ties: in a ranking, the code of the lower column comes first; in AUC a tie counts one half.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

CELLS = 32_000_000  # cells of a block: 128 MB in float32, twice that while it is sorted

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Labels = Any  # scipy.sparse.csr_array [N, L]; scipy has no types


def label_csr(labels: Labels) -> Labels:
    """[N, L] -> CSR with sorted indices, without duplicates and stored zeros."""
    table = sparse.csr_array(labels, copy=True).astype(bool)
    table.sum_duplicates()
    table.eliminate_zeros()
    table.sort_indices()
    return table


def scope_columns(scope: str, n_frequent: int) -> slice:
    """The columns of the codes of a scope: frequent ones come first."""
    return {"frequent": slice(n_frequent), "rare": slice(n_frequent, None), "full": slice(None)}[scope]


def score_blocks(
    scores: Floats, rows: Ints | None = None, share: int = 1
) -> Iterator[tuple[int, int, Floats]]:
    """Yields ``(start, stop, block [stop - start, L])`` over the chosen rows; blocks are C-contiguous copies of at
    most a ``share``-th of ``CELLS``.

    Raises ``ValueError`` when a score is NaN: a NaN has no rank.
    """
    count = scores.shape[0] if rows is None else len(rows)
    step = max(1, CELLS // share // max(1, scores.shape[1]))
    for start in range(0, count, step):
        stop = min(start + step, count)
        block = np.array(scores[start:stop] if rows is None else scores[rows[start:stop]], order="C")
        if np.isnan(block).any():
            raise ValueError("scores hold NaN")
        yield start, stop, block


def _check(scores: Floats, labels: Labels, rows: Ints | None) -> None:
    expected = (scores.shape[0] if rows is None else len(rows), scores.shape[1])
    if labels.shape != expected:
        raise ValueError(f"labels have shape {labels.shape}, the scores chosen {expected}")


# --- with a threshold ---


@dataclass(frozen=True)
class Counts:
    """True positives, false positives, false negatives: int64 arrays, one entry a code (or a note)."""

    tp: Ints
    fp: Ints
    fn: Ints

    def of(self, which: Any) -> "Counts":
        """The counts of some codes only (index array, boolean mask or slice)."""
        return Counts(self.tp[which], self.fp[which], self.fn[which])

    def sum(self) -> "Counts":
        return Counts(*(np.asarray(part.sum(), dtype=np.int64) for part in (self.tp, self.fp, self.fn)))


def confusion(scores: Floats, labels: Labels, cut: float, rows: Ints | None = None) -> tuple[Counts, Counts]:
    """Counts per code [L] and per note [N] of the prediction ``score > cut`` (strictly).

    ``labels`` are those of the chosen rows. The cut is on the scale of the scores, rounded as they are.
    """
    _check(scores, labels, rows)
    limit = np.asarray(cut, dtype=scores.dtype)
    notes, codes = labels.shape
    predicted_code, hit_code = np.zeros(codes, np.int64), np.zeros(codes, np.int64)
    predicted_note, hit_note = np.zeros(notes, np.int64), np.zeros(notes, np.int64)
    for start, stop, block in score_blocks(scores, rows):
        above = block > limit
        predicted_code += above.sum(axis=0, dtype=np.int64)
        predicted_note[start:stop] = above.sum(axis=1, dtype=np.int64)
        note, code = coordinates(labels, start, stop)
        hit = above[note, code]
        hit_code += np.bincount(code[hit], minlength=codes)
        hit_note[start:stop] = np.bincount(note[hit], minlength=stop - start)
    label_code = np.bincount(labels.indices, minlength=codes).astype(np.int64)
    label_note = np.diff(labels.indptr).astype(np.int64)
    return (
        Counts(hit_code, predicted_code - hit_code, label_code - hit_code),
        Counts(hit_note, predicted_note - hit_note, label_note - hit_note),
    )


def coordinates(labels: Labels, start: int, stop: int) -> tuple[Ints, Ints]:
    """Row (counted from ``start``) and column of each label of a block of rows."""
    begin, end = labels.indptr[start], labels.indptr[stop]
    note = np.repeat(np.arange(stop - start), np.diff(labels.indptr[start : stop + 1]))
    return note, labels.indices[begin:end].astype(np.int64)


def _ratio(top: Any, bottom: Any) -> Floats:
    """top / bottom, and 0 where bottom is 0 (a code never predicted and never present scores 0)."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    return np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)


def precision(counts: Counts) -> Floats:
    """TP / (TP + FP) of each entry; 0 where nothing was predicted."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> Floats:
    """TP / (TP + FN) of each entry; 0 where there is no label."""
    return _ratio(counts.tp, counts.tp + counts.fn)


def f1(counts: Counts) -> Floats:
    """TP / (TP + (FP + FN) / 2) of each entry; 0 where there is neither label nor prediction.

    Micro F1 is ``f1(counts.sum())``, macro F1 ``f1(counts).mean()`` (the mean of F1 over codes, not the F1 of
    mean precision and mean recall that older work calls macro F1).
    """
    return _ratio(counts.tp, counts.tp + (counts.fp + counts.fn) / 2)


# --- ranking ---


def label_ranks(
    scores: Floats, labels: Labels, rows: Ints | None = None, columns: Ints | None = None
) -> Labels:
    """The rank (1 = best) of each label among the codes of its note: CSR int64 of the shape of ``labels``.

    With ``columns`` (increasing indices), only these codes are ranked; all labels must lie in them. Codes of
    the same score are ranked by column.
    """
    _check(scores, labels, rows)
    chosen = np.arange(labels.shape[1]) if columns is None else np.asarray(columns)
    position = np.full(labels.shape[1], -1, np.int64)
    position[chosen] = np.arange(len(chosen))
    if np.any(position[labels.indices] < 0):
        raise ValueError("a label lies outside the ranked columns")
    ranks = np.zeros(labels.nnz, np.int64)
    for start, stop, block in score_blocks(scores, rows):
        if columns is not None:
            block = np.ascontiguousarray(block[:, chosen])
        ordered = np.sort(block, axis=1)
        for row in range(stop - start):
            begin, end = labels.indptr[start + row], labels.indptr[start + row + 1]
            if begin == end:
                continue
            own = position[labels.indices[begin:end]]
            values = block[row, own]
            not_above = np.searchsorted(ordered[row], values, side="right")
            rank = len(chosen) - not_above + 1
            tied = not_above - np.searchsorted(ordered[row], values, side="left") > 1
            for index in np.flatnonzero(tied):
                rank[index] += np.count_nonzero(block[row, : own[index]] == values[index])
            ranks[begin:end] = rank
    return sparse.csr_array((ranks, labels.indices.copy(), labels.indptr.copy()), shape=labels.shape)


def hits_at(ranks: Labels, k: int) -> Ints:
    """[N]: how many labels of each note are among its k best codes."""
    return _sum_by_note(ranks, (ranks.data <= k).astype(np.float64)).astype(np.int64)


def precision_at(ranks: Labels, k: int) -> Floats:
    """P@k of each note [N]: hits among the k best codes / k, also when there are fewer than k codes."""
    return hits_at(ranks, k) / k


def r_precision(ranks: Labels) -> Floats:
    """R-precision of each note [N]: hits among the n best codes / n, n the note's labels; 0 without label."""
    n = np.diff(ranks.indptr)
    return _ratio(_sum_by_note(ranks, (ranks.data <= np.repeat(n, n)).astype(np.float64)), n)


def average_precision(ranks: Labels) -> Floats:
    """AP of each note [N]: sum over its labels of P@(rank of the label) / n; 0 without label.

    Over the whole ranking, not a top k. MAP is the mean over notes that have a label.
    """
    n = np.diff(ranks.indptr)
    note = np.repeat(np.arange(len(n)), n)
    ordered = np.lexsort((ranks.data, note))
    place = np.arange(ranks.nnz) - np.repeat(ranks.indptr[:-1], n) + 1
    return _ratio(np.bincount(note, weights=place / ranks.data[ordered], minlength=len(n)), n)


def _sum_by_note(ranks: Labels, values: Floats) -> Floats:
    note = np.repeat(np.arange(ranks.shape[0]), np.diff(ranks.indptr))
    return np.asarray(np.bincount(note, weights=values, minlength=ranks.shape[0]), dtype=np.float64)


# --- over all cells ---


@dataclass(frozen=True)
class Distribution:
    """Where the labels' scores lie among all cells: enough for micro AUC and the precision-recall curve.

    ``values`` [P]: the scores of the labels, increasing; ``below`` and ``not_above`` [P]: how many of all
    ``cells`` cells score less, and not more.
    """

    values: Floats
    below: Ints
    not_above: Ints
    cells: int


def distribution(scores: Floats, labels: Labels, rows: Ints | None = None) -> Distribution:
    """Counts for the score of each label the cells below it and not above it, one sorted block at a time."""
    _check(scores, labels, rows)
    values = np.empty(labels.nnz, scores.dtype)
    for start, stop, block in score_blocks(scores, rows):
        values[labels.indptr[start] : labels.indptr[stop]] = block[coordinates(labels, start, stop)]
    values.sort()
    below, not_above = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    for _, _, block in score_blocks(scores, rows):
        flat = block.reshape(-1)
        flat.sort()
        below += np.searchsorted(flat, values, side="left")
        not_above += np.searchsorted(flat, values, side="right")
    return Distribution(values, below, not_above, labels.shape[0] * labels.shape[1])


def auc_micro(found: Distribution) -> float | None:
    """Area under the ROC curve over all cells: (ordered pairs + half the ties) / (labels x non-labels).

    Equal to the trapezium rule on the whole curve. None when there is no label, or nothing but labels.
    """
    positives = len(found.values)
    if positives == 0 or positives == found.cells:
        return None
    below = found.below - np.searchsorted(found.values, found.values, side="left")
    not_above = found.not_above - np.searchsorted(found.values, found.values, side="right")
    pairs = (int(below.sum()) + int(not_above.sum())) / 2
    return pairs / (positives * (found.cells - positives))


def precision_recall_curve(found: Distribution) -> tuple[Floats, Floats, Floats]:
    """Micro precision, micro recall and cut at each different score of a label (score >= cut), falling."""
    values, first = np.unique(found.values, return_index=True)
    hits = len(found.values) - first
    predicted = found.cells - found.below[first]
    precision_, recall_ = _ratio(hits, predicted), _ratio(hits, np.full(len(hits), len(found.values)))
    return precision_[::-1], recall_[::-1], values[::-1]


def auc_per_code(scores: Floats, labels: Labels, rows: Ints | None = None) -> Floats:
    """Area under the ROC curve of each code [L]; NaN where all notes or none carry it.

    Macro AUC is the mean over the codes that have both. Reads the scores in blocks of columns.
    """
    _check(scores, labels, rows)
    notes, codes = labels.shape
    by_code = labels.tocsc()
    carriers = np.diff(by_code.indptr)
    both = np.flatnonzero((carriers > 0) & (carriers < notes))
    areas = np.full(codes, np.nan)
    step = max(1, CELLS // max(1, notes))
    for start in range(0, len(both), step):
        chosen = both[start : start + step]
        low, high = chosen[0], chosen[-1] + 1  # read a strip once rather than columns one by one
        strip = scores[:, low:high] if high - low <= 2 * len(chosen) else scores[:, chosen]
        offset = chosen - low if high - low <= 2 * len(chosen) else np.arange(len(chosen))
        block = np.ascontiguousarray((strip if rows is None else strip[rows])[:, offset].T)
        if np.isnan(block).any():
            raise ValueError("scores hold NaN")
        ordered = np.sort(block, axis=1)
        for row, code in enumerate(chosen):
            own = np.sort(block[row, by_code.indices[by_code.indptr[code] : by_code.indptr[code + 1]]])
            below = np.searchsorted(ordered[row], own, "left") - np.searchsorted(own, own, "left")
            not_above = np.searchsorted(ordered[row], own, "right") - np.searchsorted(own, own, "right")
            areas[code] = (below.sum() + not_above.sum()) / 2 / (len(own) * (notes - len(own)))
    return areas
