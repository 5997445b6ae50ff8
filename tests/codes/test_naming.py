"""What codes are called."""

import pytest

from icdbridge.codes import Code, code_names, read_terms
from icdbridge.codes.naming import shortened
from icdbridge.errors import InputError


def names(key, description="x", **given):
    return {name.text: name.kind for name in code_names([key], [description], **given)[0]}


def test_the_description_comes_first_and_every_wording_once():
    found = code_names(["icd10cm:I21.4"], ["Heart attack"])[0]
    assert found[0] == ("Heart attack", "title")
    assert len({name.text for name in found}) == len(found)


def test_inclusion_terms_and_ancestors_of_icd10():
    found = names("icd10cm:I21.4", "Non-ST elevation (NSTEMI) myocardial infarction")
    assert found["Nontransmural myocardial infarction NOS"] == "inclusion"
    assert found["Acute myocardial infarction"] == "ancestor"


def test_icd9_codes_are_called_what_gem_gives():
    found = names("icd9cm:250.00")
    assert found["Type 2 diabetes mellitus without complications"] == "approximate"
    assert names("icd9cm:401.9")["Essential (primary) hypertension"] in ("equivalent", "approximate")


def test_procedures_are_called_what_icd9_called_them():
    assert "Closed (percutaneous) [needle] biopsy of liver" in names("icd10pcs:0FB03ZX")


def test_codes_of_the_users_own_have_their_description():
    assert names("mine:X1", "A thing") == {"A thing": "title"}


def test_terms_name_codes_and_the_codes_below_categories(tmp_path):
    file = tmp_path / "terms.tsv"
    file.write_text("full_term\tcode\nHeart attack, silent\tI21.4\nCoronary, occlusion\tI21.-\n")
    terms = read_terms(file)
    assert terms == {
        Code("icd10cm", "I21.4"): ["Heart attack, silent"],
        Code("icd10cm", "I21"): ["Coronary, occlusion"],
    }
    found = names("icd10cm:I21.4", terms=terms)
    assert found["Heart attack, silent"] == "index"
    assert found["Coronary, occlusion"] == "ancestor"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("terms.xlsx", "", "is empty"),
        ("terms.csv", "code,word\nI10,x\n", "has no column term, nor full_term"),
        ("terms.csv", "code,term\nI21.4,\n", "row 2, column term: the term is empty"),
        ("terms.csv", "code,term\nhello,pain\n", "row 2, column code: 'hello' is not a code of icd10cm"),
    ],
)
def test_a_bad_table_of_terms_is_named(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_terms(tmp_path / name)


def test_the_public_index_is_read(public_data):
    terms = read_terms(public_data / "icd10cm_index" / "ICD10CM_2025_Index_fullterm.tsv")
    assert sum(map(len, terms.values())) == 62_721
    assert len(terms) > 20_000


@pytest.mark.parametrize(
    ("title", "short"),
    [
        (
            "Malignant neoplasm of testis, unspecified whether descended or undescended",
            ["Malignant neoplasm of testis"],
        ),
        ("Cryptococcosis, unspecified", ["Cryptococcosis"]),
        (
            "Unspecified open wound of unspecified finger without damage to nail, initial encounter",
            ["Unspecified open wound of unspecified finger"],
        ),
        ("Abscess of corpus cavernosum and penis", ["Abscess of corpus cavernosum", "Abscess of penis"]),
        ("Encounter for palliative care", ["palliative care"]),
        ("Encounter for immunization", []),  # one word says too little
        ("Estrogen receptor positive status", ["Estrogen receptor positive"]),
        ("Kidney transplant status", []),  # without its last word it is something done
        ("Essential (primary) hypertension", []),
        ("Without", []),
    ],
)
def test_titles_as_notes_would_say_them(title, short):
    assert shortened(title) == short
    assert names("icd10cm:B45.9", "Cryptococcosis, unspecified")["Cryptococcosis"] == "short"
