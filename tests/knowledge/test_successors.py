"""What took the place of retired codes, and what was before new ones."""

import pytest

from icdbridge.codes import Code, load_system, releases
from icdbridge.codes.validity import validity
from icdbridge.knowledge.successors import predecessors, successors


def cm(code):
    return Code("icd10cm", code)


def test_a_code_that_was_divided_leads_to_its_parts():
    assert {one.code.code for one in successors(cm("B88.0"))} == {"B88.01", "B88.09"}
    assert successors(cm("B88.0"))[0].code == cm("B88.09")  # the default first
    assert not any(one.inferred for one in successors(cm("B88.0")))


def test_a_new_part_leads_back():
    assert [one.code for one in predecessors(cm("B88.01"))] == [cm("B88.0")]


def test_a_code_whose_placeholder_was_filled_leads_to_the_same_encounter():
    found = [one.code.code for one in successors(cm("S30.1XXD"))]
    assert found[1:]
    assert all(code.startswith("S30.1") and code.endswith("D") for code in found)
    assert successors(cm("T81.32XA"))[0].code == cm("T81.329A")  # the default first


def test_others_are_inferred_and_say_so():
    new = [
        cm(code)
        for code in sorted(set(load_system("icd10cm").titles) - set(load_system("icd10cm", "FY2024").titles))
    ]
    inferred = [code for code in new if any(one.inferred for one in predecessors(code))]
    assert inferred
    assert all(one.code.category == code.category for code in inferred for one in predecessors(code))


def retired():
    every = {code for release in releases("icd10cm") for code in load_system("icd10cm", release).titles}
    return every - set(load_system("icd10cm").titles)


def test_every_retired_code_leads_to_valid_ones():
    for code in retired():
        assert successors(cm(code)), code
        assert all(one.code.code in load_system("icd10cm").titles for one in successors(cm(code)))


def test_predecessors_were_valid_before():
    oldest = load_system("icd10cm", releases("icd10cm")[0]).titles
    new = [code for code in load_system("icd10cm").titles if code not in oldest]
    assert len(new) > 500
    for code in new[::19]:
        first = validity(cm(code)).first
        before = releases("icd10cm")[releases("icd10cm").index(first) - 1]
        assert all(one.code.code in load_system("icd10cm", before).titles for one in predecessors(cm(code)))


@pytest.mark.parametrize("code", ["I10", "I50", "Z99.9"])
def test_no_other_code_has_any(code):
    assert successors(cm(code)) == ()
    assert predecessors(cm(code)) == ()
