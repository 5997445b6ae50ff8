"""Which codes small notes of our own have, and which they have not: ``notes_*.py`` by what they are about."""

import pytest
from tests.starter import notes_forms_and_relatives, notes_gone_and_general, notes_past_and_present

_NOTES = (notes_past_and_present, notes_gone_and_general, notes_forms_and_relatives)


@pytest.mark.parametrize(("note", "codes"), [pair for kind in _NOTES for pair in kind.CODED.items()])
def test_what_speaks_for_a_code(asserted, note, codes):
    assert asserted(note) >= {*codes.split()}


@pytest.mark.parametrize(("note", "beginnings"), [pair for kind in _NOTES for pair in kind.NOT_CODED.items()])
def test_what_speaks_for_none(asserted, note, beginnings):
    assert not [code for code in asserted(note) if code.startswith(tuple(beginnings.split()))]


def test_diagnoses_that_a_sentence_only_names_are_likely(starter):
    found = {
        one.code: one.confidence
        for one in starter.code("DIAGNOSIS: Low back pain and degenerative lumbar disk.")
    }
    assert found["M51.360"] > 0.5


def test_what_a_poisoning_did_goes_with_poisonings_only(starter):
    note = "Acute hypoxic respiratory failure. Hyperglycemia due to prednisone."
    reasons = {one.code: one.reason for one in starter.code(note)}
    assert "T38" not in reasons["J96.01"]
    overdose = "Acute hypoxic respiratory failure after an accidental heroin overdose."
    reasons = {one.code: one.reason for one in starter.code(overdose)}
    assert "T40.1X1A" in reasons["J96.01"]
