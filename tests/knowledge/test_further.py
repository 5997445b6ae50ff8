"""Further names of codes for training: a table or the packed index."""

import pytest

from icdbridge.codes import Code
from icdbridge.errors import InputError
from icdbridge.knowledge.further import further_terms


def test_the_packed_index_by_its_name():
    found = further_terms("knowledge")
    assert "congestive heart failure" in found[Code("icd10cm", "I50.9")]
    assert sum(map(len, found.values())) > 60_000


def test_procedures_have_names_too_also_where_codes_are_cut():
    found = further_terms("knowledge")
    assert "laparoscopic cholecystectomy" in found[Code("icd10pcs", "0FT44ZZ")]
    assert "cholecystectomy" in found[Code("icd10pcs", "0FT4")]


def test_a_table_by_its_path(tmp_path):
    table = tmp_path / "terms.csv"
    table.write_text("code,term\nI10,htn\n")
    assert further_terms(table) == {Code("icd10cm", "I10"): ["htn"]}


def test_nothing_asked_for_is_nothing():
    assert further_terms(None) == {}


def test_what_is_no_table_is_an_error(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        further_terms(tmp_path / "absent.csv")
