"""Sections and sentences of whole short notes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.lexical.sections import KINDS, sections
from icdbridge.lexical.sentences import item_numbers, sentences

DISCHARGE = """Admission Date: 2/3
CHIEF COMPLAINT: Weakness

HISTORY OF PRESENT ILLNESS:
Mr. Doe fell at home. Past few days he felt weak.

PAST MEDICAL HISTORY:
1. Gout
2. COPD

Family History:
Cardiac: father with MI
Mother: stroke

SOCIAL HISTORY: lives alone

Brief Hospital Course:
He was given fluids.

DISCHARGE DIAGNOSES:
Primary: dehydration

Discharge Medications:
1. Aspirin 81 mg p.o. q.d.
"""


def kinds(text):
    return [section.kind for section in sections(text)]


def test_sections_of_a_discharge_summary():
    assert kinds(DISCHARGE) == [
        "other",
        "chief_complaint",
        "hpi",
        "past_medical",
        "family",
        "social",
        "hospital_course",
        "diagnoses",
        "medications",
    ]
    family = sections(DISCHARGE)[4]
    assert DISCHARGE[family.start : family.body].strip() == "Family History:"
    assert DISCHARGE[family.body : family.end].split() == [
        "Cardiac:",
        "father",
        "with",
        "MI",
        "Mother:",
        "stroke",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She came in with cough. It got worse.", [""]),
        ("ALLERGIES: None. MEDICATIONS: aspirin. PLAN: rest.", ["allergies", "medications", "plan"]),
        ("Some words.\nPMH: gout\nA/P: rest", ["", "past_medical", "assessment"]),
        ("## Assessment and Plan\nRest.\n## Labs\nNormal.", ["assessment", "labs"]),
        ("**HPI:** cough\n**Past Surgical History**\nnone", ["hpi", "past_surgical"]),
        ("S: cough\nO: clear\nA: bronchitis\nP: rest", ["hpi", "exam", "assessment", "plan"]),
        (
            "INDICATION: cough\nTECHNIQUE: PA\nFINDINGS: clear\nIMPRESSION: none",
            ["indication", "technique", "findings", "assessment"],
        ),
        (
            "REVIEW OF SYSTEMS:\nCardiac: none\nGI: none\n\nPHYSICAL EXAM:\nHEENT: normal",
            ["review_of_systems", "exam"],
        ),
        ("Dear Dr. Roe, thank you for seeing this man. His plan: unclear.", [""]),
        ("SUBJECTIVE:,  A cough.,ALLERGIES: , None.,PLAN:,1.  Rest.", ["hpi", "allergies", "plan"]),
        ("Pertinent Labs on Admission:\nNa 140", ["labs"]),
        ("1. Past Medical History: gout\n2. Family Hx: none", ["past_medical", "family"]),
        ("Meds\naspirin\n\nAllergies\npenicillin", ["medications", "allergies"]),
        ("PMH HTN, gout\nFHx: none", ["past_medical", "family"]),
        ("Family History:\nMother: gout\n\nPHARMACY NUMBER: 5", ["family", "other"]),
        ("Hypertension: Yes\nPneumonia: No", [""]),
        ("Impression - pneumonia", ["assessment"]),
        ("Discharge Diagnosis: flu\nDischarge Instructions: rest", ["diagnoses", "discharge"]),
        ("Seen at 10:30 for a review. Vitals: normal", ["", "vitals"]),
        ("Allergy: 12M with asthma\nAllergies: none", ["hpi", "allergies"]),
        ("Allergies: penicillin", ["allergies"]),
        ("", []),
    ],
)
def test_kinds_of_sections(text, expected):
    assert kinds(text) == expected


@given(st.text(alphabet="AaPp:\n \t.,-*#1)[]HMx\u00e9\u2028", max_size=80))
def test_sections_cover_a_note_without_gaps(text):
    found = sections(text)
    assert "".join(text[section.start : section.end] for section in found) == text
    for section in found:
        assert section.kind in KINDS
        assert section.start <= section.body <= section.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Roe saw pt. today. She is well.", ["Dr. Roe saw pt. today.", "She is well."]),
        (
            "Aspirin 81 mg q.d. and 2.5 mg p.o. b.i.d. Return.",
            ["Aspirin 81 mg q.d. and 2.5 mg p.o. b.i.d.", "Return."],
        ),
        ("No fever.Lungs clear.", ["No fever.", "Lungs clear."]),
        ("Gout: yes\nCough: no", ["Gout: yes", "Cough: no"]),
        ("- gout\n- cough", ["- gout", "- cough"]),
        ("1. Gout\n2. Cough", ["1. Gout", "2. Cough"]),
        ("one\n\ntwo", ["one", "two"]),
        ("She denies fever,\nchills or sweats. Well.", ["She denies fever,\nchills or sweats.", "Well."]),
        (
            "The patient has been followed for many years by the clinic\nfor her gout. Stable.",
            ["The patient has been followed for many years by the clinic\nfor her gout.", "Stable."],
        ),
        ("No fever\nCough\nSore throat", ["No fever", "Cough", "Sore throat"]),
        ("Fever? No. Cough? Yes.", ["Fever? No.", "Cough? Yes."]),
        ("Seen vs. J. Smith. ok", ["Seen vs. J. Smith.", "ok"]),
        ("No c-spine fx. Gout.", ["No c-spine fx.", "Gout."]),
        ("1. HTN 2. CKD stage 3. 3. Gout", ["1. HTN", "2. CKD stage 3.", "3. Gout"]),
        ("1) no fever 2) cough", ["1) no fever", "2) cough"]),
        ("DM type 2. Gout", ["DM type 2.", "Gout"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text, expected):
    assert [text[start:end] for start, end in sentences(text)] == expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("A/P: 1. COPD. 2. HTN, 3. fall", ["1.", "2.", "3."]),
        ("12. Anemia\n13. CKD 14. Gout", ["12.", "13.", "14."]),
        ("1. CKD stage 3. 2. DM type 2. 3. Gout", ["1.", "2.", "3."]),
        ("Took 2. Then 3. left", []),
        ("1.5 mg, GCS 14. Next", []),
        ("History of 1. asthma", []),
        ("A: 1 BPH w LUTS 2 elevated PSA 3 L ureteral calculus 4 bladder mass", ["1", "2", "3", "4"]),
        ("1 HTN 2 DM type 2 3 CKD stage 3 4 gout", ["1", "2", "3", "4"]),
        ("Take 1 tablet 2 times daily for 3 weeks", []),
        ("1 tab BID 2 puffs 3 times", []),
        ("He has 1 dog 2 cats 3 kids", []),
    ],
)
def test_numbers_that_count_items(text, numbers):
    assert [text[start:end] for start, end in item_numbers(text)] == numbers


@given(st.text(max_size=60))
def test_sentences_lose_nothing_but_white_space(text):
    found = sentences(text)
    assert "".join("".join(text[start:end].split()) for start, end in found) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
