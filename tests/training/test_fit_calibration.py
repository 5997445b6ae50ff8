"""Platt scaling against scikit-learn's own, few and no labels, and what a trained run stores."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, logit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC
from tests.small import make_corpus, tiny_settings

from icdbridge import InputError
from icdbridge.coding.trained import TrainedCoder
from icdbridge.evaluation.decisions import decisions
from icdbridge.evaluation.metrics import label_csr
from icdbridge.evaluation.thresholds import tune_threshold
from icdbridge.lexical.evidence import BANDS
from icdbridge.runs.confidence import FREQUENCIES, Scale, read_calibration
from icdbridge.runs.scored import Scored
from icdbridge.training import train
from icdbridge.training.fit_calibration import EDGES, FEWEST, Tally, fit_scale, thresholds_by_frequency


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
    for name, law in (("common", (0.8, -1.0)), ("uncommon", (0.5, -2.0))):
        scale = found.scales[name]
        assert (scale.slope, scale.intercept) == pytest.approx(law, abs=0.1)
    assert sum(scale.pairs for scale in found.scales.values()) == 2000 * 15  # the best of each note
    assert found.scales["unseen"].pairs == 0
    assert sum(band.suggestions for band in found.bands) == 2000 * 15
    for band, above, below in zip(found.bands, BANDS.values(), (1.0, *BANDS.values()), strict=False):
        assert above <= band.right / band.suggestions <= below


def test_codes_far_below_the_best_of_a_note_do_not_bend_its_confidence():
    rng = np.random.default_rng(2)
    logits = np.hstack([rng.normal(-1, 2, (1000, 15)), rng.normal(-20, 3, (1000, 100))]).astype(np.float32)
    labels = rng.random(logits.shape) < np.maximum(expit(logits), 0.004)  # missed, whatever the logit says
    tally = Tally()
    tally.add(made_up(logits, labels), np.full(115, 20))
    scale = tally.calibration(["a"]).scales["common"]
    assert (scale.slope, scale.intercept) == pytest.approx((1, 0), abs=0.1)
    bent = fit_scale(logits.ravel(), np.ones(logits.size), labels.ravel().astype(float))
    assert bent.slope < 0.6


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
    assert stored["versions"]["icd10"]["scales"]["common"]["pairs"] == 12 * 5
    for found in TrainedCoder(run).code("patient with dyspnea", "icd9", top=5):
        calibration = run.calibration["icd9"]
        expected = calibration.confidence([logit(found.probability)], [found.train_notes])[0]
        assert found.confidence == pytest.approx(expected, abs=1e-6)
        assert found.band == calibration.band(expected).name


def test_a_run_without_calibration_works(run):
    plain = replace(run, calibration={})
    found = TrainedCoder(plain).code("patient with dyspnea", "icd10", top=1)[0]
    assert (found.confidence, found.band) == (None, None)
    other = TrainedCoder(run).code("patient with dyspnea", codes={"house:X1": "Fracture"})[0]
    assert other.confidence is None  # val had no code of this system


def test_a_damaged_calibration_is_named(tmp_path):
    assert read_calibration(tmp_path / "calibration.json", ["icd9", "icd10"]) == {}
    (tmp_path / "calibration.json").write_text('{"versions": {"icd10": {"scales": {}}}}')
    with pytest.raises(InputError, match=r"calibration\.json, field top: Field required"):
        read_calibration(tmp_path / "calibration.json", ["icd9", "icd10"])


def drawn(seed, notes=400):
    """Scores of codes that training saw often (whose confidence is their probability) and seldom (it is far less)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-3, 2, (notes, 40)).astype(np.float32)
    train_notes = np.repeat([50, 5], 20)
    labels = rng.random(logits.shape) < expit(logits - np.where(train_notes == 50, 0.0, 2.5))
    return logits, train_notes, labels


def f1_above(cut, logits, labels):
    predicted = logits > cut
    return 2 * (predicted & labels).sum() / (predicted.sum() + labels.sum())


def test_each_threshold_is_the_best_of_its_frequency():
    logits, train_notes, labels = drawn(3)
    tally = Tally()
    tally.add(made_up(logits, labels), train_notes)
    thresholds = tally.calibration(["a"], 0.5).thresholds
    assert thresholds["unseen"] == 0.5  # val had none: the run's one threshold stays
    for name, seen in (("common", 50), ("uncommon", 5)):
        own = np.s_[:, train_notes == seen]
        tried = [f1_above(cut, logits[own], labels[own]) for cut in np.arange(-4, 4, 0.1)]
        assert f1_above(logit(thresholds[name]), logits[own], labels[own]) > max(tried) - 0.02


def test_the_one_threshold_of_counted_scores_is_as_good_as_any():
    logits, train_notes, labels = drawn(4)
    tally = Tally()
    tally.add(made_up(logits, labels), train_notes)
    tried = [f1_above(cut, logits, labels) for cut in np.arange(-4, 4, 0.01)]
    assert f1_above(logit(tally.best_threshold()), logits, labels) == pytest.approx(max(tried), abs=0.001)
    assert f1_above(0.0, logits, labels) < max(tried) - 0.01  # it is not just any


