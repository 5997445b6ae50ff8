"""Of the rare codes that a run predicts wrongly: how many are siblings of a right one, of the same category."""

from typing import Any

import numpy as np
from scipy.special import logit

from icdbridge.codes import category_of
from icdbridge.evaluation import metrics
from icdbridge.evaluation.contributions import predicted_cells
from icdbridge.evaluation.metrics import Floats
from icdbridge.evaluation.reports.text_table import Table, percent
from icdbridge.runs.scored import Scored


def wrong_siblings(scored: Scored, thresholds: Floats) -> dict[str, int] | None:
    """How many rare codes are ``predicted`` by ``thresholds`` (probabilities [L]), how many of them are ``wrong``, and
    of these how many are ``siblings`` of a label of the note: other codes of its category.

    None where more are predicted than are kept (``contributions.DENSE``).
    """
    rare = np.arange(scored.n_frequent, len(scored.codes))
    _, predicted = predicted_cells(scored.logits, rare, logit(thresholds[rare]))
    if predicted is None:
        return None
    labels = metrics.label_csr(scored.labels)
    _, categories = np.unique([category_of(code) for code in scored.codes], return_inverse=True)
    found = {"predicted": int(predicted.nnz), "wrong": 0, "siblings": 0}
    for note in range(len(scored.note_ids)):
        carried, own = (one.indices[one.indptr[note] : one.indptr[note + 1]] for one in (labels, predicted))
        wrong = own[~np.isin(own, carried)]
        found["wrong"] += len(wrong)
        found["siblings"] += int(np.isin(categories[wrong], categories[carried]).sum())
    return found


def siblings_table(results: dict[str, Any], tag: str = "") -> Table:
    """One row: rare codes predicted, wrong ones, and siblings among these."""
    found = results["siblings"]
    share = found["siblings"] / found["wrong"] if found["wrong"] else None
    row = [*(f"{found[name]:,}" for name in ("predicted", "wrong", "siblings")), percent(share)]
    note = "Sibling: another code of the category of a label of the note. By the thresholds that the run predicts by."
    columns = ["rare codes predicted", "wrong", "siblings of a right code", "siblings, % of wrong"]
    return Table(f"Wrong predictions of rare codes{tag}", columns, [row], 0, note)
