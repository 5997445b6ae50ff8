"""Counts how many wrongly predicted rare codes are siblings, of the same category, of a right one."""

from typing import Any

import numpy as np
from scipy.special import expit, logit

from icdbridge.codes import category_of, parse_key
from icdbridge.evaluation import metrics
from icdbridge.evaluation.contributions import predicted_cells
from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.rules.meaning import one_alone, sure_beside_sibling
from icdbridge.runs.scored import Scored
from icdbridge.text_table import Columns, Table, counts, percent, percents

WAYS = {"thresholds": "by thresholds", "coded": "of siblings the likelier, or those sure enough, as in code"}


def wrong_siblings(
    scored: Scored, thresholds: Floats, train_notes: Ints | None = None
) -> dict[str, dict[str, float]] | None:
    """For each of ``WAYS``: how many rare codes are ``predicted`` by ``thresholds`` (probabilities [L]), how many of
    them are ``wrong``, and of these how many are ``siblings`` of a label of the note: other codes of its category; and
    ``f1_micro`` of all codes. ``train_notes`` [L] of a run whose prior decides, which wants siblings to be sure.

    None where more are predicted than are kept (``contributions.DENSE``).
    """
    _, predicted = predicted_cells(scored.logits, np.arange(len(scored.codes)), logit(thresholds))
    if predicted is None:
        return None
    labels = metrics.label_csr(scored.labels)
    _, categories = np.unique([category_of(code) for code in scored.codes], return_inverse=True)
    found: dict[str, dict[str, float]] = {}
    for way in WAYS:
        counted, hits, every = {"predicted": 0, "wrong": 0, "siblings": 0}, 0, 0
        for note in range(len(scored.note_ids)):
            carried, own = (
                one.indices[one.indptr[note] : one.indptr[note + 1]] for one in (labels, predicted)
            )
            if way == "coded":
                own = _as_coded(scored, note, own, categories, train_notes)
            right = np.isin(own, carried)
            hits, every = hits + int(right.sum()), every + len(own) + len(carried)
            rare = own[own >= scored.n_frequent]
            wrong = rare[~np.isin(rare, carried)]
            counted["predicted"] += len(rare)
            counted["wrong"] += len(wrong)
            counted["siblings"] += int(np.isin(categories[wrong], categories[carried]).sum())
        found[way] = {**counted, "f1_micro": 2 * hits / every if every else float("nan")}
    return found


def _as_coded(scored: Scored, note: int, predicted: Ints, categories: Ints, train_notes: Ints | None) -> Ints:
    """The ``predicted`` codes of a note without those that a likelier one rules out."""
    kept: list[int] = []
    for column in predicted[np.argsort(-scored.logits[note, predicted], kind="stable")].tolist():
        code = scored.codes[column]
        beside = [scored.codes[other] for other in kept if categories[other] == categories[column]]
        if any(_one_alone(other, code) for other in beside):
            continue
        if train_notes is not None and beside and code.startswith("icd10cm:"):
            probability = float(expit(scored.logits[note, column]))
            if not sure_beside_sibling(probability, int(train_notes[column])):
                continue
        kept.append(column)
    return np.array(sorted(kept), np.int64)


def _one_alone(one: str, other: str) -> bool:
    first, second = parse_key(one), parse_key(other)
    return first.system == second.system == "icd10cm" and one_alone(first.code, second.code) is not None


def siblings_table(results: dict[str, Any], tag: str = "") -> Table:
    """For each of ``WAYS``: rare codes predicted, wrong ones, and siblings among these; micro F1 of all codes."""
    columns: Columns = [
        ("predicted", "way"),
        ("rare codes", counts("predicted")),
        ("wrong", counts("wrong")),
        ("siblings of a right code", counts("siblings")),
        (
            "siblings, % of wrong",
            lambda row: percent(row["siblings"] / row["wrong"] if row["wrong"] else None),
        ),
        ("F1 micro", percents("f1_micro")),
    ]
    rows = [{"way": WAYS[way], **found} for way, found in results["siblings"].items()]
    note = "Sibling: another code of the category of a label of the note. By the thresholds that the run predicts by."
    return Table.of(f"Wrong predictions of rare codes{tag}", rows, columns, note=note)
