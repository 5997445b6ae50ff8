"""The benchmark's normaliser, against its examples and a plain pipeline of regular expressions; our own reading."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.folding import fold
from icdbridge.text import NORMALIZER
from icdbridge.text import normalize as normalize_as
from icdbridge.text.normalize import FOLDED_NORMALIZER, count_words, split_words

CLINICAL = st.text(st.sampled_from("ab 19\n.,-_[*]éİKß\t"), max_size=40)


def normalize(text):
    return normalize_as(text, "benchmark")


def by_regular_expressions(text: str) -> str:
    text = re.sub(r"[^A-Za-z0-9]+", " ", text.lower())
    text = re.sub(r"(\s\d+)+\s", " ", text)
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 abc 34 5 def 6", "12 abc def 6"),
        ("x 1 2", "x 2"),
        ("81mg", "81mg"),
        ("Aspirin 81 mg p.o.", "aspirin mg p o"),
        ("[**2101-3-4**] Admitted", "admitted"),
        ("", ""),
        ("...", ""),
    ],
)
def test_known_texts(text, expected):
    assert normalize(text) == expected


@given(CLINICAL | st.text(max_size=40))
def test_same_as_regular_expressions(text):
    assert normalize(text) == by_regular_expressions(text)


@given(CLINICAL | st.text(max_size=40))
def test_same_as_the_normaliser_that_knows_places(text):
    assert normalize(text) == NORMALIZER.normalize_str(text)


@given(CLINICAL | st.text(max_size=40))
def test_words_counted_without_making_them(text):
    assert count_words(text) == len(split_words(text, "benchmark"))


def test_every_character_as_the_normaliser_that_knows_places():
    text = "".join(f"a{chr(point)}b " for point in range(0x20000) if not 0xD800 <= point <= 0xDFFF)
    assert normalize(text) == NORMALIZER.normalize_str(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 abc 34 5 def 6", "12 abc 34 5 def 6"),
        ("Type 2 diabetes", "type 2 diabetes"),
        ("Atrial ﬁbrillation, Me\u0301nière’s", "atrial fibrillation meniere s"),
        ("pneu-\nmonia", "pneumonia"),
        ("ＣＨＦ", "chf"),
        ("", ""),
    ],
)
def test_folded_texts(text, expected):
    assert normalize_as(text) == expected


@given(CLINICAL | st.text(max_size=40))
def test_folded_same_as_the_normaliser_that_knows_places(text):
    assert normalize_as(text) == FOLDED_NORMALIZER.normalize_str(fold(text).text)


@given(st.text(st.sampled_from("abc DEF.,;\n"), max_size=40))
def test_both_readings_agree_on_plain_words(text):
    assert normalize_as(text) == normalize(text)
