"""Words keep their place in the original text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.errors import InputError
from icdbridge.text import UNKNOWN_ID, Tokenizer, normalize

WORDS = ["heart", "failure", "chf", "81mg"]


def test_offsets_point_into_the_original():
    text = "Hx:  CHF, 12 34 heart-FAILURE (81mg)!"
    words = Tokenizer.from_words(WORDS).encode(text, 4000)
    assert [text[a:b] for a, b in words.offsets] == ["Hx", "CHF", "heart", "FAILURE", "81mg"]
    assert words.ids.tolist() == [UNKNOWN_ID, 4, 2, 3, 5]


@given(st.text(max_size=60))
def test_every_span_normalises_to_its_word(text):
    vocabulary = list(dict.fromkeys(normalize(text).split()))
    words = Tokenizer.from_words(vocabulary).encode(text, 4000)
    assert [vocabulary[i - 2] for i in words.ids] == normalize(text).split()
    for (start, end), word in zip(words.offsets, normalize(text).split(), strict=True):
        assert text[start:end].lower().startswith(word[0])
        assert normalize(text[start:end]) == word


@given(st.lists(st.text(st.sampled_from("ab 19.-éİ"), max_size=30) | st.text(max_size=60), max_size=3))
def test_many_at_once_have_the_same_words_as_one(texts):
    tokenizer = Tokenizer.from_words(["a", "b", "ab", "1", "9", "i"])
    for text, ids in zip(texts, tokenizer.encode_many(texts, 5), strict=True):
        assert ids.tolist() == tokenizer.encode(text, 5).ids.tolist()


def test_cut_to_the_first_words_and_stored(tmp_path):
    tokenizer = Tokenizer.from_words(WORDS)
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.size == 6
    assert [ids.tolist() for ids in loaded.encode_many(["heart failure chf", ""], 2)] == [[2, 3], []]


def test_damaged_file(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="not a tokenizer file"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match="missing"):
        Tokenizer.load(tmp_path / "none.json")
