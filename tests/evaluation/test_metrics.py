"""Metrics against published known values, scikit-learn, torchmetrics, and properties that must hold."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn import metrics as sk

from icdbridge.evaluation import metrics as m

# Known values: the benchmark's own test figures.
A = np.array([[0.2, 0.6, 0.8, 0.4], [0.1, 0.56, 0.9, 0.3]])
Y = np.array([[0, 1, 1, 1], [0, 1, 1, 0]])
Y2 = np.array([[0, 1, 0, 1], [0, 1, 1, 1]])


def csr(labels):
    return m.label_csr(np.asarray(labels))


def made(seed, notes=40, codes=23, density=0.15, ties=False):
    """Random scores and labels; with ties, scores take few values only."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(notes, codes)).astype(np.float32)
    if ties:
        scores = np.round(scores)
    return scores, rng.random((notes, codes)) < density


def everything(scores, labels):
    """All figures as one flat array, to compare two ways of computing them."""
    labels = csr(labels)
    ranks = m.label_ranks(scores, labels)
    per_code, per_note = m.confusion(scores, labels, 0.3)
    found = m.distribution(scores, labels)
    per = [m.precision_at(ranks, 5), m.r_precision(ranks), m.average_precision(ranks), m.f1(per_note)]
    areas = m.auc_per_code(scores, labels)
    return np.array(
        [
            *(values.mean() for values in per),
            m.f1(per_code).mean(),
            float(m.f1(per_code.sum())),
            m.auc_micro(found) or 0.0,
            np.nanmean(areas) if np.isfinite(areas).any() else 0.0,
            sum(np.diff(m.precision_recall_curve(found)[1])),
        ]
    )


@pytest.mark.parametrize(("cut", "recall", "f1"), [(0.5, 4 / 5, 0.889), (0.6, 2 / 5, 0.571)])
def test_known_recall_and_f1(cut, recall, f1):
    per_code, per_note = m.confusion(A, csr(Y), cut)
    assert m.recall(per_code.sum()) == pytest.approx(recall)
    assert m.f1(per_code.sum()) == pytest.approx(f1, abs=5e-4)
    assert m.f1(per_note.sum()) == m.f1(per_code.sum())


def test_known_recall_per_code_and_macro():
    per_code, _ = m.confusion(A, csr(Y), 0.5)
    assert m.recall(per_code).tolist() == [0, 1, 1, 0]
    assert m.recall(per_code).mean() == 0.5


def test_known_map_and_r_precision():
    map_scores = np.array([[0.9, 0.6, 0.8, 0.4], [0.1, 0.56, 0.4, 0.3]])
    r_scores = np.array([[0.2, 0.6, 0.9, 0.4], [0.9, 0.56, 0.9, 0.0]])
    assert m.average_precision(m.label_ranks(map_scores, csr(Y2))).mean() == pytest.approx(0.708, abs=5e-4)
    assert m.r_precision(m.label_ranks(r_scores, csr(Y2))).mean() == pytest.approx(0.583, abs=5e-4)


@pytest.mark.parametrize("ties", [False, True])
def test_thresholded_metrics_equal_sklearn_and_torchmetrics(ties):
    from torchmetrics.functional.classification import (
        multilabel_f1_score,  # here, as it takes seconds that every worker would spend
    )

    scores, labels = made(1, ties=ties)
    per_code, per_note = m.confusion(scores, csr(labels), 0.0)
    predicted = scores > 0
    for average in ("micro", "macro"):
        expected = sk.f1_score(labels, predicted, average=average, zero_division=0)
        ours = m.f1(per_code.sum()) if average == "micro" else m.f1(per_code).mean()
        assert ours == pytest.approx(expected)
        args = torch.from_numpy(predicted.astype(np.int64)), torch.from_numpy(labels.astype(np.int64))
        theirs = float(multilabel_f1_score(*args, labels.shape[1], average=average))
        assert ours == pytest.approx(theirs, abs=1e-6)
    each = {"average": None, "zero_division": 0}
    assert m.precision(per_code) == pytest.approx(sk.precision_score(labels, predicted, **each))
    assert m.recall(per_code) == pytest.approx(sk.recall_score(labels, predicted, **each))
    assert m.f1(per_note) == pytest.approx(sk.f1_score(labels.T, predicted.T, **each))


