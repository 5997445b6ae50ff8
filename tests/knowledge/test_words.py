"""Words of notes and names: offsets, stems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.folding import fold
from icdbridge.knowledge.words import american, split, stem, stems


@given(st.text(max_size=60))
def test_words_lie_where_they_say(text):
    for word, start, end in split(text):
        assert 0 <= start < end <= len(text)
        assert word in fold(text[start:end]).text.lower()


def test_words_of_other_spellings():
    text = "atrial ﬁbrillation, pneu-\nmonia, Me\u0301nie\u0300re, ＣＨＦ, β‑thalassemia"
    assert {word: text[start:end] for word, start, end in split(text)} == {
        "atrial": "atrial",
        "fibrillation": "ﬁbrillation",
        "pneumonia": "pneu-\nmonia",
        "meniere": "Me\u0301nie\u0300re",
        "chf": "ＣＨＦ",
        "beta": "β",
        "thalassemia": "thalassemia",
    }


def test_accents_do_not_move_what_follows():
    text = "İ Ménière's disease, Sjögren"
    assert [(text[start:end], word) for word, start, end in split(text)][-3:] == [
        ("s", "s"),
        ("disease", "disease"),
        ("Sjögren", "sjogren"),
    ]
    assert "meniere" in [word for word, _, _ in split(text)]


@pytest.mark.parametrize(
    "same",
    [
        ("infarct", "infarction", "infarctions"),
        ("fracture", "fractures", "fractured"),
        ("myocardium", "myocardial"),
        ("embolus", "embolic"),
        ("biopsy", "biopsies"),
        ("stage ii", "stage 2"),
    ],
)
def test_forms_of_a_word_are_the_same(same):
    assert len({tuple(stems(text)) for text in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("hyper", "hypo"), ("diabetes 1", "diabetes 2"), ("renal", "rena")]
)
def test_different_words_stay_different(one, other):
    assert stems(one) != stems(other)


@given(st.from_regex(r"[a-z]{1,15}", fullmatch=True))
def test_a_stem_is_a_beginning_of_at_least_four_letters(word):
    found = stem(word)
    if word not in ("ii", "iii"):
        assert word.startswith(found) or word.endswith("ies")
        assert len(found) >= min(len(word), 4)


@pytest.mark.parametrize(
    ("british", "american_"),
    [
        ("oedema", "edema"),
        ("leukaemia", "leukemia"),
        ("tumour", "tumor"),
        ("seborrhoeic", "seborrheic"),
        ("generalised", "generalized"),
        ("goitre", "goiter"),
        ("four", "four"),
        ("hours", "hours"),
    ],
)
def test_british_spelling(british, american_):
    assert american(british) == american_


def test_a_word_however_long_is_no_work():
    assert american("a" * 1_000_000) == "a" * 1_000_000
