"""Compares what one threshold for all codes predicts with what thresholds by training frequency predict."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import logit

from icdbridge.evaluation import metrics
from icdbridge.evaluation.bootstrap import RESAMPLES, draws, tested_difference
from icdbridge.evaluation.contributions import predicted_cells
from icdbridge.evaluation.metrics import Floats, Ints, Labels
from icdbridge.runs.confidence import FREQUENCIES, frequency
from icdbridge.runs.scored import Scored
from icdbridge.text_table import Table, percent, points

GROUPS = ("all", *FREQUENCIES)
WAYS = {"one": "one for all", "by_frequency": "the run's own"}
COMPARED = ("f1_micro", "f1_macro", "precision", "recall")


def decisions(
    scored: Scored, train_notes: Ints, one: float, by_frequency: Floats, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Group of codes -> ``labels`` and, for each of ``WAYS``, the codes ``predicted`` and the figures ``COMPARED``;
    ``difference``: of each figure the ``value``, by frequency less one for all, its 95% ``interval`` and ``p`` by a
    paired bootstrap over notes.

    ``train_notes`` [L] says to which group a code belongs; ``one`` is a probability, ``by_frequency`` [L] are. Micro
    figures count all codes of a group, macro F1 those that occur in the split; it is None where more codes are
    predicted than are kept.
    """
    labels, which = metrics.label_csr(scored.labels), frequency(train_notes)
    notes = len(scored.note_ids)
    drawn = np.concatenate([np.ones((1, notes), np.float32), draws(notes, resamples)])
    found: dict[str, Any] = {}
    for group in GROUPS:
        columns = np.arange(len(which))
        if group in FREQUENCIES:
            columns = np.flatnonzero(which == FREQUENCIES.index(group))
        carried = labels[:, columns]
        entry: dict[str, Any] = {"codes": len(columns), "labels": int(carried.nnz)}
        if carried.nnz:
            ways = {"one": np.full(len(columns), logit(one)), "by_frequency": logit(by_frequency[columns])}
            values = {}
            for way, cuts in ways.items():
                predicted, values[way] = _figures(scored.logits, columns, cuts, carried, drawn)
                entry[way] = {"predicted": predicted} | {
                    name: None if value is None else float(value[0]) for name, value in values[way].items()
                }
            entry["difference"] = {
                name: _difference(values["one"][name], values["by_frequency"][name]) for name in COMPARED
            }
        found[group] = entry
    return found


def _figures(
    logits: Floats, columns: Ints, cuts: Floats, labels: Labels, drawn: Floats
) -> tuple[int, dict[str, Floats | None]]:
    """How many codes are predicted, and each figure on each resample: ``drawn`` [resamples, notes]."""
    predicted, cells = predicted_cells(logits, columns, cuts)
    note = np.repeat(np.arange(len(predicted)), np.diff(labels.indptr))
    hit = logits[note, columns[labels.indices]] > cuts[labels.indices].astype(logits.dtype)
    hits = csr_array((hit.astype(np.float32), labels.indices, labels.indptr), shape=labels.shape)
    weights = drawn.T
    tp, all_predicted = np.asarray(hits.sum(axis=1)) @ weights, predicted @ weights
    carried = np.diff(labels.indptr) @ weights
    found: dict[str, Floats | None] = {
        "f1_micro": 2 * tp / np.maximum(all_predicted + carried, 1),
        "precision": tp / np.maximum(all_predicted, 1),
        "recall": tp / np.maximum(carried, 1),
        "f1_macro": None,
    }
    if cells is not None:
        present = np.unique(labels.indices)
        by_code = [
            csr_array(table[:, own].T).astype(np.float32) @ weights
            for table, own in ((hits, present), (cells, columns[present]), (labels, present))
        ]
        found["f1_macro"] = (2 * by_code[0] / np.maximum(by_code[1] + by_code[2], 1)).mean(axis=0)
    return int(predicted.sum()), found


def _difference(one: Floats | None, by_frequency: Floats | None) -> dict[str, Any] | None:
    if one is None or by_frequency is None:
        return None
    difference = by_frequency - one
    found = tested_difference(difference[:1], difference[1:])
    return None if found is None else {"value": float(difference[0]), **found}


def decisions_table(results: dict[str, Any], tag: str = "") -> Table:
    """A row for each group of codes and way to decide, and one for their difference."""
    rows, bold = [], []
    for group, entry in results["decisions"].items():
        if not entry["labels"]:
            continue
        sizes = [f"{entry['codes']:,}", f"{entry['labels']:,}"]
        for way, name in WAYS.items():
            figures = [percent(entry[way][metric]) for metric in COMPARED]
            rows.append([group, name, *sizes, f"{entry[way]['predicted']:,}", *figures])
        bold.append(len(rows) - 1)
        cells = []
        for metric in COMPARED:
            found = entry["difference"][metric]
            star = "*" if found and found["p"] < 0.05 else ""
            cells.append(points(found["value"] if found else None) + star)
        rows.append([group, "difference", *sizes, "", *cells])
    columns = ["seen in training", "threshold", "codes", "labels", "predicted"]
    columns += ["F1 micro", "F1 macro (present)", "Precision", "Recall"]
    note = (
        "common: at least 10 training notes; uncommon: 1 to 9; unseen: none. One for all is the benchmark's, tuned on "
        "val, as in all other tables; the run's own are what it predicts by. * p < 0.05, paired bootstrap over notes."
    )
    return Table(f"Decisions, percent{tag}", columns, rows, 2, note, bold)