def test_ranking_metrics_equal_sklearn_and_torchmetrics():
    from torchmetrics.functional import retrieval

    scores, labels = made(2)
    labels[np.arange(len(labels)), np.arange(len(labels)) % labels.shape[1]] = True  # a label in each note
    ranks = m.label_ranks(scores, csr(labels))
    for i in range(len(labels)):
        s, y = torch.from_numpy(scores[i]).sigmoid(), torch.from_numpy(labels[i])  # torchmetrics: scores > 0
        assert m.average_precision(ranks)[i] == pytest.approx(
            sk.average_precision_score(labels[i], scores[i])
        )
        assert m.average_precision(ranks)[i] == pytest.approx(
            float(retrieval.retrieval_average_precision(s, y))
        )
        assert m.r_precision(ranks)[i] == pytest.approx(float(retrieval.retrieval_r_precision(s, y)))
        for k in (1, 5, 8, 15):
            expected = float(retrieval.retrieval_precision(s, y, top_k=k))
            assert m.precision_at(ranks, k)[i] == pytest.approx(expected)
            expected = float(retrieval.retrieval_recall(s, y, top_k=k))
            assert m.hits_at(ranks, k)[i] / labels[i].sum() == pytest.approx(expected)


@pytest.mark.parametrize("ties", [False, True])
def test_auc_and_curve_equal_sklearn(ties):
    scores, labels = made(3, density=0.05, ties=ties)
    labels[:, 0], labels[:, 1] = False, True  # undefined for these two codes
    areas = m.auc_per_code(scores, csr(labels))
    found = m.distribution(scores, csr(labels))
    assert m.auc_micro(found) == pytest.approx(sk.roc_auc_score(labels.ravel(), scores.ravel()), abs=1e-12)
    assert np.isnan(areas[:2]).all()
    for code in range(2, labels.shape[1]):
        if labels[:, code].any():
            assert areas[code] == pytest.approx(sk.roc_auc_score(labels[:, code], scores[:, code]), abs=1e-12)
        else:
            assert np.isnan(areas[code])
    precision, recall, cut = sk.precision_recall_curve(labels.ravel(), scores.ravel())
    ours = m.precision_recall_curve(found)
    theirs = {float(c): (p, r) for p, r, c in zip(precision, recall, cut, strict=False)}
    for p, r, c in zip(*ours, strict=True):
        assert (p, r) == pytest.approx(theirs[float(c)])


@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_blocks_do_not_change_anything(seed, ties, cells):
    scores, labels = made(seed, notes=13, codes=11, ties=ties)
    whole = everything(scores, labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m, "CELLS", cells)
        np.testing.assert_array_equal(whole, everything(scores, labels))


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_order_of_notes_and_codes_does_not_matter(seed):
    scores, labels = made(seed, notes=13, codes=11)  # no ties: these go by column
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(13), rng.permutation(11)
    shuffled = everything(scores[rows][:, columns], labels[rows][:, columns])
    np.testing.assert_allclose(shuffled, everything(scores, labels), atol=1e-12)


@given(arrays(bool, st.tuples(st.integers(1, 8), st.integers(2, 9))))
@settings(max_examples=40, deadline=None)
def test_a_perfect_ranking_gives_one(labels):
    scores = labels.astype(np.float32) + np.linspace(0, 0.5, labels.shape[1], dtype=np.float32)
    table = csr(labels)
    ranks = m.label_ranks(scores, table)
    labelled = labels.any(axis=1)
    per_code, _ = m.confusion(scores, table, 0.75)
    assert np.all(m.average_precision(ranks)[labelled] == 1)
    assert np.all(m.r_precision(ranks)[labelled] == 1)
    assert np.all(m.average_precision(ranks)[~labelled] == 0)
    assert np.all(m.f1(per_code)[labels.any(axis=0)] == 1)
    areas = m.auc_per_code(scores, table)
    assert np.all(areas[np.isfinite(areas)] == 1)
    if labels.any() and not labels.all():
        assert m.auc_micro(m.distribution(scores, table)) == 1
        assert m.f1(per_code.sum()) == 1


