"""How well calibrated scores are: reliability diagrams and expected calibration error, by training frequency."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from icdbridge.evaluation import metrics
from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.runs.confidence import FREQUENCIES, TOP, VersionCalibration, frequency
from icdbridge.runs.scored import Scored

BINS = 15  # of equal width, as in Guo et al. (2017)


def seen(train_notes: Mapping[str, int], codes: Sequence[str]) -> Ints:
    """How many training notes carried each code [L]."""
    return np.array([train_notes.get(code, 0) for code in codes], dtype=np.int64)


def reliability(
    scored: Scored, train_notes: Ints, calibration: VersionCalibration | None
) -> dict[str, dict[str, Any]]:
    """Frequency -> ``pairs``, ``labels`` and, for ``probability`` and (where there is a calibration)
    ``confidence``, the expected calibration error over all pairs (``ece``) and over the 15 best codes of each
    note (``ece_suggested``), and the ``bins`` of the latter.
    """
    which = frequency(train_notes)
    kinds = ("probability", *(["confidence"] if calibration else []))
    counts = {
        (name, kind, kept): np.zeros((3, BINS))
        for name in FREQUENCIES
        for kind in kinds
        for kept in ("all", "suggested")
    }
    for block, labels in labelled_blocks(scored):
        suggested = np.zeros(block.shape, dtype=bool)
        np.put_along_axis(suggested, best_codes(block), True, axis=1)
        values = {"probability": expit(block.astype(np.float64))}
        if calibration:
            values["confidence"] = calibration.confidence(block, train_notes)
        for (name, kind, kept), count in counts.items():
            columns = which == FREQUENCIES.index(name)
            chosen = suggested[:, columns] if kept == "suggested" else np.s_[:]
            count += count_bins(values[kind][:, columns][chosen].ravel(), labels[:, columns][chosen].ravel())
    found: dict[str, dict[str, Any]] = {}
    for name in FREQUENCIES:
        every = counts[name, "probability", "all"]
        found[name] = {"pairs": int(every[0].sum()), "labels": int(every[2].sum())}
        for kind in kinds:
            few = counts[name, kind, "suggested"]
            found[name]["suggestions"] = int(few[0].sum())
            found[name][kind] = {
                "ece": expected_error(counts[name, kind, "all"]),
                "ece_suggested": expected_error(few),
                "bins": [
                    {"mean": float(mass / n), "right": float(right / n), "suggestions": int(n)}
                    for n, mass, right in few.T
                    if n
                ],
            }
    return found


def band_shares(scored: Scored, train_notes: Ints, calibration: VersionCalibration) -> list[dict[str, Any]]:
    """How many of the 15 best codes of each note fall into each band, and the ``share`` of them that is right; beside
    it ``val_suggestions`` and ``val_share``, what the band stands for.
    """
    names = [band.name for band in calibration.bands]
    counts = np.zeros((2, len(names)), np.int64)
    for block, labels in labelled_blocks(scored):
        note, top = np.arange(len(block))[:, None], best_codes(block)
        confidence = calibration.confidence(block, train_notes)[note, top].ravel()
        place = np.array([names.index(calibration.band(value).name) for value in confidence], np.int64)
        counts[0] += np.bincount(place, minlength=len(names))
        counts[1] += np.bincount(place[labels[note, top].ravel() > 0], minlength=len(names))
    return [
        {
            "band": band.name,
            "above": band.above,
            "suggestions": int(here),
            "share": int(right) / int(here) if here else None,
            "val_suggestions": band.suggestions,
            "val_share": band.right / band.suggestions if band.suggestions else None,
        }
        for band, here, right in zip(calibration.bands, *counts, strict=True)
    ]


def count_bins(confidence: Floats, labels: Floats, bins: int = BINS) -> Floats:
    """[3, bins]: the pairs in each bin of equal width, the sum of their confidence, their labels."""
    place = np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
    return np.array([np.bincount(place, weights, bins) for weights in (None, confidence, labels)])


def expected_error(counts: Floats) -> float | None:
    """ECE (Naeini et al. 2015): |confidence - share of right| of bins, weighted by their pairs; None without a pair."""
    total = counts[0].sum()
    return float(np.abs(counts[1] - counts[2]).sum() / total) if total else None


def best_codes(logits: Floats) -> Ints:
    """Columns of the 15 best codes of each note [N, 15], in no order."""
    count = min(TOP, logits.shape[1])
    return np.asarray(np.argpartition(-logits, count - 1, axis=1)[:, :count])


def labelled_blocks(scored: Scored) -> Iterator[tuple[Floats, Floats]]:
    """Blocks of notes: logits and labels (0 or 1), [notes, L] each."""
    labels = metrics.label_csr(scored.labels)
    for start, stop, block in metrics.score_blocks(scored.logits, share=8):
        yield block, labels[start:stop].toarray().astype(np.float64)
