"""Confidence fitted on decisions: of the starter and of a run, without training."""

import pytest
from tests.feedback.conftest import AUDE, CARL, TITLES, finish
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import Coder, InputError
from icdbridge.cli import app
from icdbridge.coding.starter_calibration import read_starter
from icdbridge.feedback.desk_corpus import prepare_desk
from icdbridge.feedback.recalibrate import recalibrate
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import encounter_of
from icdbridge.server.store.records import Decision
from icdbridge.training import train


@pytest.fixture
def sure(store):
    """Suggestions that say 0.9, of which a third is right, and 0.2, of which none is."""
    for number in range(30):
        right = "accepted" if number % 3 == 0 else "rejected"
        finish(
            store,
            f"E-{number}",
            ["Pneumonia."],
            {"J18.9": 0.9, "I10": 0.2},
            {"J18.9": right, "E11.9": "accepted"},
        )
    return store


def test_the_starter_learns_how_sure_it_may_be(sure, tmp_path):
    fit = recalibrate(sure, None, tmp_path / "starter")
    assert (fit.encounters, fit.pairs) == (30, 60)
    assert (fit.kept, fit.left_out) == (("icd10",), ())
    assert fit.before[1] > 0.3
    assert fit.after[1] < 0.1
    assert fit.after[0] < fit.before[0]
    calibration = read_starter(tmp_path / "starter")
    assert (calibration.right, calibration.confidence(0.9)) == (10, pytest.approx(1 / 3, abs=0.06))
    own, fitted = Coder.load(), Coder.load(tmp_path / "starter")
    assert fitted.basis == "measured on 30 encounters that coders of the desk finished"
    assert fitted.fingerprint() != own.fingerprint()
    note = "COPD exacerbation with RLL pneumonia."
    for one, other in zip(own.code(note), fitted.code(note), strict=True):
        assert other.confidence == pytest.approx(calibration.confidence(one.confidence))
        assert (one.code, one.predicted, one.probability) == (other.code, other.predicted, other.probability)
    (tmp_path / "starter" / "starter.json").write_text('{"format": 1, "slope": NaN}')
    with pytest.raises(InputError, match=r"starter\.json"):
        Coder.load(tmp_path / "starter")


def test_a_confidence_that_is_right_stays(store, tmp_path):
    for number in range(24):
        likely, possible = ("accepted" if number % 4 < right else "rejected" for right in (3, 1))
        shown = {"J18.9": 0.75, "I10": 0.25}
        finish(store, f"E-{number}", ["Pneumonia."], shown, {"J18.9": likely, "I10": possible})
    fit = recalibrate(store, None, tmp_path / "starter")
    assert fit.kept == ()
    calibration = read_starter(tmp_path / "starter")
    assert (calibration.slope, calibration.intercept, calibration.encounters) == (1, 0, 24)


def test_who_tosses_coins_does_not_count(store, tmp_path):
    shown = {"J18.9": 0.9, "N17.9": 0.8, "I10": 0.2}
    for number in range(30):
        tossed = {code: ("accepted", "rejected")[(number + place) % 2] for place, code in enumerate(shown)}
        finish(store, f"C-{number}", ["Pneumonia."], shown, tossed, CARL)
        meant = {"J18.9": "accepted", "N17.9": "accepted", "I10": "rejected"}
        finish(store, f"E-{number}", ["Pneumonia."], shown, meant)
    fit = recalibrate(store, None, tmp_path / "starter")
    assert (fit.left_out, fit.encounters) == (("carl",), 30)
    said = CliRunner().invoke(
        app, ["calibrate", "--store", str(tmp_path / "desk.db"), "--out", str(tmp_path / "again")]
    )
    assert said.exit_code == 0, said.output
    assert "90 suggestions of 30 encounters" in said.output
    assert "carl's encounters do not count" in said.output
    corpus = prepare_desk(store, tmp_path / "corpus")
    (dropped,) = corpus.meta["dropped"]
    assert (dropped["count"], dropped["example"]) == (30, "encounter C-0")
    assert "carl, whose decisions hardly follow" in dropped["reason"]


def test_what_second_reads_change_is_taken_into_account(store, tmp_path):
    """The confidence is right, but a coder accepts a third of the wrong suggestions too; an auditor reads each second
    encounter.
    """
    shown = {"J18.9": 0.5, "N17.9": 0.5, "I10": 0.5}
    for number in range(60):
        right = {code: (number + place) % 2 == 0 for place, code in enumerate(shown)}
        first = {code: "accepted" if right[code] or number % 3 == 0 else "rejected" for code in shown}
        one = finish(store, f"E-{number}", ["Pneumonia."], shown, first)
        if number % 2:
            with store.writing() as session:
                last = [
                    Decision(
                        system="icd10cm",
                        code=code,
                        description=TITLES[code],
                        verdict="accepted" if right[code] else "rejected",
                    )
                    for code in shown
                ]
                decide(session, AUDE, one, encounter_of(session, one).version, last)
    fit = recalibrate(store, None, tmp_path / "starter")
    assert fit.errors.accepted == pytest.approx(1, abs=0.05)
    assert fit.errors.wrongly == pytest.approx(1 / 3, abs=0.05)
    assert fit.kept == ()


def test_too_few_decisions(store, tmp_path):
    finish(store, "E-1", ["Pneumonia."], {"J18.9": 0.9}, {"J18.9": "accepted"})
    with pytest.raises(InputError, match=r"1 finished encounters with suggestions of starter: at least 20"):
        recalibrate(store, None, tmp_path / "starter")


def test_a_run_keeps_all_but_its_confidence(sure, tmp_path):
    run = train(
        [make_corpus(tmp_path, "notes", notes=20)], tmp_path / "run", tiny_settings("duallaat-cnn", epochs=1)
    )
    with pytest.raises(InputError, match=r"0 finished encounters with suggestions of run.*some of starter"):
        recalibrate(sure, run.path, tmp_path / "new")
    recalibrate(sure, run.path, tmp_path / "new", model="starter")
    before, after = Coder.load(run.path), Coder.load(tmp_path / "new")
    assert after.calibration["icd10"].corpora == ("30 encounters of the desk",)
    assert sum(band.suggestions for band in after.calibration["icd10"].bands) == 60
    one, other = (coder.code("was seen for dyspnea", "icd10", top=1)[0] for coder in (before, after))
    assert (one.code, one.probability) == (other.code, other.probability)
    assert one.confidence != other.confidence
