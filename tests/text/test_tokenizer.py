"""Words keep their place in the original text."""

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.errors import InputError
from icdbridge.folding import fold
from icdbridge.text import UNKNOWN_ID, Tokenizer, normalize

READINGS = st.sampled_from(["benchmark", "folded"])
TEXTS = (
    st.text(st.sampled_from("ab 19.-\ne\u0301éİﬁ½\u00adβ\ud800"), max_size=30)
    | st.text(max_size=60)
    | st.text(st.characters(codec=None), max_size=30)
)
WORDS = ["heart", "failure", "chf", "81mg"]


def test_offsets_point_into_the_original():
    text = "Hx:  CHF, 12 34 heart-FAILURE (81mg)!"
    words = Tokenizer.from_words(WORDS, "benchmark").encode(text, 4000)
    assert [text[a:b] for a, b in words.offsets] == ["Hx", "CHF", "heart", "FAILURE", "81mg"]
    assert words.ids.tolist() == [UNKNOWN_ID, 4, 2, 3, 5]


def test_offsets_of_a_folded_text_point_into_the_original():
    text = "Hx:  ＣＨＦ, 12 he\u0301art-FAI\u00adLURE (ﬂu), heart fail-\nure"
    words = Tokenizer.from_words([*WORDS, "flu", "12"]).encode(text, 4000)
    found = [text[a:b] for a, b in words.offsets]
    assert found == ["Hx", "ＣＨＦ", "12", "he\u0301art", "FAI\u00adLURE", "ﬂu", "heart", "fail-\nure"]
    assert words.ids.tolist() == [UNKNOWN_ID, 4, 7, 2, 3, 6, 2, 3]


@given(TEXTS, READINGS)
def test_every_span_normalises_to_its_word(text, reading):
    expected = normalize(text, reading).split()
    vocabulary = list(dict.fromkeys(expected))
    words = Tokenizer.from_words(vocabulary, reading).encode(text, 4000)
    assert [vocabulary[i - 2] for i in words.ids] == expected
    for (start, end), word in zip(words.offsets, expected, strict=True):
        # one character may be several words (½: 1 2)
        assert word in normalize(text[start:end], reading).split()


@given(TEXTS)
def test_words_and_places_are_those_of_the_stored_tokenizer(text):
    tokenizer = Tokenizer.from_words(["a", "b", "ab", "1", "9", "i"])
    words, folded = tokenizer.encode(text, 5), fold(text)
    stored = tokenizers.Tokenizer.from_str(tokenizer.to_json()).encode(folded.text)
    assert words.ids.tolist() == stored.ids[:5]
    assert words.offsets.tolist() == [list(folded.span(*one)) for one in stored.offsets[:5]]


@given(st.lists(TEXTS, max_size=3), READINGS)
def test_many_at_once_have_the_same_words_as_one(texts, reading):
    tokenizer = Tokenizer.from_words(["a", "b", "ab", "1", "9", "i"], reading)
    for text, ids in zip(texts, tokenizer.encode_many(texts, 5), strict=True):
        assert ids.tolist() == tokenizer.encode(text, 5).ids.tolist()


@pytest.mark.parametrize("reading", ["benchmark", "folded"])
def test_cut_to_the_first_words_and_stored(tmp_path, reading):
    tokenizer = Tokenizer.from_words(WORDS, reading)
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.size == 6
    assert loaded.reading == reading
    assert loaded.checksum == tokenizer.checksum
    assert [ids.tolist() for ids in loaded.encode_many(["heart failure chf", ""], 2)] == [[2, 3], []]


def test_damaged_file(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="is not valid JSON"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match="missing"):
        Tokenizer.load(tmp_path / "none.json")