def test_a_threshold_is_where_the_confidence_is_half_the_best_f1():
    # 100 pairs that are right with confidence 0.5 and 100 with confidence 0.1: F1 is highest for the former alone,
    # 2 * 50 / (100 + 60), so a code is predicted from a confidence of 0.3125 on
    pairs = np.zeros((3, len(EDGES)))
    logits = {0.5: 0.0, 0.1: logit(0.1)}
    for value in logits.values():
        pairs[0, np.searchsorted(EDGES, value)] = 100
    scales = {name: Scale(1.0, 0.0, 200, 60) for name in FREQUENCIES}
    scales["uncommon"] = Scale(1.0, 0.0, 200, FEWEST - 1)
    scales["unseen"] = Scale(0.0, -5.0, 200, 60)
    found = thresholds_by_frequency(scales, pairs, 0.8)
    assert found == {"common": pytest.approx(0.3125, abs=0.005), "uncommon": 0.8, "unseen": 0.8}
    assert thresholds_by_frequency({**scales, "common": scales["unseen"]}, pairs, 0.8) is None


def test_thresholds_by_frequency_predict_rare_codes_without_loss_on_frequent_ones():
    rng = np.random.default_rng(5)
    train_notes = np.repeat([50, 5], [10, 30])
    chance = np.where(train_notes == 50, 0.3, 0.02)

    def notes(count):
        labels = rng.random((count, 40)) < chance
        shift = np.where(
            train_notes == 50, 0.0, -6.0
        )  # uncommon codes score low, and no worse for their kind
        return (rng.normal(size=labels.shape) + 5 * labels - 2 + shift).astype(np.float32), labels

    logits, labels = notes(300)
    one = tune_threshold(logits, label_csr(labels)).threshold
    tally = Tally()
    tally.add(made_up(logits, labels), train_notes)
    found = tally.calibration(["a"], one).thresholds
    logits, labels = notes(300)
    by_frequency = np.where(train_notes == 50, found["common"], found["uncommon"])
    results = decisions(made_up(logits, labels), train_notes, one, by_frequency, resamples=200)
    uncommon, common = results["uncommon"], results["common"]
    assert uncommon["one"]["f1_micro"] < 0.2
    assert uncommon["by_frequency"]["f1_micro"] > 0.7
    assert uncommon["difference"]["f1_micro"]["p"] < 0.05
    assert common["by_frequency"]["f1_micro"] >= common["one"]["f1_micro"] - 0.01


def test_one_threshold_stays_where_more_say_nothing():
    few = Tally()
    logits, train_notes, labels = drawn(1, notes=4)
    few.add(made_up(logits, labels & (logits > 1.5)), train_notes)
    assert few.labels.sum() < FEWEST
    assert few.calibration(["a"], 0.3).thresholds is None
    # labels that scores know nothing of: whatever is fitted to them is chance
    chance = Tally()
    chance.add(
        made_up(logits.repeat(40, axis=0), np.random.default_rng(0).random((160, 40)) < 0.1), train_notes
    )
    assert not chance.better_by_frequency()
    asked = Tally()
    asked.add(made_up(*(drawn(3)[i] for i in (0, 2))), train_notes)
    assert asked.calibration(["a"]).thresholds is None  # nobody asked for them
    assert asked.calibration(["a"], 0.5).thresholds


def test_the_coder_predicts_by_the_thresholds_that_are_stored(run):
    found = TrainedCoder(run).code("patient with dyspnea", "icd10", top=5)
    least = min(one.probability for one in found)
    thresholds = {"common": 0.0, "uncommon": 1.0, "unseen": 1.0}
    calibration = dict(run.calibration)
    calibration["icd10"] = replace(calibration["icd10"], thresholds=thresholds)
    changed = replace(run, config={**run.config, "threshold": 0.999}, calibration=calibration)
    assert all(one.predicted for one in TrainedCoder(changed).code("patient with dyspnea", "icd10", top=5))
    assert least > 0
    new = TrainedCoder(changed).code("patient with dyspnea", codes={"icd10cm:R06.00": "Dyspnea, unspecified"})
    assert not new[0].predicted
    calibration["icd10"] = replace(calibration["icd10"], thresholds=None)
    one = replace(run, config={**run.config, "threshold": least / 2}, calibration=calibration)
    assert set(one.thresholds("icd10", run.index.code)) == {least / 2}
    assert all(found.predicted for found in TrainedCoder(one).code("patient with dyspnea", "icd10", top=5))


def test_a_run_from_before_thresholds_by_frequency_opens(run, tmp_path):
    stored = json.loads((run.path / "calibration.json").read_text())
    for version in stored["versions"].values():
        del version["thresholds"]
    (tmp_path / "calibration.json").write_text(json.dumps(stored))
    old = read_calibration(tmp_path / "calibration.json", ["icd9", "icd10"])
    assert old["icd10"].thresholds is None
    assert old["icd10"].scales == run.calibration["icd10"].scales
