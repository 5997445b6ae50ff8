"""Index rows as people say them."""

import pytest

from icdbridge.knowledge.wording import neoplasms, spoken, substances


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Failure, heart, congestive", ["congestive heart failure"]),
        ("Diabetes, diabetic, with, retinopathy, proliferative, with macular edema",
         ["diabetes with proliferative retinopathy with macular edema"]),
        ("Fracture, traumatic, ulna, upper end, olecranon process", ["olecranon process upper end ulna fracture"]),
        ("Fracture, pathological, hip", ["hip pathological fracture"]),
        ("Abdomen, abdominal, acute", ["acute abdomen", "acute abdominal"]),
        ("Gout, gouty, secondary NEC, ankle", ["ankle secondary gout"]),
        ("History, personal, malignant neoplasm, breast", ["personal history of breast malignant neoplasm"]),
        ("Aarskog's syndrome", ["Aarskog's syndrome"]),
        ("Aberrant, artery, specified site NEC", []),
        ("Arthritis, arthritic, specified form NEC", []),
        ("Arthritis, arthritic, unspecified", ["arthritis"]),
    ],
)  # fmt: skip
def test_an_index_row_is_read_backwards_and_links_stay_behind(row, expected):
    found = spoken(row.split(", "))
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


def test_linking_phrases_of_one_meaning_are_one():
    assert spoken(["Accident", "caused by, due to", "animal NEC"]) == ["accident caused by animal"]


def test_forms_that_have_one_stem_are_one_wording():
    assert spoken(["Diabetes", "diabetic", "bronzed"]) == ["bronzed diabetes"]
    assert spoken(["Neck", "nasal, nose", "swelling"]) == ["swelling nasal neck", "swelling nose neck"]


def test_each_column_of_the_neoplasm_table_has_its_words():
    primary, secondary, in_situ, benign, uncertain, unspecified = neoplasms(
        ["Neoplasm, neoplastic", "breast"]
    )
    assert "malignant neoplasm of breast" in primary
    assert "breast cancer" in primary
    assert "metastasis to breast" in secondary
    assert in_situ == ["carcinoma in situ of breast"]
    assert "benign neoplasm of breast" in benign
    assert uncertain == ["neoplasm of uncertain behavior of breast"]
    assert "breast tumor" in unspecified


def test_a_neoplasm_without_a_site_is_named_by_its_behaviour_alone():
    columns = neoplasms(["Neoplasm, neoplastic"])
    assert "cancer" in columns[0]
    assert "metastasis" in columns[1]
    assert columns[2] == ["carcinoma in situ"]
    assert not [text for texts in columns for text in texts if "{" in text or text.endswith(("of", "to"))]


def test_a_histology_in_the_neoplasm_table_is_the_noun():
    primary, *others = neoplasms(["Neoplasm, neoplastic", "lip", "skin", "basal cell carcinoma"])
    assert primary == ["basal cell carcinoma of skin lip"]
    assert not any(others)


def test_poisoning_is_accidental_where_nothing_is_said_and_only_chemicals_are_toxic_by_nature():
    drug = substances(["Acetaminophen"], medicinal=True)
    assert "acetaminophen overdose" in drug[0]
    assert "acetaminophen toxicity" in drug[4]
    assert "intentional acetaminophen overdose" in drug[1]
    chemical = substances(["Lye", "concentrated"], medicinal=False)
    assert "toxic effect of concentrated lye" in chemical[0]
