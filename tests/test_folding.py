"""Folding: what is spelt alike, and that every folded character knows its place in the original."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.folding import fold

WORD = re.compile(r"[a-z0-9]+")
# Characters that change their length or depend on their neighbours, between plain ones.
ODD = "é\u0301\u0338ﬁﬃß\u00ad\u200b\ufeff²⁹⁻½βμΣάⅡ—–’№ıİ°\ud800한\u037a"
AWKWARD = st.text(st.sampled_from("abT 1-\n\r\t" + ODD), max_size=30)
ANY = AWKWARD | st.text(max_size=40) | st.text(st.characters(codec=None), max_size=30)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("atrial ﬁbrillation, eﬀusion, oﬃce, ﬂuid, ﬅ", "atrial fibrillation, effusion, office, fluid, st"),
        ("Ｐｎｅｕｍｏｎｉａ　１２", "Pneumonia 12"),
        ("Ménière, Me\u0301nie\u0300re", "Meniere, Meniere"),
        ("pneu\u00admonia", "pneumonia"),
        ("pneu\u00ad\n  monia", "pneumonia"),
        ("hyper\u200bten\u2060sion\ufeff", "hypertension"),
        ("type\u00a02\u202fdiabetes\u2009mellitus", "type 2 diabetes mellitus"),
        ("Crohn’s “flare”", 'Crohn\'s "flare"'),
        ("J10–J18, follow‑up − 3", "J10-J18, follow-up - 3"),
        ("pain—none", "pain - none"),
        ("straße, Œdème, Søren, hastalık, İzmir", "strasse, OEdeme, Soren, hastalik, Izmir"),
        ("stage Ⅲ, ①", "stage III, 1"),
        ("β-thalassemia, TNF-α, Δ", "beta-thalassemia, TNF-alpha, Delta"),
        ("5 µg, 5 μg, μ-opioid", "5 ug, 5 ug, mu-opioid"),
        ("πνευμονία", "πνευμονια"),
        ("10⁹/L, 10⁻³, m², H₂O, B₁₂", "10^9/L, 10^-3, m^2, H2O, B12"),
        ("1½ packs", "1 1/2 packs"),
        ("room № 5, Lipitor™", "room # 5, Lipitor "),
        ("≠ and =\u0338", "=\u0338 and =\u0338"),
        ("٣ days", "3 days"),
        ("half \ud800 pair", "half \ufffd pair"),
    ],
)
def test_known_spellings(typed, plain):
    assert fold(typed).text == plain


@pytest.mark.parametrize(
    ("cut", "joined"),
    [
        ("pneu-\nmonia", "pneumonia"),
        ("pneu- \r\n\t monia", "pneumonia"),
        ("pneu‐\nmonía", "pneumonia"),
        ("hyper-\nten-\nsion", "hypertension"),
        ("follow-\nup", "follow-up"),
        ("well-\ncontrolled asthma", "well-controlled asthma"),
        ("T-\ncell", "T-\ncell"),
        ("x-\nray", "x-\nray"),
        ("COPD-\nCHF", "COPD-\nCHF"),
        ("2-\n3 days", "2-\n3 days"),
        ("Medications:\n- aspirin\n- metformin", "Medications:\n- aspirin\n- metformin"),
        ("fever -\nnone", "fever -\nnone"),
        ("pain-\n\nnone", "pain-\n\nnone"),
        ("pain—\nnone", "pain - \nnone"),
    ],
)
def test_words_cut_at_the_end_of_a_line(cut, joined):
    assert fold(cut).text == joined


@given(st.text(st.characters(max_codepoint=127).filter(lambda char: char != "-"), max_size=40))
def test_ascii_stays(text):
    assert fold(text) == (text, None)


@given(ANY)
def test_folding_twice_changes_nothing(text):
    once = fold(text).text
    assert fold(once) == (once, None)


@given(ANY)
def test_places_ascend_and_lie_in_the_original(text):
    folded = fold(text)
    spans = [folded.span(place, place + 1) for place in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[0] <= next_[0] and one[1] <= next_[1] for one, next_ in pairwise(spans))
    assert len(folded.text.lower()) == len(folded.text)


@given(ANY)
def test_the_slice_at_a_word_folds_to_the_word(text):
    folded = fold(text)
    for found in WORD.finditer(folded.text.lower()):
        start, end = folded.span(*found.span())
        # one character may be spelt as several words (½: 1/2)
        assert found[0] in WORD.findall(fold(text[start:end]).text.lower())


def test_an_accent_belongs_to_its_letter():
    text = "Cafe\u0301 au lait"
    folded = fold(text)
    assert text[slice(*folded.span(0, 4))] == "Cafe\u0301"
    assert text[slice(*folded.span(5, 7))] == "au"


def test_many_spans_as_one():
    folded = fold("ﬁrst eﬀect, plain")
    spans = np.array([found.span() for found in WORD.finditer(folded.text)])
    assert folded.spans(spans).tolist() == [list(folded.span(*span)) for span in spans.tolist()]
    plain = fold("plain words")
    assert plain.spans(spans[:1]).tolist() == spans[:1].tolist()
