"""The words that people marked for codes, found in other notes."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from icdbridge.lexical.marks import MARKS, MarkedNotes
from icdbridge.lexical.note import NoteWords

NOTES = [
    "El paciente presenta dolor abdominal agudo y fiebre.",
    "Dolor abdominal desde ayer. Fiebre alta.",
    "Teste derecho muy aumentado de tamaño, sin fiebre.",
    "Sin dolor alguno hoy.",
]
CODES = {"R10.0": 0, "R50.9": 1, "N44.8": 2, "R10.9": 3}


def span(note, *words):
    """The places of some words of a note."""
    return [(NOTES[note].lower().index(word), NOTES[note].lower().index(word) + len(word)) for word in words]


MARKED = [
    {0: [span(0, "dolor abdominal agudo")], 1: [span(0, "fiebre")]},
    {3: [span(1, "dolor abdominal")], 1: [span(1, "fiebre")]},
    {2: [span(2, "teste derecho", "aumentado de tamaño")]},
    {},
]


def labels():
    rows = [(note, code) for note, own in enumerate(MARKED) for code in own]
    note, code = zip(*rows, strict=True)
    return csr_array((np.ones(len(rows)), (note, code)), shape=(len(NOTES), len(CODES)))


@pytest.fixture(scope="module")
def read():
    return MarkedNotes.read(lambda: map(NoteWords, NOTES), MARKED)


@pytest.fixture(scope="module")
def marks(read):
    return read.learn(np.ones(len(NOTES), bool), labels())


def found(marks, text):
    """Code -> its features by name, and the words of its phrases; of phrases as they were marked."""
    matched = marks.match(NoteWords(text))
    return {
        int(code): (
            dict(zip(MARKS, row.tolist(), strict=True)),
            [[text[start:end] for start, end in phrase.spans] for phrase in phrases],
        )
        for code, row, phrases in zip(matched.codes, matched.features, matched.phrases, strict=True)
        if row[MARKS.index("mark_words")] > 0
    }


def test_the_longest_phrase_counts(marks):
    both = found(marks, "Refiere dolor abdominal agudo.")
    assert set(both) == {0}
    assert both[0][1] == [["dolor abdominal agudo"]]
    assert both[0][0]["mark_words"] == 3
    assert set(found(marks, "Refiere dolor abdominal leve.")) == {3}


def test_words_are_compared_by_their_stems(marks):
    assert found(marks, "Dos FIEBRES")[1][1] == [["FIEBRES"]]


def test_how_sure_a_phrase_is_is_counted_on_all_notes(marks):
    fever = found(marks, "Fiebre. Fiebre.")[1][0]
    assert fever["mark"] == pytest.approx(2 / 3.7)  # three notes have the word, two of them carry the code
    assert fever["mark_notes"] == pytest.approx(np.log1p(3))
    assert fever["mark_mentions"] == pytest.approx(np.log1p(2))
    assert fever["mark_place"] == 1
    assert fever["mark_any"] == pytest.approx(fever["mark"])


def test_words_that_stand_apart(marks):
    for text, parts in (
        ("Teste derecho aumentado de tamaño", [["Teste derecho aumentado de tamaño"]]),
        ("Teste derecho algo aumentado de tamaño", [["Teste derecho", "aumentado de tamaño"]]),
    ):
        assert found(marks, text)[2][1] == parts
    far = "Teste derecho " + "bien " * 10 + "aumentado de tamaño"
    assert found(marks, far) == {}


def test_a_note_that_is_left_out_teaches_nothing(read):
    without = read.learn(np.array([True, False, True, True]), labels())
    assert found(without, "dolor abdominal") == {}
    assert found(without, "fiebre")[1][0]["mark"] == pytest.approx(1 / 2.7)


def test_nothing_marked_is_nothing_found():
    nothing = MarkedNotes.read(lambda: map(NoteWords, NOTES), [{}] * len(NOTES))
    learnt = nothing.learn(np.ones(len(NOTES), bool), labels())
    assert found(learnt, NOTES[0]) == {}
    assert found(learnt, "") == {}


def test_no_phrase_is_kept_in_clear(marks):
    assert all(array.dtype.kind in "uif" for array in (marks.hashes, marks.notes, marks.counts.data))


def test_codes_are_renumbered(marks):
    matched = marks.match(NoteWords("dolor abdominal agudo, fiebre"))
    here = matched.renumbered(np.array([7, -1, 3, 2]))
    assert here.codes.tolist() == [2, 7]  # "dolor abdominal" stands in the longer phrase
    assert here.phrases_of(7)[0].spans == [(0, 21)]
    assert here.phrases_of(3) == []


def nearly(marks, text):
    """Code -> its features of nearly marked phrases, and the words from the first to the last."""
    matched = marks.match(NoteWords(text))
    return {
        int(code): (dict(zip(MARKS, row.tolist(), strict=True)), phrases[0].spans)
        for code, row, phrases in zip(matched.codes, matched.features, matched.phrases, strict=True)
        if row[MARKS.index("near_strength")] > 0
    }


def test_nearly_marked_words_in_another_order_and_inflection_with_words_between(marks):
    text = "Testes derechos: muy aumentados, y otro tamaño."
    said, (span,) = nearly(marks, text)[2]
    assert said["mark"] == 0
    assert 0.6 < said["near_nearness"] <= 1
    assert text[slice(*span)] == "Testes derechos: muy aumentados, y otro tamaño"
    whole = nearly(marks, "Teste derecho aumentado de tamaño")[2][0]
    assert whole["near_nearness"] > 0.9
    assert whole["near_strength"] >= said["near_strength"]
    assert whole["near_sure"] == pytest.approx(1 / 1.7)


def test_nothing_is_nearly_marked_by_few_of_the_words(marks):
    assert 2 not in nearly(marks, "El tamaño del hígado.")
    assert nearly(marks, "") == {}
