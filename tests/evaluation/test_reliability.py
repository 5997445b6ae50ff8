"""Expected calibration error against torchmetrics, and what reliability says of scores of known worth."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit

from icdbridge.evaluation.evaluate import evaluate, evaluation_folder
from icdbridge.evaluation.reliability import (
    BINS,
    band_shares,
    best_codes,
    count_bins,
    expected_error,
    reliability,
)
from icdbridge.lexical.evidence import BANDS
from icdbridge.runs.confidence import FREQUENCIES, Band, Scale, VersionCalibration
from icdbridge.runs.scored import Scored

from .conftest import MadeUpRun


@pytest.mark.parametrize("seed", range(3))
def test_expected_error_is_that_of_torchmetrics(seed):
    from torchmetrics.functional.classification import (
        binary_calibration_error,  # here, as it takes seconds that every worker would spend
    )

    rng = np.random.default_rng(seed)
    confidence = rng.random(500) ** 2
    labels = rng.random(500) < confidence ** (1 + seed)
    expected = binary_calibration_error(
        torch.from_numpy(confidence), torch.from_numpy(labels.astype(int)), n_bins=BINS, norm="l1"
    )
    found = expected_error(count_bins(confidence, labels.astype(float)))
    assert found == pytest.approx(expected.item(), abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_expected_error_is_a_share_and_no_pair_is_lost(pairs):
    confidence, labels = np.array(pairs, dtype=float).T
    counts = count_bins(confidence, labels)
    assert counts[0].sum() == len(pairs)
    assert 0 <= expected_error(counts) <= 1
    assert expected_error(count_bins(np.zeros(0), np.zeros(0))) is None


def scored_as_drawn(notes=400, codes=30):
    """Labels drawn with the very probabilities of the logits: perfectly calibrated."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-2, 1.5, (notes, codes)).astype(np.float32)
    labels = sparse.csr_array(rng.random(logits.shape) < expit(logits))
    keys = [f"icd10cm:A{number:02d}" for number in range(codes)]
    return Scored([f"n{i}" for i in range(notes)], keys, codes, logits, labels)


def test_scores_off_by_a_factor_are_put_right_by_the_scale():
    scored = scored_as_drawn()
    overconfident = Scored(
        scored.note_ids, scored.codes, scored.n_frequent, 2 * scored.logits + 1, scored.labels
    )
    train_notes = np.repeat([10, 9, 0], 10)
    scale = Scale(0.5, -0.5, 1, 1)
    bands = tuple(Band(name, above, 1, 1) for name, above in BANDS.items())
    calibration = VersionCalibration(("some",), dict.fromkeys(FREQUENCIES, scale), bands)
    found = reliability(overconfident, train_notes, calibration)
    for name in FREQUENCIES:
        assert found[name]["pairs"] == 4000
        assert found[name]["confidence"]["ece"] < 0.02 < 0.05 < found[name]["probability"]["ece"]
    assert sum(found[name]["labels"] for name in FREQUENCIES) == scored.labels.nnz
    assert sum(found[name]["suggestions"] for name in FREQUENCIES) == 400 * 15
    assert "confidence" not in reliability(scored, train_notes, None)["uncommon"]


def test_a_run_that_does_not_know_its_training_notes_has_no_calibration(tmp_path, corpus):
    class Imported(MadeUpRun):
        train_notes = None

    (tmp_path / "imported").mkdir()
    run = Imported(tmp_path / "imported")
    results = evaluate(run, corpus)
    assert (results["calibration"], results["bands"]) == ({}, [])
    assert (
        "before calibration"
        not in (evaluation_folder(run.path, corpus.name, "test") / "report.html").read_text()
    )


def test_bands_stand_for_the_share_of_right_codes():
    scored = scored_as_drawn()
    bands = (Band("likely", 0.5, 10, 6), Band("possible", 0.1, 5, 1), Band("unlikely", 0.0, 0, 0))
    calibration = VersionCalibration(("some",), dict.fromkeys(FREQUENCIES, Scale(1.0, 0.0, 1, 1)), bands)
    found = band_shares(scored, np.full(30, 10), calibration)
    assert sum(row["suggestions"] for row in found) == 400 * 15
    assert [row["val_share"] for row in found] == [0.6, 0.2, None]
    for row, below in zip(found, (1.0, 0.5, 0.1), strict=True):  # the scores are perfectly calibrated
        assert row["above"] < row["share"] < below


def test_the_best_codes_of_a_note_with_few_codes_are_all():
    assert sorted(best_codes(np.array([[3.0, 1, 2]]))[0]) == [0, 1, 2]
    rng = np.random.default_rng(0)
    logits = rng.random((4, 50))
    assert [set(row) for row in best_codes(logits)] == [set(row) for row in np.argsort(-logits)[:, :15]]


def test_report_shows_calibration_before_and_after(run, corpus):
    plain = evaluate(run, corpus)["calibration"]
    page = evaluation_folder(run.path, corpus.name, "test") / "report.html"
    assert "was not calibrated" in page.read_text()
    scale = Scale(1.0, -1.0, 1, 1)
    run.calibration = {
        "icd10": VersionCalibration(("c",), dict.fromkeys(FREQUENCIES, scale), (Band("all", 0.0, 4, 1),))
    }
    found = evaluate(run, corpus)["calibration"]
    assert found["common"]["probability"] == plain["common"]["probability"]
    assert found["common"]["confidence"] != found["common"]["probability"]
    assert f"<td>{100 * found['uncommon']['confidence']['ece']:.1f}</td>" in page.read_text()
    assert "was not calibrated" not in page.read_text()
    assert "<td>25.0</td>" in page.read_text()  # what the band stands for
