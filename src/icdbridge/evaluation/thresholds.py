"""The decision threshold: one probability for all codes, tuned on val as in Edin et al. (2023); and the figures at it
that choose the best epoch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from icdbridge.errors import InputError
from icdbridge.evaluation import metrics
from icdbridge.evaluation.metrics import Floats, Ints, Labels

GRID: Floats = np.linspace(0.0, 1.0, 100)  # steps of 1/99
HALF = 0.5  # the threshold of the paper's own evaluator


@dataclass(frozen=True)
class Tuned:
    """A threshold on probabilities, and the micro F1 it reached where it was tuned (unrestricted columns)."""

    threshold: float
    f1_micro: float


def tune_threshold(logits: Floats, labels: Labels, rows: Ints | None = None) -> Tuned | None:
    """The first of the 100 points of ``GRID`` that maximises micro F1 of ``sigmoid(logit) > point``.

    logits [N, L], labels [N, L] of the chosen rows. All columns count, whether or not a code occurs. None
    when there is no label to tune on. Logits are compared, which needs no sigmoid of each cell. Source: the
    benchmark's ``f1_score_db_tuning``.
    """
    if labels.nnz == 0:
        return None
    cuts = logit(GRID).astype(logits.dtype)
    predicted = np.zeros(len(cuts) + 1, np.int64)  # [i]: cells above exactly i of the cuts
    hits = np.zeros(len(cuts) + 1, np.int64)
    for start, stop, block in metrics.score_blocks(logits, rows):
        own = block[metrics.coordinates(labels, start, stop)]
        hits += np.bincount(np.searchsorted(cuts, own, side="left"), minlength=len(hits))
        high = block[block > cuts[1]]  # most cells lie below: no need to search for their place
        predicted += np.bincount(np.searchsorted(cuts, high, side="left"), minlength=len(predicted))
        predicted[1] += np.count_nonzero(block > cuts[0]) - len(high)
    above = np.cumsum(predicted[::-1])[::-1][1:]  # [i]: cells above cut i
    tp = np.cumsum(hits[::-1])[::-1][1:]
    f1 = 2 * tp / (above + labels.nnz)  # TP + (FP + FN) / 2 = (predicted + labels) / 2
    best = int(np.argmax(f1))
    return Tuned(float(GRID[best]), float(f1[best]))


def validation_figures(logits: np.ndarray, labels: Any, n_frequent: int, scope: str) -> dict[str, float]:
    """``val_map`` and ``val_f1_micro`` (at the best threshold) of logits [N, L] on the columns of a scope.

    Notes without a label in the scope are left out, as in every evaluation.
    """
    columns = metrics.scope_columns(scope, n_frequent)
    logits, labels = logits[:, columns], labels[:, columns].tocsr()
    labelled = np.flatnonzero(np.diff(labels.indptr))
    labels = labels[labelled]
    tuned = tune_threshold(logits, labels, labelled)
    if tuned is None:
        raise InputError(f"the val split has no label in the {scope} scope: validate on another scope")
    precisions = metrics.average_precision(metrics.label_ranks(logits, labels, labelled))
    return {"val_map": float(precisions.mean()), "val_f1_micro": tuned.f1_micro}
