"""What follows from codes that stand together, on lines and on beginnings of codes."""

import numpy as np
import pytest

from icdbridge.knowledge.presumptions import Beginnings
from icdbridge.starter.coding_rules import apply_rules
from icdbridge.starter.converting import counterparts, in_icd9
from icdbridge.starter.found import Found
from icdbridge.starter.line_features import FEATURES, phrase_key
from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import read_note
from icdbridge.starter.tree import Tree


@pytest.mark.parametrize(
    ("codes", "code", "begins"),
    [
        (("N18",), "N18.4", True), (("N18.4",), "N18.4", True), (("N18.4",), "N18.5", False),
        (("J96.0",), "J96.01", True), (("O",), "O24.419", True), (("V", "W11"), "W11.XXXA", True),
        (("V", "W11"), "V03.10XA", True), (("V", "W11"), "W10.0XXA", False), ((), "I10", False),
    ],
)  # fmt: skip
def test_beginnings(codes, code, begins):
    assert Beginnings(codes).begins(code) is begins
    assert Beginnings(codes).begins_any({"A00": frozenset({"A00.0"}), code[:3]: frozenset({code})}) is begins
    assert not Beginnings(codes).begins_any({})


@pytest.mark.parametrize(
    ("note", "code", "context"),
    [
        ("Pneumonia with cough.", "R05.9", "integral"),
        ("Type 2 diabetes. CKD stage 4.", "E11.9", "replaced"),
        ("Right hemiplegia from his prior stroke.", "G81.91", "replaced"),
    ],
)
def test_what_a_rule_takes_away_is_still_shown(note, code, context, starter):
    found = next(one for one in starter.code(note) if one.code == code)
    assert found.doubted
    assert {span.context for span in found.speaking} == {context}


@pytest.mark.parametrize(
    ("note", "codes"),
    [
        ("Residual aphasia from his prior stroke.", {"I69.320"}),
        ("Prior stroke, left with dysarthria.", {"I69.322"}),
        ("Acute ischemic stroke with right hemiplegia.", {"I63.9", "G81.91"}),  # not yet a sequela
        ("History of stroke.", {"Z86.73"}),
    ],
)
def test_sequelae_of_a_stroke(note, codes, asserted):
    """Guideline I.C.9.d."""
    assert asserted(note) == codes


def test_a_measure_is_coded_once_by_its_first_number(starter):
    """Also where its words alone name the same code."""
    found = starter.code("Acute stroke, NIHSS 0, later NIHSS 3.")
    assert sorted(one.code for one in found if not one.doubted) == ["I63.9", "R29.700"]
    assert len({one.code for one in found}) == len(found)


def test_no_rule_acts_on_what_is_denied(asserted):
    assert asserted("Hypertension. No heart failure. CKD stage 3a.") == {"I12.9", "N18.31"}


@pytest.mark.parametrize(
    ("ten", "nine"),
    [
        ("I10", ("401.9",)),
        ("M54.50", ("724.2",)),
        ("E11.9", ("250.00",)),
        ("J18.9", ("486",)),
        ("Q", ()),
        # what hospitals mean by the commonest ones, where the mappings offer several
        ("F32.A", ("311",)),
        ("J44.9", ("496",)),
        ("I48.19", ("427.31",)),
        ("K64.1", ("455.0",)),
        # newer than the mappings: by what they were divided from, never from an injury to its aftercare
        ("E66.01", ("278.01",)),
        ("S02.652A", ("802.25",)),
        # before delivery, unless it is of childbirth
        ("O34.219", ("654.23",)),
        ("O24.414", ("648.83",)),
        ("O14.04", ("642.41",)),
    ],
)
def test_counterparts(ten, nine):
    assert counterparts(ten) == nine


def test_in_icd9_each_code_once_by_its_best(starter):
    def found(code, confidence, doubted=False):
        return Found(code, "", confidence, (), (), "", doubted)

    left_right = [found("M17.12", 0.4), found("M17.11", 0.6), found("I10", 0.5)]
    converted = in_icd9(sorted(left_right, key=lambda one: -one.confidence))
    assert [(one.code, one.confidence) for one in converted] == [("715.16", 0.6), ("401.9", 0.5)]
    assert in_icd9([]) == []


def test_features_have_one_name_each_and_no_phrase_in_clear():
    assert len(set(FEATURES)) == len(FEATURES)
    assert phrase_key(["chest", "pain"], "R07.9") == phrase_key(["pain", "chest"], "R07.9")
    assert phrase_key(["chest", "pain"], "R07.9") != phrase_key(["chest", "pain"], "R07.89")
    assert 0 <= phrase_key([], "I10") < 2**32


def test_features_of_lines_are_numbers(starter):
    for text in ("", "Asthma.", "Obesity, BMI 34.2. Mother had breast cancer. Allergies: penicillin."):
        note, lines = starter.lines(text)
        features = starter.features(note, lines, starter.ranking)
        assert features.shape == (len(lines), len(FEATURES))
        assert (abs(features) < 1e6).all()


def test_what_wordings_say_is_left_out_in_another_system():
    """The ways of putting it that are coded in ICD-10-CM have no code in ICD-9."""
    nothing = np.zeros(0, np.int64)
    tree = Tree(["428.0"], ["CHF"], [], np.array([-1]), np.array([0]), np.array([True]), nothing, nothing)
    note = read_note("Heart failure. On home oxygen. Flu shot given today.", {})
    line = Line(0)
    assert apply_rules(note, [line], tree) == [line]


def test_a_line_that_several_rules_speak_for_has_each_mention_once(starter):
    lines = starter.lines("Type 2 diabetes with neuropathy and a foot ulcer, CKD stage 3, hypertension.")[1]
    assert any(line.origin == "rule" for line in lines)
    for line in lines:
        mentions = [one.places for one in line.said]
        assert len(mentions) == len(set(mentions))
