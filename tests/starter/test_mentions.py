"""Phrases found in notes, against a slow search that goes by the definition."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.sentences import sentences
from icdbridge.starter.dictionary import Name, build_dictionary
from icdbridge.starter.mentions import PIECE, STEP, Mention, Occurrences, find_mentions, longest, positions
from icdbridge.starter.note_reading import read_note
from icdbridge.starter.stems import words_of

STEMS = "abcdef"


def slowly(dictionary, found, where):
    """At each place of a phrase's rarest stem the nearest place of each other one (of two as near, the one before)."""
    places = {}
    for stem, place in zip(found.stems.tolist(), found.places.tolist(), strict=True):
        places.setdefault(stem, []).append(place)
    mentions = []
    for phrase in range(len(dictionary.starts) - 1):
        stems = dictionary.words[dictionary.starts[phrase] : dictionary.starts[phrase + 1]].tolist()
        if any(stem not in places for stem in stems):
            continue
        for centre in places[stems[0]]:
            by_stem = {stems[0]: centre}
            for stem in stems[1:]:
                by_stem[stem] = min(places[stem], key=lambda p: (abs(where[p] - where[centre]), p > centre))
            chosen = set(by_stem.values())
            at = [where[place] for place in chosen]
            gap = int(max(at) - min(at)) - STEP * (len(chosen) - 1)
            if gap <= {1: 0, 2: 20}.get(len(stems), 30):
                of_stems = tuple(by_stem[stem] for stem in stems)
                mentions.append(Mention(phrase, tuple(sorted(chosen)), max(gap, 0), of_stems))
    return mentions


@given(
    phrases=st.lists(st.sets(st.sampled_from(STEMS), min_size=1, max_size=4), min_size=1, max_size=12),
    note=st.lists(st.sets(st.sampled_from((*STEMS, "x")), max_size=3), min_size=1, max_size=30),
    steps=st.lists(st.sampled_from((3, 10, 25, 1010)), min_size=30, max_size=30),
)
def test_as_by_the_definition(phrases, note, steps):
    names = [Name(tuple(sorted(stems)), number, 0, (0,)) for number, stems in enumerate(phrases)]
    dictionary = build_dictionary(names)
    pairs = [
        (dictionary.stems[one], place)
        for place, stems in enumerate(note)
        for one in sorted(stems)
        if one in dictionary.stems
    ]
    found = Occurrences(*np.array(pairs, np.int32).reshape(-1, 2).T)
    where = np.cumsum(steps[: len(note)]).astype(np.int32)
    assert sorted(find_mentions(dictionary, found, where)) == sorted(slowly(dictionary, found, where))


SENTENCES = (
    "He has acute kidney injury on chronic kidney disease.",
    "No evidence of deep vein thrombosis of the left leg.",
    "Type 2 diabetes with neuropathy.",
    "Hypertension, well controlled.",
    "Fracture of the distal radius, right.",
    "Stage 3 chronic kidney disease.",
    "History of breast cancer.",
    "She denies chest pain.",
    "Chronic obstructive pulmonary disease.",
    "Follow up in two weeks.",
)


def found_in(text, starter):
    note = read_note(text, starter.prepared.dictionary.stems)
    mentions = find_mentions(starter.prepared.dictionary, note.found, note.where)
    return sorted(
        (text[note.words[one.places[0]].start : note.words[one.places[-1]].end], one.phrase, one.gap)
        for one in mentions
    )


@given(chosen=st.lists(st.sampled_from(SENTENCES), max_size=8))
def test_sentences_do_not_change_each_other(chosen, starter):
    alone = sorted(one for sentence in chosen for one in found_in(sentence, starter))
    assert found_in("\n\n".join(chosen), starter) == alone


def test_nor_across_the_pieces_of_a_long_note(starter):
    drawn = random.Random(1).choices(SENTENCES, k=PIECE // 2)
    text = "\n\n".join(drawn)
    assert len(words_of(text)) > 2 * PIECE
    assert found_in(text, starter) == sorted(one for sentence in drawn for one in found_in(sentence, starter))


def test_a_note_without_words_has_no_mentions(starter):
    assert found_in("", starter) == []


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("chest pain", 10),  # of a word that counts
        ("pain of chest", 13),  # one that says nothing counts less
        ("chest, pain", 25),  # a comma is a pause
        ("chest (pain", 25),
    ],
)
def test_positions(text, second):
    where = positions(text, words_of(text), EMPTY, sentences(text))
    assert where[-1] - where[0] == second


def test_sentences_lie_apart():
    text = "Chest clear.\n\nPain in the leg."
    where = positions(text, words_of(text), EMPTY, sentences(text))
    assert where[2] - where[1] > 1000


def test_the_longest_mention_of_the_same_words_stays():
    pain, chest_pain, both, other = (
        Mention(0, (1,), 0, (1,)), Mention(1, (0, 1), 0, (0, 1)),
        Mention(2, (0, 1), 0, (1, 0)), Mention(3, (1, 2), 0, (1, 2)),
    )  # fmt: skip
    assert longest([pain, chest_pain, both, other]) == [chest_pain, both, other]
    assert longest([]) == []
