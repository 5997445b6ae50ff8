"""Figures of a scored split: scikit-learn, both denominators, scopes, empty scopes, JSON without NaN."""

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn import metrics as sk

from icdbridge.evaluation.evaluate import measure
from icdbridge.evaluation.results import (
    BIN_NAMES,
    SCOPES,
    VIEWS,
    choose_thresholds,
    fingerprint,
    long_tail,
    scope_figures,
    scope_table,
    without_nan,
)
from icdbridge.runs.scored import Scored

from .conftest import SUMMED, made_up

HALF = choose_thresholds(None)  # 0.5 in each scope


def by_hand(scored, scope, threshold, view):
    """F1 as scikit-learn computes it from whole matrices, restricted as the view says."""
    columns = {
        "frequent": slice(0, scored.n_frequent),
        "full": slice(None),
        "rare": slice(scored.n_frequent, None),
    }
    labels = scored.labels.toarray()[:, columns[scope]]
    probabilities = expit(scored.logits[:, columns[scope]].astype(np.float64))
    keep = labels.any(axis=1)
    labels, probabilities = labels[keep], probabilities[keep]
    if view == "present":
        present = labels.any(axis=0)
        labels, probabilities = labels[:, present], probabilities[:, present]
    predicted = probabilities > (0.5 if view == "half" else threshold)
    return labels, predicted, probabilities


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("view", VIEWS)
def test_figures_equal_sklearn_in_each_scope_and_view(scope, view):
    scored = made_up(notes=80)
    figures = scope_figures(scope_table(scored, scope), 80, 0.3).figures
    labels, predicted, probabilities = by_hand(scored, scope, 0.3, view)
    found = figures[view]
    for average in ("micro", "macro"):
        expected = sk.f1_score(labels, predicted, average=average, zero_division=0)
        assert found[f"f1_{average}"] == pytest.approx(expected)
    assert found["precision_micro"] == pytest.approx(sk.precision_score(labels, predicted, average="micro"))
    assert found["recall_micro"] == pytest.approx(sk.recall_score(labels, predicted, average="micro"))
    assert found["map"] == pytest.approx(
        sk.average_precision_score(labels.T, probabilities.T, average="macro")
    )
    assert figures["notes"] == len(labels)
    assert figures["notes"] + figures["notes_without_label"] == 80


@pytest.mark.parametrize("scope", SCOPES)
def test_auc_is_over_all_codes_and_labelled_notes(scope):
    scored = made_up(notes=80)
    figures = scope_figures(scope_table(scored, scope), 80, 0.3).figures
    labels, _, probabilities = by_hand(scored, scope, 0.3, "all")
    assert figures["auc_micro"] == pytest.approx(sk.roc_auc_score(labels.ravel(), probabilities.ravel()))
    both = labels.any(axis=0) & ~labels.all(axis=0)
    expected = sk.roc_auc_score(labels[:, both], probabilities[:, both], average="macro")
    assert figures["auc_macro"] == pytest.approx(expected)
    assert figures["auc_macro_codes"] == both.sum()


def test_the_two_denominators_differ_where_codes_are_absent_and_both_are_named():
    scored = made_up(notes=30)
    figures = scope_figures(scope_table(scored, "rare"), 30, 0.3).figures
    assert figures["codes_present"] < figures["codes"]
    ratio = figures["present"]["f1_macro"] / figures["all"]["f1_macro"]
    assert ratio == pytest.approx(figures["codes"] / figures["codes_present"])  # absent codes count as 0


def test_per_note_columns_give_the_metrics_back():
    scored = made_up()
    for scope in SCOPES:
        found = scope_figures(scope_table(scored, scope), 60, 0.3)
        notes = found.per_note
        for view in VIEWS:
            tp, predicted = notes[f"{view}_tp"].sum(), notes[f"{view}_predicted"].sum()
            assert found.figures[view]["f1_micro"] == pytest.approx(
                2 * tp / (predicted + notes["labels"].sum())
            )
            for metric in ("p_at_5", "r_precision", "map"):
                assert notes[f"{view}_{metric}"].mean() == pytest.approx(found.figures[view][metric])


def test_scopes_are_views_not_copies():
    scored = made_up()
    for scope in SCOPES:
        assert np.shares_memory(scope_table(scored, scope).logits, scored.logits)


def test_a_scope_without_a_label_says_so_and_has_no_figures():
    scored = made_up()
    labels = scored.labels.toarray()
    labels[:, scored.n_frequent :] = False
    scored = Scored(scored.note_ids, scored.codes, scored.n_frequent, scored.logits, sparse.csr_array(labels))
    results, codes, notes, _ = measure(scored, HALF, "test", {}, resamples=10)
    rare = results["scopes"]["rare"]
    assert rare["missing"] == "no note of the split has a code of this scope"
    assert rare["auc_micro"] is None
    assert set(rare["present"].values()) == {None}
    assert "rare" not in notes["scope"].to_pylist()
    assert codes.num_rows == 40
    json.dumps(without_nan(results), allow_nan=False)


def test_a_corpus_without_rare_codes():
    results, _, _, _ = measure(made_up(codes=25, n_frequent=25), HALF, "test", {}, resamples=10)
    assert results["scopes"]["rare"]["missing"] == "no code of this scope was scored"
    assert results["scopes"]["full"]["present"] == results["scopes"]["frequent"]["present"]


