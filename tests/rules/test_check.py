"""Sets of codes made by hand, whose errors and warnings were decided before they were checked; and any strings."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icdbridge import InputError
from icdbridge.codes import load_system
from icdbridge.knowledge.families import billable_below
from icdbridge.rules import Finding, Given, check

HERE = Path(__file__).parent


def hand_made():
    with (HERE / "hand_made.tsv").open(encoding="utf-8", newline="") as handle:
        return [
            pytest.param(
                row["codes"],
                row["facts"] or "",
                row["expected"] or "",
                id=f"{row['codes']} {row['facts'] or ''}",
            )
            for row in csv.DictReader(handle, delimiter="\t")
        ]


def read_facts(text):
    facts = dict(part.split("=") for part in text.split())
    if "age" in facts:
        facts["age"] = float(facts["age"])
    if "ordered" in facts:
        facts["ordered"] = facts["ordered"] == "yes"
    return facts


def read_given(text):
    """A code as the table has it: CODE!POA, CODE?CERTAINTY."""
    code, _, certainty = text.partition("?")
    code, _, poa = code.partition("!")
    return Given(code, poa or None, certainty or None)


def told(finding):
    return f"{finding.severity} {finding.rule} {' '.join(sorted(finding.codes))}"


@pytest.mark.parametrize(("codes", "facts", "expected"), hand_made())
def test_sets_made_by_hand(codes, facts, expected):
    found = sorted(
        told(one)
        for one in check(map(read_given, codes.split()), **read_facts(facts))
        if one.severity != "note"
    )
    assert found == sorted(expected.split("|") if expected else [])


def test_there_are_enough_of_them():
    assert len(hand_made()) == 312


# Real codes, categories, near misses and anything else.
CODES = sorted(load_system("icd10cm").titles)[::97]
TEXTS = st.one_of(
    st.sampled_from(CODES),
    st.sampled_from(["I10", "I11.0", "N18.4", "E11.9", "E11.22", "S72.001", "428.0", "0DTJ4ZZ", "I50"]),
    st.text(max_size=12),
    st.from_regex(r"[A-Z][0-9]{2}\.?[0-9A-Z]{0,4}", fullmatch=True),
)
SETS = st.lists(TEXTS, max_size=8)


@settings(max_examples=60)
@given(SETS, st.sampled_from([None, "icd9", "icd10"]), st.dates().map(str) | st.none())
@example(["A:0"], None, "2000-01-01")  # a code of a system that nobody declared
def test_any_strings_give_findings(texts, version, day):
    found = check(texts, version=version, date=day, sex="f", age=50, setting="outpatient")
    for one in found:
        assert isinstance(one, Finding)
        assert one.codes
        assert one.message
        assert one.action
        assert one.source
    assert [one.rank for one in found] == sorted(one.rank for one in found)


@settings(max_examples=60)
@given(SETS, st.randoms())
def test_order_changes_nothing_but_what_comes_first(texts, shuffler):
    mixed = list(texts)
    shuffler.shuffle(mixed)
    assert check(texts, ordered=False) == check(mixed, ordered=False)
    if texts:
        rest = texts[1:]
        shuffler.shuffle(rest)
        assert check(texts) == check([texts[0], *rest])


@settings(max_examples=30)
@given(st.lists(st.sampled_from(CODES), max_size=6), st.sampled_from(CODES))
def test_a_further_code_takes_no_excludes_away(codes, more):
    def excluded(several):
        return {one.codes for one in check(several, ordered=False) if one.rule == "Excludes1"}

    assert excluded(codes) <= excluded([*codes, more])


def test_no_text_of_control_characters_is_shown():
    (one,) = check(["\x1b[31mI10"])
    assert one.rule == "unknown code"
    assert "\x1b" not in one.message + "".join(one.codes)


@pytest.mark.parametrize(
    "facts",
    [{"date": "2025-02-30"}, {"date": "yesterday"}, {"age": -1}, {"age": 500}, {"setting": "at home"}],
)
def test_facts_that_are_none_are_refused(facts):
    with pytest.raises(InputError):
        check(["I10"], **facts)


def test_what_to_choose_from_is_given():
    (one,) = [one for one in check(["S72.001"]) if one.rule == "7th character"]
    assert one.choices[0] == "S72.001A"
    assert len(one.choices) == 16
    (one,) = [one for one in check(["I50"]) if one.rule == "not billable"]
    assert one.choices[0] == "I50.9"
    assert "I50.22" in one.choices
    (one,) = [one for one in check(["M17.11", "M17.12"]) if one.rule == "both sides"]
    assert one.choices == ("M17.0",)
    (one,) = [one for one in check(["I10", "N18.4"]) if one.rule == "combination"]
    assert one.choices == ("I12.9",)


def test_what_is_longer_than_any_code_is_taken_for_its_beginning():
    [found] = check(["S72.001AA"])
    assert found.action.startswith("did you mean S72.001A")


def test_a_date_that_no_release_covers_is_said():
    (one,) = [one for one in check(["I10"], date="2019-05-01") if one.rule == "date not covered"]
    assert one.severity == "note"
    assert "FY2024" in one.message
    (one,) = [one for one in check(["0DTJ4ZZ"], date="2025-11-02") if one.rule == "date not covered"]
    assert "icd10pcs" in one.message or "ICD-10-PCS" in one.message
    assert not [one for one in check(["I10"], date="2025-11-02") if one.rule == "date not covered"]


def test_present_on_admission_is_one_of_five():
    assert [one.rule for one in check([Given("J18.9", poa="X")]) if one.severity == "error"] == [
        "present on admission"
    ]
    assert not [one for one in check([Given("J18.9", poa="y")]) if one.severity == "error"]


def test_a_companion_that_is_there_is_not_asked_for():
    def asked(*codes):
        return {one.source for one in check(codes) if one.rule == "use additional code"}

    assert "note at E11" in asked("E11.9")
    assert "note at E11" not in asked("E11.9", "Z79.4")


def test_sepsis_of_an_organism_is_the_infection_of_severe_sepsis():
    assert not [one for one in check(["A41.51", "R65.21"]) if one.rule == "code first"]
    assert [one for one in check(["J18.9", "R65.21"]) if one.rule == "code first"]


def test_a_coma_scale_is_no_part_of_its_injury():
    assert not [one for one in check(["S06.0X1A", "R40.2411"]) if one.rule == "integral symptom"]


def test_a_category_says_how_many_codes_are_below_it():
    (found,) = (one for one in check(["E11"]) if one.rule == "not billable")
    assert found.action == f"choose one of the {len(billable_below('E11'))} codes below it"
    (found,) = (one for one in check(["0DTJ4Z"]) if one.rule == "not billable")
    assert "has 6 characters, a code of ICD-10-PCS has 7" in found.message
    assert found.action == "choose 0DTJ4ZZ, the only code below it"


def test_a_7th_character_that_is_no_encounter_is_not_called_one():
    def action(code):
        return next(one.action for one in check([code]) if one.rule == "7th character")

    assert "encounter" in action("S52.501")
    assert "encounter" not in action("O60.14")


def test_two_codes_that_one_code_says_are_told_once_with_that_code() -> None:
    (told,) = [one for one in check(["I20.9", "I25.10"]) if one.severity != "note"]
    assert (told.rule, told.choices) == ("Excludes1", ("I25.119",))
    assert "I25.119 in place of" in told.action


def test_an_infection_is_first_where_the_sepsis_came_later():
    rules = [one.rule for one in check([Given("N39.0", "Y"), Given("A41.51", "N")])]
    assert "principal: sepsis" not in rules
    assert "principal: sepsis" in [one.rule for one in check([Given("N39.0", "Y"), Given("A41.51", "Y")])]
