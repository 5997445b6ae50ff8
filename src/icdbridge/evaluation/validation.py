"""The two figures that choose the best epoch."""

from typing import Any

import numpy as np

from icdbridge.errors import InputError
from icdbridge.evaluation import metrics
from icdbridge.evaluation.thresholds import tune_threshold


def validation_figures(logits: np.ndarray, labels: Any, n_frequent: int, scope: str) -> dict[str, float]:
    """``val_map`` and ``val_f1_micro`` (at the best threshold) of logits [N, L] on the columns of a scope.

    Notes without a label in the scope are left out, as in every evaluation.
    """
    columns = {"frequent": slice(0, n_frequent), "rare": slice(n_frequent, None), "full": slice(None)}[scope]
    logits, labels = logits[:, columns], labels[:, columns].tocsr()
    labelled = np.flatnonzero(np.diff(labels.indptr))
    labels = labels[labelled]
    tuned = tune_threshold(logits, labels, labelled)
    if tuned is None:
        raise InputError(f"the val split has no label in the {scope} scope: validate on another scope")
    precisions = metrics.average_precision(metrics.label_ranks(logits, labels, labelled))
    return {"val_map": float(precisions.mean()), "val_f1_micro": tuned.f1_micro}
