"""Calibration after training: Platt scaling for each version and training frequency, bands and thresholds.

Confidence is fitted on the best codes of each note, which people see. The millions of pairs far below would distort the
scale, above all with a prior, whose logits mean nothing there.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.evaluation.reliability import best_codes, labelled_blocks
from icdbridge.runs.confidence import FREQUENCIES, Scale, VersionCalibration, frequency, measured_bands
from icdbridge.runs.scored import Scored

FEWEST = 20  # labels of a frequency on val; fewer say too little of where to set its threshold
_LIMIT, _STEP = 30.0, 0.01  # logits are counted in steps, so that memory does not grow with notes x codes
_CELLS = int(2 * _LIMIT / _STEP) + 1
EDGES = np.arange(_CELLS) * _STEP - _LIMIT - _STEP / 2  # above which the logits of each cell lie
FOLDS = 5  # of these notes
# Of a version: how training notes score by its prior, in the folder of an unfinished run.
TALLY = "tally-{}.npz"


class Tally:
    """Counted scores and labels of a version's notes: by fold and frequency, and for the best codes of each note."""

    def __init__(self) -> None:
        self.pairs, self.labels, self.logits = np.zeros((3, FOLDS, len(FREQUENCIES), _CELLS))
        self.notes = 0
        self.best: list[tuple[Floats, Ints, Floats]] = []  # logit, training notes of the code, label

    def add(self, scored: Scored, train_notes: Ints) -> None:
        """Counts all pairs of a note and a code; ``train_notes`` [L] is parallel to the codes."""
        which = frequency(train_notes)
        for block, labels in labelled_blocks(scored):
            place = ((np.clip(block, -_LIMIT, _LIMIT) + _LIMIT) / _STEP).round().astype(np.int64)
            fold_of = (self.notes + np.arange(len(block))) % FOLDS
            self.notes += len(block)
            for fold, group in np.ndindex(FOLDS, len(FREQUENCIES)):
                own = np.ix_(fold_of == fold, which == group)
                cells = place[own].ravel()
                self.pairs[fold, group] += np.bincount(cells, minlength=_CELLS)
                self.labels[fold, group] += np.bincount(cells, labels[own].ravel(), _CELLS)
                self.logits[fold, group] += np.bincount(cells, block[own].ravel(), _CELLS)
            top = best_codes(block)
            note = np.arange(len(block))[:, None]
            self.best.append((block[note, top].ravel(), train_notes[top].ravel(), labels[note, top].ravel()))

    def save(self, path: Path) -> None:
        """Keeps the counts in a file."""
        best = [np.concatenate(part) for part in zip(*self.best, strict=True)]
        np.savez(path, counts=np.stack([self.pairs, self.labels, self.logits]), notes=self.notes, best=best)

    @classmethod
    def open(cls, path: Path) -> "Tally":
        """Reads the counts that ``save`` wrote."""
        tally = cls()
        with np.load(path, allow_pickle=False) as kept:
            tally.pairs, tally.labels, tally.logits = kept["counts"]
            tally.notes = int(kept["notes"])
            logit_, train_notes, label = kept["best"]
        tally.best = [(logit_, train_notes.astype(np.int64), label)]
        return tally

    def calibration(self, corpora: Sequence[str], threshold: float | None = None) -> VersionCalibration:
        """Fits the scales and measures the bands on the best codes of the notes.

        A frequency with fewer than ``FEWEST`` labels among these gets the scale of all its pairs. If ``threshold``, the
        run's one threshold as a probability, is given, thresholds by frequency are found too, and kept if they are
        better.
        """
        pairs, labels, logits = (counts.sum(axis=0) for counts in (self.pairs, self.labels, self.logits))
        scales = fit_scales(logits, pairs, labels)
        best, train_notes, right = (np.concatenate(part) for part in zip(*self.best, strict=True))
        shown = dict(scales)
        for group, name in enumerate(FREQUENCIES):
            own = frequency(train_notes) == group
            if right[own].sum() >= FEWEST:
                shown[name] = fit_scale(best[own], np.ones(int(own.sum())), right[own])
        fitted = VersionCalibration(tuple(corpora), shown, ())
        bands = measured_bands(fitted.confidence(best, train_notes), right)
        thresholds = None
        if threshold is not None and self.better_by_frequency():
            thresholds = thresholds_by_frequency(scales, pairs, threshold)
        return VersionCalibration(tuple(corpora), shown, bands, thresholds)

    def best_threshold(self) -> float:
        """The one probability above which all codes are predicted at the highest micro F1."""
        return _best_threshold(self.pairs.sum(axis=0), self.labels.sum(axis=0))

    def better_by_frequency(self) -> bool:
        """Whether thresholds by frequency reach a higher micro F1 of all codes than one threshold, by cross-validation.
        A model that knows nothing of uncommon codes should not predict them.
        """
        predicted, hits = np.zeros((2, 2))
        for fold in range(FOLDS):
            pairs, labels, logits = (
                counts.sum(axis=0) - counts[fold] for counts in (self.pairs, self.labels, self.logits)
            )
            one = _best_threshold(pairs, labels)
            several = thresholds_by_frequency(fit_scales(logits, pairs, labels), pairs, one)
            for way, thresholds in enumerate((dict.fromkeys(FREQUENCIES, one), several)):
                if thresholds is None:
                    return False
                above = logit([[thresholds[name]] for name in FREQUENCIES]) <= EDGES
                predicted[way] += self.pairs[fold][above].sum()
                hits[way] += self.labels[fold][above].sum()
        one_f1, several_f1 = hits / np.maximum(predicted + self.labels.sum(), 1)
        return bool(several_f1 > one_f1)


