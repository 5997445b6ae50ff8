"""Siblings among wrong predictions of rare codes, on a handful of scores that can be counted by hand."""

import numpy as np
import pytest
from scipy import sparse

from icdbridge.evaluation.siblings import siblings_table, wrong_siblings
from icdbridge.runs.scored import Scored

CODES = ["icd10cm:I10", "icd10cm:S72.001A", "icd10cm:S72.002A", "icd10cm:J44.0", "icd10cm:J44.1"]


def scored(predicted, labels, n_frequent=1):
    logits = np.where(np.array(predicted, bool), 2.0, -2.0).astype(np.float32)
    return Scored(
        [str(i) for i in range(len(logits))],
        CODES,
        n_frequent,
        logits,
        sparse.csr_array(np.array(labels, bool)),
    )


def test_a_sibling_shares_the_category_of_a_label_of_the_same_note():
    predicted = [[1, 1, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
    labels = [[0, 0, 1, 0, 0], [1, 0, 0, 0, 1], [1, 0, 1, 0, 0]]
    found = wrong_siblings(scored(predicted, labels), np.full(5, 0.5))
    # note 0: S72.001A for S72.002A; note 1: S72.001A for nothing, J44.0 for J44.1; I10 is frequent
    assert found["thresholds"] == {"predicted": 4, "wrong": 3, "siblings": 2, "f1_micro": 2 / 10}
    assert siblings_table({"siblings": found}).rows[0][1:] == ["4", "3", "2", "66.7", "20.0"]


def test_each_code_is_predicted_by_its_own_threshold():
    predicted, labels = [[0, 1, 0, 1, 0]], [[0, 0, 1, 0, 1]]
    found = wrong_siblings(scored(predicted, labels), np.array([0.5, 0.95, 0.5, 0.5, 0.5]))
    assert found["thresholds"] == {"predicted": 1, "wrong": 1, "siblings": 1, "f1_micro": 0}


def test_of_a_code_and_the_same_without_its_side_the_likelier_is_coded():
    codes = ["icd10cm:C78.00", "icd10cm:C78.01", "icd10cm:C78.02", "icd10cm:E87.2", "icd10cm:E87.20"]
    logits = np.array([[1.0, 3.0, 2.0, 2.0, 1.0]], np.float32)
    own = Scored(["n"], codes, 0, logits, sparse.csr_array(np.array([[0, 1, 0, 1, 0]], bool)))
    found = wrong_siblings(own, np.full(5, 0.5))
    assert found["thresholds"] == {"predicted": 5, "wrong": 3, "siblings": 3, "f1_micro": 4 / 7}
    assert found["coded"] == {"predicted": 3, "wrong": 1, "siblings": 1, "f1_micro": 4 / 5}


def test_a_prior_predicts_seldom_codes_beside_a_likelier_sibling_only_when_sure():
    codes = ["icd10cm:K50.00", "icd10cm:K50.10", "icd10cm:K50.80", "icd10cm:K50.90", "icd10cm:I10"]
    logits = np.array([[0.0, 0.0, 3.0, 1.0, 0.0]], np.float32)
    own = Scored(["n"], codes, 0, logits, sparse.csr_array(np.array([[0, 0, 1, 1, 1]], bool)))
    found = wrong_siblings(own, np.full(5, 0.4), np.array([12, 3, 3, 3, 3]))
    assert found["thresholds"] == {"predicted": 5, "wrong": 2, "siblings": 2, "f1_micro": 6 / 8}
    assert found["coded"] == {"predicted": 4, "wrong": 1, "siblings": 1, "f1_micro": 6 / 7}


@pytest.mark.parametrize("n_frequent", [1, 5])
def test_nothing_predicted_has_no_share(n_frequent):
    found = wrong_siblings(scored([[0] * 5], [[1] * 5], n_frequent), np.full(5, 0.5))
    assert found["thresholds"] == {"predicted": 0, "wrong": 0, "siblings": 0, "f1_micro": 0}
    assert siblings_table({"siblings": found}).rows[0][-2] == "-"
