"""Several documents coded together: what repeats counts once, evidence lies where it was read, codes fit the day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.coding import Suggestion
from icdbridge.coding.encounter import code_version_on, expected_errors, fitted, join, repeated
from icdbridge.coding.set_rules import apply_set_rules
from icdbridge.lexical.evidence import Evidence

SENTENCES = [
    "Admitted with pneumonia of the right lower lobe.",
    "She was given oxygen by nasal cannula today.",
    "No fever.",
    "Type 2 diabetes is managed with metformin at home.",
    "Repeat the chest film in six weeks, then clinic visit.",
]
NOTES = st.lists(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6).map("\n".join), min_size=1, max_size=4
)


def suggestion(code, *spans, confidence=0.9, predicted=True, system="icd10cm"):
    return Suggestion(1, system, code, code, confidence, predicted, None, spans, confidence, "likely")


@given(NOTES)
def test_every_piece_of_the_joined_text_lies_where_it_says(texts):
    joined = join(texts)
    assert all(texts[one.document][one.start : one.end] == joined.text[one.at : one.at + one.end - one.start]
               for one in joined.pieces)  # fmt: skip
    for words in SENTENCES:
        at = joined.text.find(words)
        if at >= 0:
            (placed,) = joined.placed(Evidence(at, at + len(words), words, 1.0))
            assert texts[placed.document][placed.span.start : placed.span.end] == words


@given(NOTES)
def test_a_long_sentence_of_several_documents_is_read_once(texts):
    joined = join(texts)
    for words in SENTENCES[:2]:
        first = next((text for text in texts if words in text), "")
        assert joined.text.count(words) == first.count(words)


def test_one_document_stays_as_it_is():
    text = "Fever.\n" + SENTENCES[0] + "\n" + SENTENCES[0]
    assert join([text]).text == text


def test_short_sentences_and_other_sections_stay():
    cancer = "Colon cancer of the ascending part, resected in 2011."
    texts = [f"Family history: {cancer}\nNo fever.", f"Assessment: {cancer}\nNo fever."]
    assert repeated(texts) == [[], []]


def test_no_section_goes_on_in_the_next_document():
    from icdbridge.lexical.sections import sections

    joined = join(["Family history:\nMother had a stroke.", "Admitted with pneumonia."])
    at = joined.text.index("Admitted")
    assert [one.kind for one in sections(joined.text) if one.start <= at < one.end] == ["other"]


def test_words_over_what_was_left_out_are_evidence_of_both_sides():
    repeats = SENTENCES[0]
    texts = [repeats, f"Oxygen given. {repeats} Cough."]
    joined = join(texts)
    start, end = joined.text.index("Oxygen"), joined.text.index("Cough") + 5
    placed = joined.placed(Evidence(start, end, joined.text[start:end], 1.0))
    assert [texts[one.document][one.span.start : one.span.end].strip() for one in placed] == [
        "Oxygen given.",
        "Cough",
    ]


@pytest.mark.parametrize(
    ("day", "version"), [(None, "icd10"), (date(2015, 9, 30), "icd9"), (date(2015, 10, 1), "icd10")]
)
def test_the_day_decides_on_the_version(day, version):
    assert code_version_on(day, ["icd9", "icd10"], "icd10") == version
    assert code_version_on(day, ["icd10"], None) == "icd10"


def test_a_code_of_a_later_release_is_what_it_was_divided_from():
    joined = join(["Heart failure."])
    found = [suggestion("B88.01"), suggestion("B88.09", confidence=0.5), suggestion("I10", confidence=0.2)]
    codes = [one.suggestion.code for one in fitted(joined, found, date(2025, 9, 30))]
    assert codes == ["B88.0", "I10"]  # divided on 2025-10-01; each code once
    assert next(one.suggestion.code for one in fitted(joined, found, date(2025, 10, 1))) == "B88.01"


@pytest.mark.parametrize(
    ("code", "facts", "fits"),
    [
        ("C61", {"sex": "female"}, False),
        ("C61", {"sex": "male"}, True),
        ("P22.0", {"age": 70.0}, False),
        ("P22.0", {"age": 0.0}, True),
        ("C61", {}, True),
    ],
)
def test_what_does_not_fit_the_patient_comes_last(code, facts, fits):
    found = fitted(join(["x"]), [suggestion(code), suggestion("I10", confidence=0.5)], **facts)
    rows = {one.suggestion.code: one.suggestion for one in found}
    assert rows[code].rank == (1 if fits else 2)
    assert rows[code].predicted == fits
    assert (rows[code].reason is None) == fits


def test_of_codes_that_exclude_each_other_one_is_predicted():
    found = [suggestion("E11.9"), suggestion("E10.9", confidence=0.8), suggestion("I10", confidence=0.7)]
    rows = [one.suggestion for one in fitted(join(["x"]), found)]
    assert [(one.code, one.predicted) for one in rows] == [("E11.9", True), ("E10.9", False), ("I10", True)]
    assert rows[1].reason == "not beside E11.9: Excludes1 note at E11"


def test_what_was_set_apart_for_a_code_that_does_not_fit_the_patient_is_predicted_again():
    found = apply_set_rules([suggestion("P59.9"), suggestion("R17", confidence=0.8)])
    assert [one.predicted for one in found] == [True, False]
    for age, fitting in ((0.0, "P59.9"), (70.0, "R17")):
        rows = [one.suggestion for one in fitted(join(["x"]), found, age=age)]
        assert [one.code for one in rows if one.predicted] == [fitting]


def test_need_counts_what_would_be_wrong_and_what_would_be_missing():
    joined = join(["x"])
    found = fitted(
        joined, [suggestion("I10", confidence=0.9), suggestion("C61", confidence=0.3, predicted=False)]
    )
    assert expected_errors(found) == pytest.approx(0.1 + 0.3)
    assert expected_errors([]) == 0
