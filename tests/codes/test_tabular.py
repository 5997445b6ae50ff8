"""The tabular list of ICD-10-CM, read from its files."""

import pytest

from icdbridge.codes import load_system
from icdbridge.codes.packages import tabular


def test_it_is_what_the_package_reads():
    cm = pytest.importorskip("simple_icd_10_cm")
    found = tabular()
    assert len(found.leaves) == 74_719
    for code in [*list(found.leaves)[::997], *list(found.headings)[::499]]:
        assert cm.is_leaf(code) == (code in found.leaves)
        assert found.inclusion.get(code, ()) == tuple(
            dict.fromkeys(" ".join(term.split()) for term in cm.get_inclusion_term(code))
        )


def test_seventh_characters_are_those_that_exist():
    titles = load_system("icd10cm").titles
    assert tabular().leaves["S72.002A"].endswith("initial encounter for closed fracture")
    assert "S72.002" in tabular().headings
    assert "W10.9XXA" in titles
    assert "O80" in titles


def test_categories_say_what_they_include():
    assert "high blood pressure" in tabular().includes["I10"]
