"""Codes of one note that exclude each other, and that ask for each other."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from icdbridge import Coder
from icdbridge.cli import app
from icdbridge.codes import Code
from icdbridge.coding import Suggestion
from icdbridge.coding.set_rules import apply_set_rules, companions_below, reapply_set_rules, with_companions
from icdbridge.rules import check

CODES = [
    "E10.9",
    "E11.9",
    "E13.9",
    "J45.909",
    "R79.1",
    "D68.51",
    "N20.1",
    "N13.2",
    "I10",
    "Z79.84",
    "T79.6XXA",
]


def suggested(codes, predicted=None, system="icd10cm", reason=None):
    predicted = [True] * len(codes) if predicted is None else predicted
    return [
        Suggestion(rank, system, code, code, 0.9, said, None, (), reason=reason)
        for rank, (code, said) in enumerate(zip(codes, predicted, strict=True), 1)
    ]


@given(
    st.permutations(CODES),
    st.lists(st.booleans(), min_size=len(CODES), max_size=len(CODES)),
    st.integers(0, 11),
)
def test_no_two_predicted_codes_exclude_each_other(codes, predicted, top):
    before = suggested(codes, predicted)
    found = apply_set_rules(before)
    assert [(one.code, one.rank, one.probability) for one in found] == [
        (one.code, one.rank, one.probability) for one in before
    ]
    kept = [one.code for one in found if one.predicted]
    assert not [
        one for one in check(kept, ordered=False) if one.rule == "Excludes1" and one.severity == "error"
    ]
    for one, was in zip(found, before, strict=True):
        if one.predicted != was.predicted:  # only for a code that stands before it
            other = one.reason.removeprefix("not beside ").partition(":")[0]
            assert other in kept[: kept.index(other) + 1]
            assert codes.index(other) < codes.index(one.code)
    assert apply_set_rules(before[:top]) == found[:top]


def test_the_likelier_stays_whichever_it_is():
    for codes in (["N13.2", "N20.1"], ["N20.1", "N13.2"]):
        first, second = apply_set_rules(suggested(codes))
        assert (first.predicted, second.predicted) == (True, False)
        assert second.reason == f"not beside {codes[0]}: Excludes1 note at N20"


def test_what_is_not_predicted_excludes_nothing():
    found = apply_set_rules(suggested(["N13.2", "N20.1"], [False, True]))
    assert [one.predicted for one in found] == [False, True]


def test_a_note_about_one_condition_in_another_is_left_to_people():
    codes = ["E11.9", "R40.20"]  # "coma in diabetes": whether it is so the codes do not tell
    assert [one.severity for one in check(codes, ordered=False) if one.rule == "Excludes1"] == ["warning"]
    assert all(one.predicted for one in apply_set_rules(suggested(codes)))


@pytest.mark.parametrize("system", ["icd9cm", "house"])
def test_other_systems_have_no_such_notes(system):
    found = suggested(["N13.2", "N20.1", "Z79.84", "E11.9"], system=system)
    assert apply_set_rules(found, [Code("icd10cm", "E11.9")]) == found


def test_a_companion_says_what_asks_for_it():
    asking = [Code("icd10cm", "E11.9"), Code("icd9cm", "250.00")]
    found = apply_set_rules(suggested(["Z79.84", "I10"], [False, True]), asking)
    assert [one.reason for one in found] == ["goes with E11.9 (I.C.4.a.3; note at E11)", None]
    kept = apply_set_rules(suggested(["Z79.84"], reason="said so"), asking)
    assert kept[0].reason == "said so"


def test_a_code_that_is_set_apart_asks_for_nothing():
    likelier = [Code("icd10cm", "E10.9"), Code("icd10cm", "E11.9")]
    assert apply_set_rules(suggested(["Z79.84"]), likelier)[0].reason is None
    assert apply_set_rules(suggested(["Z79.84"]), likelier[::-1])[0].reason is not None


def test_no_code_asks_for_itself():
    assert apply_set_rules(suggested(["J45.909"]), [Code("icd10cm", "J45.909")])[0].reason is None


def cm(*codes):
    return [Code("icd10cm", code) for code in codes]


@pytest.mark.parametrize(
    ("ranked", "top", "predicted", "found"),
    [
        (["E11.22", "R42", "N18.4", "N18.9"], 2, ["E11.22"], ["N18.4"]),  # the stage: the likeliest, once
        (["E11.22", "N18.30", "R42", "N18.4"], 3, ["E11.22"], []),  # a stage is there
        (["J44.9", "R42", "F17.210"], 2, ["J44.9"], ["F17.210"]),
        (["L03.115", "R42", "B95.62"], 2, ["L03.115"], ["B95.62"]),
        (["K74.60", "R42", "B18.2"], 2, ["K74.60"], ["B18.2"]),  # code also
        (["R29.711", "R42", "I63.9"], 2, ["R29.711"], ["I63.9"]),  # code first
        (["E11.22", "R42", "N18.4"], 2, [], []),  # nothing asks
        (["J44.9", "Z87.891", "R42", "F17.210"], 3, ["J44.9", "Z87.891"], []),  # excluded by a predicted code
        (["I10", "R42", "J45.909"], 2, ["I10"], []),
    ],
)
def test_a_companion_from_below_the_list(ranked, top, predicted, found):
    places = companions_below(cm(*ranked), top, cm(*predicted), lambda place: True)
    assert [ranked[place] for place in places] == found
    assert companions_below(cm(*ranked), top, cm(*predicted), lambda place: False) == []
    house = [Code("house", code) for code in ranked]
    assert companions_below(house, top, house, lambda place: True) == []


def test_a_companion_takes_the_last_place_that_is_not_predicted():
    listed, more = (
        suggested(["E11.22", "R42", "R05.9", "I10"], [True, False, False, True]),
        suggested(["N18.4"]),
    )
    found = with_companions(listed, more)
    assert [(one.rank, one.code) for one in found] == [(1, "E11.22"), (2, "R42"), (3, "I10"), (4, "N18.4")]
    assert with_companions(suggested(["E11.22", "I10"]), more) == suggested(["E11.22", "I10"])
    assert with_companions(listed, []) == listed


def test_the_starter_shows_a_companion_that_the_note_says(tmp_path):
    note = "OSA. Uses CPAP sometimes. Snoring."
    first, companion = Coder.load().code(note, top=2)
    assert (first.code, first.predicted) == ("G47.33", True)
    assert companion.code == "Z99.89"
    assert (companion.predicted, companion.rank) == (False, 2)
    assert companion.reason.startswith("goes with G47.33")
    assert [span.text for span in companion.evidence] == ["Uses CPAP"]
    unsaid = Coder.load().code(note.replace("Uses CPAP sometimes", "Well"), top=2)
    assert not [one for one in unsaid if one.code == "Z99.89"]
    (tmp_path / "note.txt").write_text(note)
    shown = CliRunner().invoke(app, ["code", str(tmp_path / "note.txt"), "--top", "2"]).output
    assert "Z99.89" in shown
    assert "goes with" in shown


def test_many_notes_keep_the_rules_too(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("INR 8.1, elevated INR. Factor V Leiden.")
    out = tmp_path / "codes.jsonl"
    notes = [str(tmp_path / f"{name}.txt") for name in "ab"]
    answer = CliRunner().invoke(app, ["code", *notes, "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    for line in out.read_text().splitlines():
        found = {one["code"]: one for one in json.loads(line)["suggestions"]}
        assert (found["D68.51"]["predicted"], found["R79.1"]["predicted"]) == (True, False)
        assert found["R79.1"]["reason"].startswith("not beside D68.51")


def test_of_two_codes_that_say_the_same_the_likelier_is_predicted():
    found = apply_set_rules(
        suggested(["E87.2", "E87.20", "C78.01", "C78.02", "C78.00", "S72.001A", "S72.002A"])
    )
    assert [one.code for one in found if one.predicted] == [
        "E87.2",
        "C78.01",
        "C78.02",
        "S72.001A",
        "S72.002A",
    ]
    assert found[1].reason == "not beside E87.2: E87.20 is below E87.2"
    assert found[4].reason == "not beside C78.01: the same condition"


def test_beside_a_likelier_sibling_a_prior_predicts_codes_that_it_saw_seldom_only_when_sure():
    ranked = [
        Suggestion(rank, "icd10cm", code, code, probability, True, notes, ())
        for rank, (code, probability, notes) in enumerate(
            [
                ("R10.11", 0.7, 0),
                ("R10.13", 0.6, 3),
                ("R10.33", 0.5, 12),
                ("R10.31", 0.5, 3),
                ("I10", 0.4, 3),
            ],
            1,
        )
    ]
    assert all(one.predicted for one in apply_set_rules(ranked))
    found = apply_set_rules(ranked, by_prior=True)
    assert [one.code for one in found if not one.predicted] == ["R10.31"]
    assert found[3].reason == "not beside R10.11: a likelier code of its category"
    assert found == reapply_set_rules(found)
    freed = reapply_set_rules([replace(one, predicted=one.code == "I10") for one in found])
    assert [one.code for one in freed if one.predicted] == ["R10.31", "I10"]
