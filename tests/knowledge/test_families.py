"""Families of codes: what is below, the default, what tells siblings apart."""

import pytest

from icdbridge.codes import load_system
from icdbridge.errors import InputError
from icdbridge.knowledge.families import axes, billable_below, children, default_child, facets


@pytest.mark.parametrize("system", ["icd10cm", "icd9cm", "icd9proc"])
def test_every_category_has_a_billable_default_below_it(system):
    table = load_system(system)
    for category in {
        *table.headings,
        *(code[:3] if system == "icd10pcs" else code.partition(".")[0] for code in table.titles),
    }:
        assert default_child(category, system) in table.titles
        assert default_child(category, system).startswith(category)


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("I50", "I50.9"),
        ("E11", "E11.9"),
        ("J18", "J18.9"),
        ("J45", "J45.909"),
        ("N18.3", "N18.30"),
        ("K80", "K80.20"),
        ("K21", "K21.9"),
        ("G40", "G40.909"),
        ("G43", "G43.909"),
        ("F17", "F17.200"),
        ("L89", "L89.90"),
        ("C50", "C50.919"),
        ("C34", "C34.90"),
        ("I25.1", "I25.10"),
        ("R11", "R11.2"),
        ("S06.0", "S06.0XAA"),  # inclusion term "Concussion NOS"
        ("S72.00", "S72.009A"),  # side unspecified, closed, active treatment
        ("S82.84", "S82.843A"),  # displaced where nothing is said
        ("T39.1X", "T39.1X1A"),  # accidental where nothing is said
        ("O24.91", "O24.919"),  # unspecified trimester
        ("H40.10", "H40.10X0"),  # unspecified stage
        ("W10", "W10.9XXA"),
        ("I10", "I10"),
    ],
)
def test_the_default_is_what_the_guidelines_assume(category, code):
    assert default_child(category) == code


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("250", "250.00"),
        ("401", "401.9"),
        ("493", "493.90"),
        ("574", "574.20"),
        ("599.7", "599.70"),
        ("486", "486"),
    ],
)
def test_defaults_of_icd_9(category, code):
    assert default_child(category, "icd9cm") == code


def test_children_are_those_of_the_system():
    table = load_system("icd10cm")
    for category in ("I50", "S72.0", "O24", "T36.0X1"):
        assert children(category) == table.children(category)
    assert children("I10") == []
    assert children("428", "icd9cm") == ["428.0", "428.1", "428.2", "428.3", "428.4", "428.9"]
    assert billable_below("I10") == ["I10"]
    assert all(code in table.titles for code in billable_below("S72.0"))


def test_axes_name_what_tells_siblings_apart():
    found = axes("S72.00")
    assert found["side"]["left"] == billable_below("S72.002")
    assert set(found["encounter"]) == {"initial", "subsequent", "sequela"}
    assert "trimester" not in found
    assert set(axes("N18")["stage"]) >= {"1", "2", "3", "3a", "4", "5", "end stage"}
    assert axes("J44")["with"]["(acute) exacerbation"] == ["J44.1"]
    assert axes("I50")["acuity"]["acute on chronic"] == ["I50.23", "I50.33", "I50.43", "I50.813"]
    for values in axes("M17").values():
        assert sorted(code for codes in values.values() for code in codes) == billable_below("M17")


def test_facets_are_what_a_title_says():
    assert facets("S72.002A") == {"side": "left", "encounter": "initial", "fracture": "closed"}
    assert facets("T39.1X2A")["intent"] == "self-harm"
    assert facets("N18.30")["stage"] == "3"
    assert facets("I50.1") == {}


def test_what_begins_no_code_is_an_error():
    with pytest.raises(InputError, match=r"no code of icd10cm begins with 'X00\.99'"):
        default_child("X00.99")
