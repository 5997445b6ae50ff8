"""What codes are called: known entries of the published tables, in every system."""

from collections import Counter

import pytest

from icdbridge.codes import SYSTEMS, load_system
from icdbridge.errors import InputError
from icdbridge.knowledge.terms import SOURCES, dropped, terms
from icdbridge.knowledge.words import stems


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("diabetes", "E11.9"),
        ("congestive heart failure", "I50.9"),
        ("hip fracture", "S72.00"),
        ("fracture of neck of femur", "S72.00"),
        ("pneumonia", "J18.9"),
        ("breast cancer", "C50.9"),
        ("malignant neoplasm of upper lobe of lung", "C34.1"),
        ("metastasis to liver", "C78.7"),
        ("liver tumor", "D49.0"),
        ("carcinoma in situ of bladder", "D09.0"),
        ("acetaminophen overdose", "T39.1X1"),
        ("intentional acetaminophen overdose", "T39.1X2"),
        ("adverse effect of penicillin", "T36.0X5"),
        ("insulin underdosing", "T38.3X6"),
        ("fall from stairs", "W10.9"),
        ("family history of breast malignant neoplasm", "Z80.3"),
    ],
)
def test_what_the_official_tables_say(said, code):
    called = [set(stems(term.text)) for term in terms("icd10cm") if term.code == code]
    assert set(stems(said)) in called


def test_every_term_leads_to_assignable_codes():
    for system in SYSTEMS:
        table = load_system(system)
        beginnings = {code[:end] for code in table.titles for end in range(2, len(code) + 1)}
        found = terms(system)
        assert {term.code for term in found} <= beginnings
        assert {term.source for term in found} <= set(SOURCES)
        assert [term for term in found if term.text.strip() != term.text or not term.text] == []


def test_every_code_has_its_title_and_nothing_is_said_twice():
    for system in SYSTEMS:
        found = terms(system)
        assert {term.code for term in found} >= set(load_system(system).titles)
        assert len({(term.text.lower(), term.code) for term in found}) == len(found)


def test_sources_bring_what_they_hold():
    counts = Counter(term.source for term in terms("icd10cm"))
    assert counts["index"] > 60_000
    assert counts["external"] > 6_000
    assert counts["neoplasm"] > 15_000
    assert counts["drug"] > 60_000
    assert not any("NEC" in term.text.split() for term in terms("icd10cm") if term.source == "index")


def test_what_is_left_out_is_counted_with_an_example():
    for entry in dropped("icd10cm"):
        assert entry.rows < 100
        assert entry.example.source == entry.source


def test_an_unknown_system_is_an_error():
    with pytest.raises(InputError, match="unknown code system"):
        terms("icd11")
