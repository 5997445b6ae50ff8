"""Calibration on val once training is over: Platt scaling of each version and training frequency, and the bands."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.linear_model import LogisticRegression

from icdbridge.corpora import Corpus
from icdbridge.evaluation.calibration import best_codes, labelled_blocks, seen
from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.runs import Run
from icdbridge.runs.calibration import BANDS, FREQUENCIES, Band, Scale, VersionCalibration, frequency
from icdbridge.runs.scored import Scored

_LIMIT, _STEP = 30.0, 0.01  # logits are counted in steps, so that memory does not grow with notes x codes
_CELLS = int(2 * _LIMIT / _STEP) + 1


class Tally:
    """The scores and labels of a version's val notes, counted: by frequency, and for the best codes of each note."""

    def __init__(self) -> None:
        self.pairs = np.zeros((len(FREQUENCIES), _CELLS))
        self.labels = np.zeros((len(FREQUENCIES), _CELLS))
        self.logits = np.zeros((len(FREQUENCIES), _CELLS))  # their sum
        self.best: list[tuple[Floats, Ints, Floats]] = []  # logit, training notes of the code, label

    def add(self, scored: Scored, train_notes: Ints) -> None:
        """Counts all pairs of a note and a code; ``train_notes`` [L] is parallel to the codes."""
        which = frequency(train_notes)
        for block, labels in labelled_blocks(scored):
            place = ((np.clip(block, -_LIMIT, _LIMIT) + _LIMIT) / _STEP).round().astype(np.int64)
            for group in range(len(FREQUENCIES)):
                own, cells = which == group, place[:, which == group].ravel()
                self.pairs[group] += np.bincount(cells, minlength=_CELLS)
                self.labels[group] += np.bincount(cells, labels[:, own].ravel(), _CELLS)
                self.logits[group] += np.bincount(cells, block[:, own].ravel(), _CELLS)
            top = best_codes(block)
            note = np.arange(len(block))[:, None]
            self.best.append((block[note, top].ravel(), train_notes[top].ravel(), labels[note, top].ravel()))

    def calibration(self, corpora: Sequence[str]) -> VersionCalibration:
        """Fits the scales, and measures the bands on the best codes of the notes."""
        scales = {
            name: fit_scale(self.logits[group], self.pairs[group], self.labels[group])
            for group, name in enumerate(FREQUENCIES)
        }
        fitted = VersionCalibration(tuple(corpora), scales, ())
        logits, train_notes, labels = (np.concatenate(part) for part in zip(*self.best, strict=True))
        confidence = fitted.confidence(logits, train_notes)
        bands, below = [], np.inf
        for name, above in BANDS.items():
            inside = (confidence >= above) & (confidence < below)
            bands.append(Band(name, above, int(inside.sum()), int(labels[inside].sum())))
            below = above
        return VersionCalibration(tuple(corpora), scales, tuple(bands))


def fit_scale(logits: Floats, pairs: Floats, labels: Floats) -> Scale:
    """Platt scaling of counted scores: cells with the sum of their ``logits``, their ``pairs`` and ``labels``.

    Platt's targets, (labels + 1) / (labels + 2) and 1 / (others + 2), keep it finite where labels are few or
    none. Scores that order the codes the wrong way round get slope 0: all the same confidence.
    """
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


def calibrate(run: Run, corpora: Sequence[Corpus], folder: Path) -> dict[str, VersionCalibration]:
    """The calibration of each version that has val notes, all its corpora together; scores lie in ``folder``."""
    tallies: dict[str, tuple[Tally, list[str]]] = {}
    for corpus in corpora:
        if corpus.count("val"):
            tally, names = tallies.setdefault(corpus.version, (Tally(), []))
            names.append(corpus.name)
            with TemporaryDirectory(prefix="val-", dir=folder) as scratch:
                scored = run.score_corpus(corpus, "val", Path(scratch))
                tally.add(scored, seen(run, scored.codes))
    return {version: tally.calibration(names) for version, (tally, names) in tallies.items()}
