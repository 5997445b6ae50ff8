"""Phrases of training notes and the codes they go with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from icdbridge.lexical.associations import ASSOCIATIONS, Associations, find_phrases
from icdbridge.lexical.note import NoteWords

NOTES = ["acute gout", "acute gout", "acute asthma", "acute asthma", "cough"]
LABELS = csr_array(np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], dtype=bool))


def learn(notes=NOTES, labels=LABELS):
    return Associations.learn([find_phrases(NoteWords(text, 100)).hashes for text in notes], labels)


def match(text, associations=None):
    found = (associations or learn()).match(find_phrases(NoteWords(text, 100)))
    return dict(zip(found.codes.tolist(), found.features, strict=True)), found


def test_phrases_stand_where_their_words_stand():
    text = "Right lower lobe"
    spans = {text[start:end] for start, end in find_phrases(NoteWords(text, 100)).spans}
    assert spans == {"Right", "lower", "lobe", "Right lower", "lower lobe", "Right lower lobe"}


def test_phrases_are_the_same_for_other_endings_orders_and_empty_words():
    one = find_phrases(NoteWords("fractures of the femur", 100)).hashes
    assert np.array_equal(one, find_phrases(NoteWords("femur fracture", 100)).hashes)


def test_only_the_first_words_are_read():
    first, whole = NoteWords("gout " * 5 + "asthma", 5), NoteWords("gout " * 5, 100)
    assert np.array_equal(find_phrases(first).hashes, find_phrases(whole).hashes)


def test_shares_of_training_notes():
    found, _ = match("gout")
    # two notes with gout, both with code 0, none with code 1
    assert found.keys() == {0}
    assert found[0] == pytest.approx([2 / 3, 2 / 6, 0, 2 / 6 / 5, np.log1p(2 / 6)])
    assert dict(zip(ASSOCIATIONS, found[0], strict=True))["best"] == pytest.approx(2 / 3)


def test_a_code_takes_the_phrase_that_says_most_and_names_its_place():
    text = "seen for acute asthma"
    found, associated = match(text)
    # asthma and "acute asthma": 2 of 2 notes carry code 1; acute: 2 of 4
    assert found[1] == pytest.approx(
        [2 / 3, 2 / 6, 2 / 6, (2 / 6 + 2 / 6 + 2 / 8) / 5, np.log1p(4 / 6 + 2 / 8)]
    )
    start, end = associated.spans[list(associated.codes).index(1)]
    assert "asthma" in text[start:end]


def test_a_phrase_of_one_note_and_an_unknown_one_say_nothing():
    assert not match("cough")[0]
    assert not match("zebra")[0]
    assert not match("")[0]


def test_no_training_notes():
    empty = Associations.learn([], csr_array((0, 3), dtype=bool))
    assert not len(empty.match(find_phrases(NoteWords("gout", 10))).codes)


WORDS = st.lists(st.sampled_from(["gout", "asthma", "cough", "fever", "rash"]), max_size=6)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_features_are_shares(notes):
    rng = np.random.default_rng(len(notes))
    labels = csr_array(rng.random((len(notes), 4)) < 0.5)
    associations = learn([" ".join(words) for words in notes], labels)
    found, associated = match(" ".join(notes[0]), associations)
    assert (np.diff(associated.codes) > 0).all()
    for values in found.values():
        best, steady, second, five, _ = values
        assert 0 < steady <= best < 1
        assert 0 <= second <= steady
        assert steady / 5 - 1e-6 <= five <= steady + 1e-6


@given(st.integers(0, 2**32))
def test_the_five_highest_of_many_phrases_as_plainly_counted(seed):
    rng = np.random.default_rng(seed)
    words = np.array([f"word{number}" for number in range(30)])
    notes = [" ".join(rng.permutation(words)[: rng.integers(3, 12)]) for _ in range(40)]
    labels = rng.random((40, 5)) ** 2 * (rng.random((40, 5)) < 0.3)
    having = [set(find_phrases(NoteWords(text, 100)).hashes.tolist()) for text in notes]
    asked = find_phrases(NoteWords(" ".join(rng.permutation(words)), 100))
    found = learn(notes, csr_array(labels)).match(asked)
    said = {code: [] for code in range(5)}
    for phrase, span in zip(asked.hashes.tolist(), asked.spans.tolist(), strict=True):
        rows = [row for row, own in enumerate(having) if phrase in own]
        for code, counted in enumerate(labels[rows].sum(axis=0)):
            if len(rows) > 1 and counted >= 0.05 * len(rows):
                said[code].append((counted / (len(rows) + 4), counted / (len(rows) + 1), span))
    assert found.codes.tolist() == [code for code, several in said.items() if several]
    for code, features, span in zip(found.codes.tolist(), found.features, found.spans.tolist(), strict=True):
        steady = sorted((one[0] for one in said[code]), reverse=True) + [0.0] * 5
        best = max(one[1] for one in said[code])
        expected = [best, steady[0], steady[1], sum(steady[:5]) / 5, np.log1p(sum(steady))]
        assert features == pytest.approx(expected, rel=1e-4)
        assert span in [where for value, _, where in said[code] if value > steady[0] - 1e-6]