def test_ties_are_ranked_by_column_and_count_half_in_auc():
    scores, labels = np.zeros((1, 4), np.float32), csr([[0, 1, 0, 1]])
    assert m.label_ranks(scores, labels).data.tolist() == [2, 4]
    assert m.auc_micro(m.distribution(scores, labels)) == 0.5


def test_chosen_rows_and_columns_equal_a_smaller_matrix():
    scores, labels = made(5, ties=True)
    rows = np.arange(3, 37, 2)
    columns = np.flatnonzero(labels[rows].any(axis=0))
    chosen = m.label_ranks(scores, csr(labels[rows]), rows=rows, columns=columns)
    smaller = m.label_ranks(np.ascontiguousarray(scores[rows][:, columns]), csr(labels[rows][:, columns]))
    np.testing.assert_array_equal(chosen.data, smaller.data)
    for one, other in zip(
        m.confusion(scores, csr(labels[rows]), 0.2, rows=rows),
        m.confusion(scores[rows], csr(labels[rows]), 0.2),
        strict=True,
    ):
        np.testing.assert_array_equal(one.tp, other.tp)
        np.testing.assert_array_equal(one.fp, other.fp)
    np.testing.assert_array_equal(
        m.auc_per_code(scores, csr(labels[rows]), rows=rows), m.auc_per_code(scores[rows], csr(labels[rows]))
    )


def test_no_labels_and_nothing_predicted_give_zeros_not_nan():
    scores, labels = np.full((3, 4), -1.0, np.float32), csr(np.zeros((3, 4)))
    per_code, per_note = m.confusion(scores, labels, 0.0)
    for counts in (per_code, per_note, per_code.sum()):
        assert np.all(m.f1(counts) == 0)
        assert np.all(m.precision(counts) == 0)
    ranks = m.label_ranks(scores, labels)
    assert m.average_precision(ranks).tolist() == m.r_precision(ranks).tolist() == [0, 0, 0]
    assert m.auc_micro(m.distribution(scores, labels)) is None
    assert np.isnan(m.auc_per_code(scores, labels)).all()


def test_no_notes_at_all():
    scores, labels = np.zeros((0, 4), np.float32), csr(np.zeros((0, 4)))
    per_code, _ = m.confusion(scores, labels, 0.0)
    assert per_code.tp.tolist() == [0, 0, 0, 0]
    assert m.label_ranks(scores, labels).shape == (0, 4)


def test_macro_f1_of_the_two_denominators():
    scores, labels = np.array([[1.0, -1.0, 1.0]], np.float32), csr([[1, 0, 0]])
    per_code, _ = m.confusion(scores, labels, 0.0)
    assert m.f1(per_code).mean() == pytest.approx(1 / 3)  # all codes: the two absent ones score 0
    assert m.f1(per_code.of([0])).mean() == 1.0  # codes present


def test_nan_wrong_shapes_and_labels_outside_are_refused():
    scores, labels = made(7)
    scores[2, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        m.confusion(scores, csr(labels), 0.0)
    with pytest.raises(ValueError, match="NaN"):
        m.auc_per_code(scores, csr(np.ones_like(labels) * (np.arange(len(labels)) % 2)[:, None]))
    with pytest.raises(ValueError, match="shape"):
        m.confusion(scores[:5], csr(labels), 0.0)
    with pytest.raises(ValueError, match="outside"):
        m.label_ranks(np.zeros((1, 3)), csr([[0, 0, 1]]), columns=np.array([0, 1]))


def test_a_memory_map_is_read_as_an_array(tmp_path):
    scores, labels = made(8)
    mapped = np.memmap(tmp_path / "scores", np.float32, "w+", shape=scores.shape)
    mapped[:] = scores
    np.testing.assert_array_equal(everything(mapped, labels), everything(scores, labels))
    half = mapped[:, 5:]  # a scope is a view of some columns
    np.testing.assert_array_equal(
        everything(half, labels[:, 5:]), everything(scores[:, 5:].copy(), labels[:, 5:])
    )


def test_label_csr_is_sorted_without_duplicates_or_stored_zeros():
    messy = sparse.csr_array(
        (np.array([1, 0, 1, 1]), (np.array([0, 0, 0, 0]), np.array([2, 1, 0, 2]))), shape=(1, 4)
    )
    clean = m.label_csr(messy)
    assert clean.indices.tolist() == [0, 2]
    assert clean.data.tolist() == [True, True]