def test_no_label_at_all():
    scored = made_up()
    empty = Scored(
        scored.note_ids, scored.codes, 25, scored.logits, sparse.csr_array(scored.labels.shape, dtype=bool)
    )
    results, codes, notes, _ = measure(empty, choose_thresholds(empty), "test", {}, resamples=10)
    assert all("missing" in results["scopes"][scope] for scope in SCOPES)
    assert (results["long_tail"], codes.num_rows, notes.num_rows) == ([], 0, 0)
    json.dumps(without_nan(results), allow_nan=False)


def test_the_threshold_comes_from_val_never_from_the_split_measured():
    easy, hard = made_up(skill=6.0, labels_seed=1), made_up(skill=0.5, labels_seed=2)
    with_easy, _, _, _ = measure(hard, choose_thresholds(easy), "test", {}, resamples=10)
    with_itself, _, _, _ = measure(hard, choose_thresholds(hard), "val", {}, resamples=10)
    full = with_easy["scopes"]["full"]
    assert full["threshold"] == choose_thresholds(easy)["full"]["threshold"]
    assert full["threshold"] != with_itself["scopes"]["full"]["threshold"]
    assert full["threshold_source"] == "tuned on val"
    assert "flatters" in with_itself["scopes"]["full"]["threshold_source"]


def test_without_val_the_threshold_is_a_half_and_says_why():
    assert choose_thresholds(None)["full"]["threshold"] == 0.5
    assert "val has no notes" in choose_thresholds(None)["full"]["threshold_source"]
    scored = made_up()
    empty = Scored(
        scored.note_ids, scored.codes, 25, scored.logits, sparse.csr_array(scored.labels.shape, dtype=bool)
    )
    assert "no label" in choose_thresholds(empty)["rare"]["threshold_source"]


def test_long_tail_bins_and_figures():
    per_code = {
        "tp": np.array([0, 2, 1, 3, 4, 5]),
        "fp": np.array([1, 0, 1, 0, 0, 0]),
        "fn": np.array([0, 2, 0, 1, 0, 0]),
        "in_top_15": np.array([0, 3, 1, 4, 4, 5]),
        "labels": np.array([0, 4, 1, 4, 4, 5]),
    }
    rows = long_tail(per_code, np.array([0, 4, 5, 9, 199, 200]))
    assert [row["train_notes"] for row in rows] == list(BIN_NAMES)
    assert [row["codes"] for row in rows] == [1, 1, 2, 0, 1, 1]
    unseen, few, some = rows[:3]
    assert (unseen["f1_micro"], unseen["recall"], unseen["labels"]) == (None, None, 0)
    assert (few["recall"], few["recall_at_15"], few["f1_micro"]) == (0.5, 0.75, pytest.approx(2 / 3))
    assert some["f1_micro"] == pytest.approx(2 * 4 / (2 * 4 + 1 + 1))
    assert some["f1_macro_present"] == pytest.approx((2 / 3 + 6 / 7) / 2)


def test_long_tail_covers_all_labels_and_codes():
    results, codes, _, _ = measure(made_up(), HALF, "test", {"icd10cm:A03": 12}, resamples=10)
    full = results["scopes"]["full"]
    assert sum(row["labels"] for row in results["long_tail"]) == full["labels"]
    assert sum(row["codes"] for row in results["long_tail"]) == full["codes"]
    assert codes["train_notes"].to_pylist()[3] == 12
    assert sum(codes["train_notes"].to_pylist()) == 12  # a code that is not named was never seen


def test_recall_at_15_is_among_all_codes():
    logits = -np.arange(40, dtype=np.float32)[None, :]
    labels = sparse.csr_array(np.isin(np.arange(40), [14, 15])[None, :])
    results, _, _, _ = measure(
        Scored(["a"], [f"x:{i}" for i in range(40)], 10, logits, labels), HALF, "test", {}, 10
    )
    assert results["long_tail"][0]["recall_at_15"] == 0.5  # ranks 15 and 16


def test_order_of_notes_does_not_matter():
    scored = made_up()
    order = np.random.default_rng(1).permutation(60)
    ids = [scored.note_ids[i] for i in order]
    other = Scored(ids, scored.codes, 25, scored.logits[order], scored.labels[order])
    one, _, _, _ = measure(scored, HALF, "test", {}, resamples=10)
    two, _, _, _ = measure(other, HALF, "test", {}, resamples=10)
    for scope in SCOPES:
        assert one["scopes"][scope]["auc_macro"] == pytest.approx(two["scopes"][scope]["auc_macro"])
        for view in VIEWS:
            assert one["scopes"][scope][view] == pytest.approx(two["scopes"][scope][view])
    assert one["curves"] == two["curves"]


def test_intervals_hold_the_figure_and_narrow_with_more_notes():
    widths = []
    for notes in (40, 640):
        results, _, _, _ = measure(made_up(notes=notes), HALF, "test", {}, resamples=200)
        full = results["scopes"]["full"]
        for metric in SUMMED:
            low, high = full["intervals"]["present"][metric]
            assert low <= full["present"][metric] <= high
        widths.append(np.subtract(*full["intervals"]["present"]["map"][::-1]))
    assert widths[1] < widths[0] / 2


def test_fingerprint_tells_notes_codes_and_labels_but_not_scores():
    scored = made_up()
    assert fingerprint(scored) == fingerprint(made_up(seed=5))
    assert fingerprint(scored) != fingerprint(made_up(labels_seed=5))
    renamed = Scored(["x", *scored.note_ids[1:]], scored.codes, 25, scored.logits, scored.labels)
    assert fingerprint(scored) != fingerprint(renamed)


def test_without_nan():
    value = {"a": [float("nan"), np.float32(0.5), (1, np.inf)], "b": None, "c": np.int64(3)}
    assert without_nan(value) == {"a": [None, 0.5, [1, None]], "b": None, "c": 3}