def _best_threshold(pairs: Floats, labels: Floats) -> float:
    """The probability with the highest micro F1 as the threshold of all, of counted scores [frequencies, cells]."""
    predicted, hits = (counts.sum(axis=0)[::-1].cumsum()[::-1] for counts in (pairs, labels))
    return float(expit(EDGES[np.argmax(hits / np.maximum(predicted + labels.sum(), 1))]))


def fit_scales(logits: Floats, pairs: Floats, labels: Floats) -> dict[str, Scale]:
    """The scale of each frequency, from counted scores [frequencies, cells]."""
    return {
        name: fit_scale(logits[group], pairs[group], labels[group]) for group, name in enumerate(FREQUENCIES)
    }


def fit_scale(logits: Floats, pairs: Floats, labels: Floats) -> Scale:
    """Platt scaling of counted scores: cells with the sum of their ``logits``, their ``pairs`` and ``labels``.

    Platt's targets, (labels + 1) / (labels + 2) and 1 / (others + 2), keep it finite with few or no labels. Scores in
    the wrong order get slope 0, so the same confidence for all.
    """
    from sklearn.linear_model import LogisticRegression  # here, as no training step needs the 100 MB of it

    total, right = float(pairs.sum()), float(labels.sum())
    high, low = (right + 1) / (right + 2), 1 / (total - right + 2)
    held = np.flatnonzero(pairs)
    positive = labels[held] * high + (pairs[held] - labels[held]) * low
    share = float(positive.sum()) / total if total else 0.5
    slope, intercept = 0.0, float(np.log(share / (1 - share)))
    if len(held) > 1:
        place = logits[held] / pairs[held]
        model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(
            np.concatenate([place, place])[:, None],
            np.repeat([1, 0], len(held)),
            sample_weight=np.concatenate([positive, pairs[held] - positive]),
        )
        if model.coef_[0, 0] > 0:
            slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Scale(slope, intercept, int(total), int(right))


def thresholds_by_frequency(
    scales: Mapping[str, Scale], pairs: Floats, threshold: float
) -> dict[str, float] | None:
    """The probability above which codes of each frequency are predicted, for counted ``pairs`` [frequencies, cells].

    F1 of a frequency is highest where the confidence is half the highest F1 that its confidences promise (Lipton et al.
    2014). A frequency with fewer than ``FEWEST`` labels, or with slope 0, keeps ``threshold``; None if all do.
    """
    found = {}
    for (name, scale), own in zip(scales.items(), pairs, strict=True):
        if scale.labels >= FEWEST and scale.slope > 0:
            confidence = expit(scale.slope * EDGES + scale.intercept)[::-1]  # the most confident first
            predicted, right = own[::-1].cumsum(), (own[::-1] * confidence).cumsum()
            bound = (right / (predicted + right[-1])).max()  # half of the highest F1
            found[name] = float(expit((logit(bound) - scale.intercept) / scale.slope))
    return dict.fromkeys(scales, threshold) | found if found else None
