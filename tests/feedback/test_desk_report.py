"""The report's figures, known by hand; a coder who tosses coins; drift."""

import json
from collections import Counter

import pytest
from tests.feedback.conftest import AUDE, CARL, TITLES, finish

from icdbridge import InputError
from icdbridge.feedback.desk_figures import desk_figures
from icdbridge.feedback.desk_report import write_desk_report
from icdbridge.feedback.drift import divergence, drift
from icdbridge.feedback.readers import Verdict, follows_confidence
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import encounter_of
from icdbridge.server.store.records import Decision


@pytest.fixture
def decided(store):
    finish(
        store,
        "E-1",
        ["Secretword. Pneumonia."],
        {"J18.9": 0.9, "N17.9": 0.6, "I10": 0.2},
        {"J18.9": "accepted", "N17.9": "rejected"},
    )
    second = finish(
        store, "E-2", ["Diabetes."], {"J18.9": 0.7}, {"J18.9": "rejected", "E11.9": "accepted"}, CARL
    )
    with store.writing() as session:
        version = encounter_of(session, second).version
        again = [
            Decision(system="icd10cm", code="J18.9", description=TITLES["J18.9"], verdict="accepted"),
            Decision(system="icd10cm", code="E11.9", description=TITLES["E11.9"], verdict="accepted"),
        ]
        decide(session, AUDE, second, version, again)
    return store


def test_figures(decided):
    figures = desk_figures(decided)
    likely, possible, unlikely = figures["bands"]
    assert likely == {
        "band": "likely",
        "shown": 3,
        "accepted": 2,
        "rejected": 1,
        "expected": pytest.approx(2.2 / 3),
    }
    assert (possible["shown"], possible["accepted"], possible["rejected"], unlikely["shown"]) == (1, 0, 0, 0)
    assert figures["added"] == [{"key": "icd10cm:E11.9", "description": TITLES["E11.9"], "times": 1}]
    aude, bea, carl = figures["coders"]
    assert (aude["coder"], aude["decisions"], aude["added"], aude["overruled"]) == ("aude", 2, 1, 0)
    assert (bea["acceptance"]["likely"], bea["overruled"], bea["follows"]) == (0.5, 0, None)
    assert (carl["decisions"], carl["overruled"]) == (2, 1)
    assert figures["agreement"] == [
        {"first": "aude", "second": "carl", "codes": 2, "same": 0.5, "kappa": pytest.approx(0)}
    ]
    (week,) = figures["weeks"]
    assert (week["encounters"], week["f1"], week["likely"]) == (2, pytest.approx(4 / 6), pytest.approx(2 / 3))
    furthest = figures["codes"][0]
    assert (furthest["key"], furthest["accepted"], furthest["expected"]) == ("icd10cm:N17.9", 0, 0.6)


def test_the_page_has_the_figures_and_no_word_of_a_note(decided, tmp_path):
    write_desk_report(decided, tmp_path / "report.html", synthetic=True)
    page = (tmp_path / "report.html").read_text()
    assert "Decisions by coder" in page
    assert "synthetic" in page
    figures = (tmp_path / "report.json").read_text()
    assert json.loads(figures)["encounters"] == 2
    assert "secretword" not in (page + figures).lower()


def test_nothing_to_report(store, tmp_path):
    with pytest.raises(InputError, match="no encounter of the store is done"):
        write_desk_report(store, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_who_tosses_coins_does_not_follow_the_confidence():
    def told(verdicts):
        return [Verdict(n, "k", "x", verdict, (n % 10) / 10, None) for n, verdict in enumerate(verdicts)]

    assert follows_confidence(told(["accepted" if n % 10 > 4 else "rejected" for n in range(100)])) == 1.0
    assert follows_confidence(told(["accepted" if n % 10 < 5 else "rejected" for n in range(100)])) == 0.0
    assert follows_confidence(told(["accepted" if n < 50 else "rejected" for n in range(100)])) == 0.5
    assert follows_confidence(told(["accepted"] * 50)) is None


def test_divergence_and_drift(store):
    assert divergence(Counter("aabb"), Counter("ab")) == pytest.approx(0)
    assert divergence(Counter("aa"), Counter("bb")) == pytest.approx(1)
    for number in range(50):
        finish(store, f"E-{number}", [f"Pneumonia of lung {number}."], {}, {"J18.9": "accepted"})
    (month,) = drift(store)
    assert month["encounters"] == 40
    assert month["words"] == pytest.approx(month["words_by_chance"], abs=0.05)
    assert month["codes"] == 0
