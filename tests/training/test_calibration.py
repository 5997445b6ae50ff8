"""Platt scaling against scikit-learn's own, few and no labels, and what a trained run stores."""

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC
from tests.small import make_corpus, tiny_settings

from icdbridge import Coder, InputError
from icdbridge.runs import Run
from icdbridge.runs.calibration import BANDS, read_calibration
from icdbridge.runs.scored import Scored
from icdbridge.training import train
from icdbridge.training.calibration import Tally, fit_scale


def made_up(logits, labels):
    keys = [f"icd10cm:A{number:02d}" for number in range(logits.shape[1])]
    return Scored([f"n{i}" for i in range(len(logits))], keys, 0, logits, sparse.csr_array(labels))


def test_the_scale_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 2, (200, 1))
    labels = rng.random((200, 1)) < expit(0.7 * logits - 0.5)
    machine = LinearSVC().fit(logits, labels.ravel())  # any machine with a decision function
    own = machine.decision_function(logits)
    theirs = CalibratedClassifierCV(FrozenEstimator(machine), method="sigmoid", cv=2, ensemble=False)
    theirs.fit(logits, labels.ravel())
    scale = fit_scale(own, np.ones(200), labels.ravel().astype(float))
    expected = theirs.predict_proba(logits)[:, 1]
    np.testing.assert_allclose(expit(scale.slope * own + scale.intercept), expected, atol=1e-3)


def test_counting_in_steps_finds_the_law_behind_the_labels():
    rng = np.random.default_rng(1)
    logits = rng.normal(-3, 2, (2000, 40)).astype(np.float32)
    train_notes = np.repeat([50, 5], 20)
    slope, intercept = np.where(train_notes == 50, 0.8, 0.5), np.where(train_notes == 50, -1.0, -2.0)
    labels = rng.random(logits.shape) < expit(slope * logits + intercept)
    tally = Tally()
    tally.add(made_up(logits[:500], labels[:500]), train_notes)
    tally.add(made_up(logits[500:], labels[500:]), train_notes)
    found = tally.calibration(["a", "b"])
    for name, law in (("frequent", (0.8, -1.0)), ("rare", (0.5, -2.0))):
        scale = found.scales[name]
        assert (scale.slope, scale.intercept) == pytest.approx(law, abs=0.06)
        assert scale.pairs == 40_000
    assert found.scales["unseen"].pairs == 0
    assert sum(band.suggestions for band in found.bands) == 2000 * 15
    for band, above, below in zip(found.bands, BANDS.values(), (1.0, *BANDS.values()), strict=False):
        assert above <= band.right / band.suggestions <= below


def test_scores_without_labels_or_the_wrong_way_round():
    none = fit_scale(np.arange(10.0), np.ones(10), np.zeros(10))
    assert 0 < expit(none.slope * 9 + none.intercept) < 0.15
    wrong = fit_scale(np.arange(10.0), np.ones(10), np.r_[np.ones(3), np.zeros(7)])
    assert wrong.slope == 0
    assert expit(wrong.intercept) == pytest.approx(0.3, abs=0.1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    corpora = [make_corpus(folder, "ten", "icd10", 60), make_corpus(folder, "nine", "icd9", 60, seed=1)]
    return train(corpora, folder / "run", tiny_settings("duallaat-cnn", epochs=2))


def test_a_trained_run_is_calibrated_for_each_version(run):
    assert {version: found.corpora for version, found in run.calibration.items()} == {
        "icd10": ("ten",),
        "icd9": ("nine",),
    }
    band = run.calibration["icd9"].bands[0]
    row = f"| icd9 | likely | 50% | {band.suggestions} | {band.right} |"
    assert row in (run.path / "README.md").read_text()
    stored = json.loads((run.path / "calibration.json").read_text())
    assert stored["versions"]["icd10"]["scales"]["frequent"]["pairs"] == 12 * 5
    for found in Coder(run).code("patient with dyspnea", "icd9", top=5):
        calibration = run.calibration["icd9"]
        logit = np.log(found.probability / (1 - found.probability))
        expected = calibration.confidence([logit], [found.train_notes])[0]
        assert found.confidence == pytest.approx(expected, abs=1e-6)
        assert found.band == calibration.band(expected).name


def test_a_run_without_calibration_works(run):
    plain = Run(run.path, run.config, run.model, run.tokenizer, run.index)
    found = Coder(plain).code("patient with dyspnea", "icd10", top=1)[0]
    assert (found.confidence, found.band) == (None, None)
    other = Coder(run).code("patient with dyspnea", codes={"house:X1": "Fracture"})[0]
    assert other.confidence is None  # val had no code of this system


def test_a_damaged_calibration_is_named(tmp_path):
    assert read_calibration(tmp_path / "calibration.json") == {}
    (tmp_path / "calibration.json").write_text('{"versions": {"icd10": {"scales": {}}}}')
    with pytest.raises(InputError, match=r"calibration\.json is not a calibration"):
        read_calibration(tmp_path / "calibration.json")
