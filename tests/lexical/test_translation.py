"""Notes put into English by what parallel texts teach."""

import numpy as np
import pytest

from icdbridge.codes.naming import Name
from icdbridge.knowledge.words import stem
from icdbridge.lexical.name_index import NameIndex
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.translation import ParallelNotes, Translator, english_words
from icdbridge.lexical.word_alignment import align_words

# made up; said again in other words, so that each word stands beside different ones
SAID = [
    ("El paciente tiene neumonía grave.", "The patient has severe pneumonia."),
    ("El paciente tiene fiebre.", "The patient has fever."),
    ("La paciente niega fiebre.", "The patient denies fever."),
    ("La paciente niega dolor grave.", "The patient denies severe pain."),
    ("Dolor torácico sin fiebre.", "Chest pain without fever."),
    ("Neumonía sin dolor torácico.", "Pneumonia without chest pain."),
    ("Tiene dolor torácico grave.", "He has severe chest pain."),
    ("Dolor. Grave.", "Pain. Severe."),
    ("Dolor abdominal. Fiebre grave.", "Abdominal pain. Severe fever."),
    ("Traumatismo torácico.", "Chest injury."),
]
NAMES = [
    "Pneumonia, unspecified organism",
    "Chest pain",
    "Thrombocytopenia",
    "Acute gastritis",
    "Severe fever",
]


@pytest.fixture(scope="module")
def parallel():
    turned = [SAID[place:] + SAID[:place] for place in range(4)]
    texts = [tuple(" ".join(part) for part in zip(*said, strict=True)) for said in turned]
    notes = [(NoteWords(own), NoteWords(other)) for own, other in texts]
    return notes, ParallelNotes(notes, align_words(notes), english_words(NAMES))


def test_words_are_aligned_in_whatever_order(parallel):
    (note, other), *_ = parallel[0]
    links = {
        (note.words[own][0], other.words[theirs][0]) for own, theirs in align_words([(note, other)] * 3)[0]
    }
    assert {("neumonia", "pneumonia"), ("grave", "severe"), ("sin", "without"), ("dolor", "pain")} <= links
    assert ("neumonia", "severe") not in links


def test_a_note_is_put_into_english(parallel):
    translator = parallel[1].learn(np.ones(4, bool))
    found = translator.translate(NoteWords("Niega dolor torácico. Tiene NEUMONÍA, y Xqzt 38.5!"))
    assert found.text == "denies chest pain. has pneumonia, y Xqzt 38.5!"
    start = found.text.index("chest pain")
    assert found.original(start, start + 5) == (6, 20)
    assert found.original(0, 0) is None


def test_english_words_are_glosses_at_their_place(parallel):
    translator = parallel[1].learn(np.ones(4, bool))
    note = NoteWords("Niega dolor torácico. Tiene NEUMONÍA, y Xqzt 38.5!")
    glossed = note.glossed(translator.translate(note).glosses(note))
    words = [word for word, _, _ in note.words]
    said = {words[place]: stems for place, stems in glossed.glosses.items()}
    # phrases stand word by word, what was not put into English has none
    assert said["dolor"] + said["toracico"] == [stem("chest"), stem("pain")]
    assert said["neumonia"] == [stem("pneumonia")]
    assert not {"xqzt", "38", "5"} & said.keys()
    index = NameIndex([[Name("Chest pain", "title")], [Name("Dolor torácico", "title")]])
    assert index.match(note).codes.tolist() == [1]
    found = index.match(glossed)
    assert found.codes.tolist() == [0, 1]
    assert index.mention(glossed, found, 0).spans == [(6, 11), (12, 20)]


def test_words_that_no_parallel_text_has_are_known_by_their_cognates(parallel):
    translator = parallel[1].learn(np.ones(4, bool))
    assert (
        translator.translate(NoteWords("trombocitopenia y gastritis")).text == "thrombocytopenia y gastritis"
    )


def test_what_notes_teach_that_are_left_out_is_not_known(parallel):
    notes, learnt = parallel
    nothing = learnt.learn(np.zeros(4, bool))
    assert not len(nothing.hashes)
    assert nothing.translate(notes[0][0]).text == notes[0][0].text.replace("neumonía", "pneumonia").replace(
        "Neumonía", "pneumonia"
    )


def test_words_of_one_note_are_kept_only_where_names_of_codes_have_them():
    notes = [(NoteWords("Vive Iturbe con neumonía."), NoteWords("Lives Iturbe with pneumonia."))] * 1
    learnt = ParallelNotes(notes, align_words(notes), english_words(NAMES)).learn(np.ones(1, bool))
    assert [one for one in learnt.english if one] == ["pneumonia"]


@pytest.mark.parametrize("texts", [("", ""), ("Hola.", ""), ("", "Hello."), ("\n\n", "a\nb")])
def test_empty_texts_have_nothing_to_align(texts):
    (links,) = align_words([tuple(map(NoteWords, texts))])
    assert links.shape == (0, 2)


def test_an_empty_note():
    assert Translator(np.zeros(0, np.uint64), [], []).translate(NoteWords("")).text == ""
