"""A small code system as a tree, and the way down it that the words of a note lead."""

import pytest

from icdbridge.codes import CodeSystem
from icdbridge.starter.specify import specify
from icdbridge.starter.stems import root
from icdbridge.starter.tree import Tree, build_tree, is_open, is_other

HEADINGS = {
    "I50": "Heart failure",
    "I50.2": "Systolic heart failure",
    "S72": "Fracture of femur",
    "S72.0": "Fracture of neck of femur",
    "S72.01": "Fracture of neck of right femur",
    "S72.02": "Fracture of neck of left femur",
    "S72.09": "Fracture of neck of unspecified femur",
    "B18": "Viral hepatitis",
}
ENCOUNTERS = {
    "A": "initial encounter for closed fracture",
    "B": "initial encounter for open fracture",
    "D": "subsequent encounter",
    "S": "sequela",
}
TITLES = {
    "I50.20": "Unspecified systolic heart failure",
    "I50.21": "Acute systolic heart failure",
    "I50.22": "Chronic systolic heart failure",
    "I50.9": "Heart failure, unspecified",
    "B18.0": "Viral hepatitis with delta-agent",
    "B18.1": "Viral hepatitis without delta-agent",
    "B18.8": "Other viral hepatitis",
    "J96.00": "Acute respiratory failure",
    "J96.10": "Chronic respiratory failure",
} | {
    f"S72.0{side}1{letter}": f"{HEADINGS[f'S72.0{side}']}, {encounter}"
    for side in "129"
    for letter, encounter in ENCOUNTERS.items()
}
DEFAULTS = {"I50": "I50.9", "I50.2": "I50.20", "B18": "B18.8"} | dict.fromkeys(
    ("S72", "S72.0", "S72.09"), "S72.091A"
)
DEFAULTS |= {"S72.01": "S72.011A", "S72.02": "S72.021A"}


@pytest.fixture(scope="module")
def tree():
    return build_tree(CodeSystem("icd10cm", "icd10", "test", "a test", TITLES, HEADINGS), DEFAULTS)


def near(*words):
    return {root(word): 1.0 for word in words}


def named(tree, codes):
    return [tree.codes[code] for code in codes]


def test_what_lies_below_and_above(tree):
    assert named(tree, tree.children(tree.number["I50"])) == ["I50.2", "I50.9"]
    assert tree.children(tree.number["I50.9"]) == []
    assert named(tree, tree.above(tree.number["I50.21"])) == ["I50.2", "I50"]
    assert tree.above(tree.number["I50"]) == []


def test_what_tells_siblings_apart(tree):
    assert tree.differing(tree.number["I50.21"]) == (["acute"], [])
    assert tree.differing(tree.number["S72.02"]) == (["left"], [])
    said, absent = tree.differing(tree.number["B18.1"])
    assert said == []
    assert {"delta", "agent"} <= set(absent)


def test_saved_and_opened(tree, tmp_path):
    tree.save(tmp_path)
    same = Tree.open(tmp_path)
    assert list(same.codes) == list(tree.codes)
    assert list(same.titles) == list(tree.titles)
    for code in range(len(tree.codes)):
        assert same.differing(code) == tree.differing(code)
        assert same.children(code) == tree.children(code)
    assert same.default.tolist() == tree.default.tolist()


@pytest.mark.parametrize(
    ("code", "words", "character", "found"),
    [
        ("I50", (), "A", "I50.9"),  # nothing said: the default
        ("I50", ("systolic",), "A", "I50.20"),
        ("I50", ("systolic", "chronic"), "A", "I50.22"),
        ("I50.2", ("acute",), "A", "I50.21"),
        ("I50.20", ("acute",), "A", "I50.21"),  # what leaves open may still be said
        ("I50.22", (), "A", "I50.22"),
        ("J96.00", ("chronic",), "A", "J96.10"),  # the twin
        ("J96.00", ("chronic", "acute"), "A", "J96.00"),
        ("S72.0", ("left",), "A", "S72.021A"),
        ("S72.0", ("right",), "D", "S72.011D"),
        ("S72.0", ("right",), "S", "S72.011S"),
        ("S72.0", ("right", "open"), "A", "S72.011B"),
        ("S72.0", (), "A", "S72.091A"),
        ("B18", ("delta", "agent"), "A", "B18.0"),
    ],
)
def test_the_way_down(tree, code, words, character, found):
    decision = specify(tree, tree.number[code], near(*words), character)
    assert tree.codes[decision.code] == found
    assert decision.support <= set(near(*words))
    assert decision.code not in decision.alternatives
    assert all(tree.billable[one] for one in decision.alternatives)


@pytest.mark.parametrize(
    ("title", "open_", "other"),
    [
        ("Heart failure, unspecified", True, False),
        ("Other viral hepatitis", False, True),
        ("Asthma NOS", True, False),
        ("Acute bronchitis", False, False),
    ],
)
def test_titles_that_leave_open(title, open_, other):
    assert (is_open(title), is_other(title)) == (open_, other)


def test_category_of_an_external_cause_of_icd_9():
    headings, titles = (
        {"E880": "Fall on stairs", "244": "Hypothyroidism"},
        {"E880.0": "Escalator", "244.9": "NOS"},
    )
    tree = build_tree(CodeSystem("icd9cm", "icd9", "test", "a test", titles, headings), {})
    assert named(tree, [tree.category(tree.number[code]) for code in ("E880.0", "E880", "244.9")]) == [
        "E880",
        "E880",
        "244",
    ]
