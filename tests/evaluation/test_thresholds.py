"""The threshold against the benchmark's definition written out naively."""

import numpy as np
import pytest
from scipy.special import expit, logit

from icdbridge.evaluation import metrics
from icdbridge.evaluation.metrics import label_csr
from icdbridge.evaluation.thresholds import GRID, tune_threshold


def naive(probabilities, labels):
    """F1 at each of the 100 points by counting, the first maximum."""
    scores = []
    for point in np.linspace(0, 1, 100):
        predicted = probabilities > point
        tp, fp, fn = (predicted & labels).sum(), (predicted & ~labels).sum(), (~predicted & labels).sum()
        scores.append(tp / (tp + 0.5 * (fp + fn)))
    return np.linspace(0, 1, 100)[int(np.argmax(scores))], max(scores)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shift", [-6, 0, 4])
def test_equals_the_naive_search(seed, shift, monkeypatch):
    rng = np.random.default_rng(seed)
    labels = rng.random((30, 17)) < 0.2
    logits = (rng.normal(size=labels.shape) * 2 + 3 * labels + shift).astype(np.float64)
    threshold, best = naive(expit(logits), labels)
    for cells in (5, 1000):
        monkeypatch.setattr(metrics, "CELLS", cells)
        tuned = tune_threshold(logits, label_csr(labels))
        assert tuned.threshold == pytest.approx(threshold)
        assert tuned.f1_micro == pytest.approx(best)


def test_the_grid_is_a_hundred_points_of_zero_to_one():
    assert len(GRID) == 100
    assert np.diff(GRID) == pytest.approx(1 / 99)


def test_the_first_of_equal_maxima_is_taken():
    labels = label_csr([[1, 0]])
    logits = np.array([[logit(0.9), logit(0.3)]], np.float32)  # perfect from the first point not below 0.3
    assert tune_threshold(logits, labels).threshold == pytest.approx(30 / 99)


def test_a_probability_at_the_threshold_is_not_predicted():
    point = GRID[40]
    logits = np.array([[logit(point), -20.0]])
    tuned = tune_threshold(logits, label_csr([[1, 0]]))
    assert tuned.threshold < point


def test_codes_that_never_occur_count_as_false_positives():
    # Without the third column the first maximum is lower: the search is over unrestricted columns.
    logits = np.array([[logit(0.9), logit(0.05), logit(0.6)]])
    assert tune_threshold(logits, label_csr([[1, 0, 0]])).threshold == pytest.approx(60 / 99)
    assert tune_threshold(logits[:, :2], label_csr([[1, 0]])).threshold == pytest.approx(5 / 99)


def test_no_label_no_threshold():
    assert tune_threshold(np.zeros((2, 3), np.float32), label_csr(np.zeros((2, 3)))) is None
