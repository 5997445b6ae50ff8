"""All figures of one scored split: what metrics.json holds, and what is kept per code and per note.

Which codes and which threshold a figure is for is its *view*:

- ``present``: codes that occur in the split, threshold tuned on val (the benchmark of Edin et al. 2023);
- ``all``: all codes of the scope, threshold tuned on val;
- ``half``: all codes of the scope, threshold 0.5 (the paper's own evaluator).

Each view leaves out notes without a label of the scope, as the benchmark does. AUC is over all its codes, in no view.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from icdbridge.evaluation import contributions, metrics
from icdbridge.evaluation.metrics import Counts, Floats, Ints, Labels
from icdbridge.evaluation.thresholds import HALF, tune_threshold
from icdbridge.runs.scored import Scored

SCOPES = ("frequent", "full", "rare")
VIEWS = {"present": "present", "all": "all", "half": "all, 0.5"}
VIEWS_MEAN = (
    "present: the codes that occur in the split; all: all codes of the scope; both at the threshold tuned on "
    "val. all, 0.5: all codes of the scope, threshold 0.5."
)
AUCS = ("auc_micro", "auc_macro")
THRESHOLDED = ("f1_micro", "f1_macro", "precision_micro", "recall_micro")
RANKED = ("p_at_5", "p_at_8", "p_at_15", "r_precision", "map")
METRICS = (*AUCS, *THRESHOLDED, *RANKED)
TOP = (5, 8, 15)
NAMES = {
    "auc_micro": "AUC micro",
    "auc_macro": "AUC macro",
    "f1_micro": "F1 micro",
    "f1_macro": "F1 macro",
    "precision_micro": "Precision",
    "recall_micro": "Recall",
    "p_at_5": "P@5",
    "p_at_8": "P@8",
    "p_at_15": "P@15",
    "r_precision": "R-precision",
    "map": "MAP",
}
# The words whose worth as evidence is measured, and how they are compared with those that people marked.
EVIDENCE_KINDS = {"evidence": "evidence", "random": "random words, as many", "single": "the heaviest word"}
OVERLAP = ("precision", "recall", "f1")
# Training frequencies: lower bounds of the bins of the long tail.
BINS = (0, 1, 5, 10, 50, 200)
BIN_NAMES = ("0", "1-4", "5-9", "10-49", "50-199", "200+")
CURVE_POINTS = 200
FLATTERED = "tuned on the very notes it is measured on: flatters F1, precision and recall"


@dataclass(frozen=True)
class ScopeTable:
    """The part of a ``Scored`` in one scope; ``logits`` [N, L] is a view, ``labels`` are those of ``rows``."""

    logits: Floats
    labels: Labels  # [rows, L]
    rows: Ints  # the notes that have a label in the scope
    codes: list[str]
    note_ids: list[str]


@dataclass(frozen=True)
class ScopeFigures:
    """``figures`` and ``curve`` for metrics.json; ``per_code``, ``per_note`` and ``cells`` are parallel columns,
    the latter two those of ``Contributions``.
    """

    figures: dict[str, Any]
    curve: dict[str, list[float]] | None
    per_code: dict[str, Any]
    per_note: dict[str, Any]
    cells: dict[str, Any]


def scope_table(scored: Scored, scope: str) -> ScopeTable:
    """Cuts one scope out of a scored split, without copying scores."""
    columns = metrics.scope_columns(scope, scored.n_frequent)
    if scored.frequent_only and scope != "frequent":
        columns = slice(0, 0)
    labels = metrics.label_csr(scored.labels[:, columns])
    rows = np.flatnonzero(np.diff(labels.indptr))
    note_ids = [scored.note_ids[row] for row in rows]
    return ScopeTable(scored.logits[:, columns], labels[rows], rows, scored.codes[columns], note_ids)


def scope_figures(table: ScopeTable, notes: int, threshold: float) -> ScopeFigures:
    """All metrics of one scope at a tuned ``threshold`` (a probability).

    ``notes``: the size of the split. If it has no label of the scope, each figure is None, and ``missing`` says why.
    """
    logits, labels, rows = table.logits, table.labels, table.rows
    carriers = np.bincount(labels.indices, minlength=labels.shape[1])
    present = np.flatnonzero(carriers)
    figures: dict[str, Any] = {
        "notes": len(rows),
        "notes_without_label": notes - len(rows),
        "codes": len(table.codes),
        "codes_present": len(present),
        "labels": int(labels.nnz),
    }
    if labels.nnz == 0:
        reason = "no code of this scope was scored"
        if table.codes:
            reason = "no note of the split has a code of this scope"
        nothing = dict.fromkeys((*THRESHOLDED, *RANKED))
        figures |= dict.fromkeys(AUCS) | {view: dict(nothing) for view in VIEWS} | {"missing": reason}
        return ScopeFigures(figures, None, {}, {}, {})

    found = metrics.distribution(logits, labels, rows)
    areas = metrics.auc_per_code(logits, labels, rows)
    defined = np.isfinite(areas)
    figures["auc_micro"] = metrics.auc_micro(found)
    figures["auc_macro"] = float(areas[defined].mean()) if defined.any() else None
    figures["auc_macro_codes"] = int(defined.sum())

    tuned_code, tuned_note = metrics.confusion(logits, labels, logit(threshold), rows)
    half_code, half_note = metrics.confusion(logits, labels, logit(HALF), rows)
    ranks_all = metrics.label_ranks(logits, labels, rows)
    ranks_present = metrics.label_ranks(logits, labels, rows, columns=present)
    figures["present"] = _thresholded(tuned_code.of(present)) | _ranked(ranks_present)
    figures["all"] = _thresholded(tuned_code) | _ranked(ranks_all)
    figures["half"] = _thresholded(half_code) | _ranked(ranks_all)

    in_top = np.bincount(labels.indices[ranks_all.data <= 15], minlength=labels.shape[1])
    per_code = {
        "code": table.codes,
        "labels": carriers,
        "tp": tuned_code.tp,
        "fp": tuned_code.fp,
        "fn": tuned_code.fn,
        "in_top_15": in_top,
        "auc": areas,
    }
    per_note = {"note_id": table.note_ids, "labels": np.diff(labels.indptr)}
    per_note |= _note_columns("all", tuned_note, ranks_all) | _note_columns("half", half_note, ranks_all)
    within, predicted = contributions.predicted_cells(logits, present, logit(threshold), rows)
    # all labels lie in these columns: only the false positives are fewer
    present_note = Counts(tuned_note.tp, within - tuned_note.tp, tuned_note.fn)
    per_note |= _note_columns("present", present_note, ranks_present)
    per_note["auc_micro"] = contributions.micro_pseudo_values(logits, labels, found, rows)
    per_note["auc_macro"] = contributions.macro_pseudo_values(logits, labels, areas, rows)
    _, half = contributions.predicted_cells(logits, present, logit(HALF), rows)
    cells = contributions.cells_of(labels, predicted, half)
    return ScopeFigures(figures, _curve(found), per_code, per_note, cells)


def _thresholded(counts: Counts) -> dict[str, float]:
    total = counts.sum()
    return {
        "f1_micro": float(metrics.f1(total)),
        "f1_macro": float(metrics.f1(counts).mean()),
        "precision_micro": float(metrics.precision(total)),
        "recall_micro": float(metrics.recall(total)),
    }


def _ranked(ranks: Labels) -> dict[str, float]:
    by_note = {f"p_at_{k}": metrics.precision_at(ranks, k) for k in TOP}
    by_note |= {"r_precision": metrics.r_precision(ranks), "map": metrics.average_precision(ranks)}
    return {name: float(values.mean()) for name, values in by_note.items()}


def _note_columns(view: str, counts: Counts, ranks: Labels) -> dict[str, Any]:
    """What each note contributes to the metrics of a view; their sums over notes give the metrics back."""
    columns: dict[str, Any] = {f"{view}_tp": counts.tp, f"{view}_predicted": counts.tp + counts.fp}
    columns |= {f"{view}_p_at_{k}": metrics.precision_at(ranks, k) for k in TOP}
    columns[f"{view}_r_precision"] = metrics.r_precision(ranks)
    columns[f"{view}_map"] = metrics.average_precision(ranks)
    return columns


def _curve(found: metrics.Distribution) -> dict[str, list[float]]:
    """The micro precision-recall curve at about ``CURVE_POINTS`` recalls, evenly spaced."""
    precision, recall, cut = metrics.precision_recall_curve(found)
    take = np.unique(np.searchsorted(recall, np.linspace(0, 1, CURVE_POINTS)).clip(0, len(recall) - 1))
    return {
        "recall": [round(float(value), 6) for value in recall[take]],
        "precision": [round(float(value), 6) for value in precision[take]],
        "logit": [round(float(value), 4) for value in cut[take]],
    }


def long_tail(per_code: dict[str, Any], train_notes: Ints) -> list[dict[str, Any]]:
    """F1 and recall of the codes grouped by how many training notes carried them (``BINS``).

    ``per_code`` as ``ScopeFigures.per_code`` of the full scope, ``train_notes`` [L] parallel to it. Figures of a bin
    without a label are None. Recall@15: the share of the bin's labels among the 15 best codes of their note.
    """
    which = np.searchsorted(np.asarray(BINS), np.asarray(train_notes), side="right") - 1
    rows = []
    for index, name in enumerate(BIN_NAMES):
        chosen = which == index
        columns = (np.asarray(per_code[key])[chosen] for key in ("tp", "fp", "fn", "in_top_15", "labels"))
        tp, fp, fn, in_top, carriers = columns
        counts, labels = Counts(tp, fp, fn), int(carriers.sum())
        row: dict[str, Any] = {
            "train_notes": name,
            "codes": int(chosen.sum()),
            "codes_present": int((carriers > 0).sum()),
            "labels": labels,
        }
        total = counts.sum()
        row["f1_micro"] = float(metrics.f1(total)) if labels else None
        row["f1_macro_present"] = float(metrics.f1(counts)[carriers > 0].mean()) if labels else None
        row["precision"] = float(metrics.precision(total)) if labels else None
        row["recall"] = float(metrics.recall(total)) if labels else None
        row["recall_at_15"] = float(in_top.sum() / labels) if labels else None
        rows.append(row)
    return rows


def choose_thresholds(val: Scored | None) -> dict[str, dict[str, Any]]:
    """Scope -> threshold and where it is from: tuned on val, or 0.5 where val has no label of the scope."""
    chosen: dict[str, dict[str, Any]] = {}
    for scope in SCOPES:
        tuned = None
        if val is not None:
            table = scope_table(val, scope)
            tuned = tune_threshold(table.logits, table.labels, table.rows)
        why = "val has no notes" if val is None else "val has no label of this scope"
        chosen[scope] = {
            "threshold": tuned.threshold if tuned else HALF,
            "threshold_source": "tuned on val" if tuned else f"0.5, because {why}",
            "val_f1_micro": tuned.f1_micro if tuned else None,
        }
    return chosen


def fingerprint(scored: Scored) -> str:
    """SHA-256 over note ids, codes and labels: two evaluations can be compared when it is the same."""
    labels = metrics.label_csr(scored.labels)
    digest = hashlib.sha256()
    for part in ("\n".join(scored.note_ids), "\n".join(scored.codes)):
        digest.update(part.encode() + b"\0")
    for array in (labels.indptr, labels.indices):
        digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return digest.hexdigest()


def without_nan(value: Any) -> Any:
    """The same nested value for JSON: NaN and infinities become None, numpy numbers Python's."""
    if isinstance(value, dict):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
