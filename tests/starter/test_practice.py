"""What coded notes teach: phrases by their hashes, counted once a note, what is denied left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.starter.note_reading import read_note
from icdbridge.starter.practice import LONGEST, count_practice, phrases

KNOWN = {"R52": 0, "I10": 1, "E11.9": 2}


def read(text):
    return read_note(text, {})


def keys(text):
    return set(phrases(read(text))[0].tolist())


def learnt(*notes):
    return count_practice([(read(text), frozenset(codes)) for text, codes in notes], KNOWN)


def test_a_phrase_is_the_same_in_any_order_and_with_words_that_say_nothing_between():
    assert keys("painful mass") == keys("mass, painful")
    assert keys("painful mass") == keys("a mass of 3 painful")
    assert keys("painful mass") != keys("painful") | keys("mass")


def test_no_phrase_goes_over_the_end_of_a_sentence_or_what_is_denied():
    assert keys("Painful. Mass.") == keys("painful") | keys("mass")
    assert keys("Painful. No fever.") == keys("painful") | keys("no")
    assert not keys("His mother has asthma.") & keys("asthma")


def test_the_place_of_a_phrase_is_its_words():
    note = read("there is a painful mass")
    whole = {tuple(place) for place in phrases(note)[1].tolist()}
    words = [word.text for word in note.words]
    assert (words.index("painful"), words.index("mass"), 2) in whole


@given(st.text(alphabet="ab c.", max_size=60))
def test_every_phrase_stands_once_and_is_short(text):
    found, places = phrases(read(text))
    assert len(set(found.tolist())) == len(found) == len(places)
    assert (places[:, 2] <= LONGEST).all()
    assert (places[:, 0] <= places[:, 1]).all()


def test_what_notes_with_the_same_words_were_coded():
    other = [(f"word{number}", []) for number in range(20)]
    practice = learnt(
        ("painful mass", ["R52"]), ("painful mass", ["R52", "I10"]), ("painful mass", ["I10x"]), *other
    )
    said = practice.said_by(read("a painful mass of the leg"))
    assert list(said) == ["R52"]  # I10 once only, the last is no code
    assert said["R52"].notes == 2
    assert said["R52"].share == pytest.approx(2 / 4)  # three notes, one more against it
    assert (said["R52"].words, said["R52"].phrases, said["R52"].often) == (2, 3, 2)
    assert not practice.said_by(read("no painful mass"))


def test_what_all_notes_are_coded_says_nothing():
    """A phrase has to make a code likelier than it is in any note."""
    notes = [(f"painful word{number}", ["R52"]) for number in range(10)]
    assert not learnt(*notes).said_by(read("painful"))


def test_what_is_kept_are_numbers_and_codes():
    practice = learnt(*[("painful mass", ["R52"])] * 3, *[(f"word{number}", []) for number in range(20)])
    assert practice.codes == ("R52",)
    for name in ("keys", "of_code", "seen", "right", "often"):
        assert np.issubdtype(getattr(practice, name).dtype, np.unsignedinteger)


def test_no_notes_teach_nothing():
    assert not count_practice((), {}).said_by(read("painful mass"))
