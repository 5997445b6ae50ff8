"""Contexts of words: negated, past, a relative's, uncertain, hypothetical, in a list of diagnoses."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icdbridge.knowledge.words import split
from icdbridge.lexical.contexts import CONTEXTS, FEATURE_CONTEXTS, GAP, NoteContexts
from icdbridge.lexical.forms import written_out

HERE = Path(__file__).parent


def sentences_of(name):
    """Sentence, mention, expected contexts; ``\\n`` stands for a line end, ``\\t`` for a tab."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()[1:]
    for line in lines:
        sentence, mention, expected = line.split("\t")
        yield (
            sentence.replace("\\n", "\n").replace("\\t", "\t"),
            mention,
            set() if expected == "-" else set(expected.split()),
        )


def found(text, mention):
    """The contexts of the last place where the mention stands; all its words share them."""
    words = split(text)
    spans = np.array([(start, end) for _, start, end in words])
    wanted = [word for word, _, _ in split(mention)]
    starts = [i for i in range(len(words)) if [word for word, _, _ in words[i : i + len(wanted)]] == wanted]
    marked = NoteContexts(text).of(spans)[starts[-1] : starts[-1] + len(wanted)]
    assert (marked == marked[0]).all()
    return {name for name, mark in zip(CONTEXTS, marked[0], strict=True) if mark}


@pytest.mark.parametrize(
    ("text", "mention", "expected"),
    [*sentences_of("context_sentences.tsv"), *sentences_of("context_sentences_aside.tsv")],
)
def test_contexts_of_a_mention(text, mention, expected):
    assert found(text, mention) - {"diagnosis_section"} == expected


def test_a_place_has_the_same_contexts_alone_and_among_others():
    told = [text for text, *_ in sentences_of("context_sentences.tsv")][::9]
    text = "PMH:\n" + "\n\n".join("\n".join(told[at : at + 3]) for at in range(0, len(told), 3))
    spans = np.array([(start, end) for _, start, end in split(text)])
    together = NoteContexts(text).of(spans)
    note = NoteContexts(text)
    for place in np.random.default_rng(0).permutation(len(spans)):
        assert note.of(spans[[place]])[0].tolist() == together[place].tolist()
    assert together[:, 1:].any(axis=0).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DISCHARGE DIAGNOSES:\n1. Pain\n\nDISPOSITION: home", {"diagnosis_section"}),
        ("Past Medical History:\n# pain\n", {"historical"}),
        ("Past Medical History: none\nHospital Course: pain", set()),
        ("FAMILY HISTORY: pain", {"family"}),
        ("Family History:\nMother had gout. Patient has pain.", set()),
    ],
)
def test_sections_give_contexts(text, expected):
    assert found(text, "pain") == expected


def test_a_trigger_does_not_reach_over_many_words_without_a_comma():
    assert found("no " + "word " * 40 + "pain", "pain") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no " + "word " * (GAP - 1) + "pain", {"negated"}),
        ("no " + "word " * GAP + "pain", set()),
        ("no " + "word " * (GAP - 1) + ", word, pain", {"negated"}),
        ("no " + "word " * GAP + "word, pain", set()),
        ("no fever, " + "word " * (GAP - 1) + ", pain", {"negated"}),
        ("no fever, " + "word " * (GAP + 1) + ", pain", set()),
    ],
)
def test_how_many_words_a_trigger_reaches_over(text, expected):
    assert found(text, "pain") == expected


def test_a_trigger_reaches_over_a_list_however_long():
    assert found("Denies " + "chills, " * 400 + "or pain.", "pain") == {"negated"}


def test_runs_see_the_contexts_that_they_were_trained_with():
    assert FEATURE_CONTEXTS == ("diagnosis_section", "negated", "historical", "family")


def test_a_note_without_words_has_no_contexts():
    assert NoteContexts("...").of(np.zeros((0, 2), int)).shape == (0, len(CONTEXTS))


PIECES = [
    "no ",
    "?",
    "denies ",
    ":",
    "\n",
    "[x] ",
    "mother has ",
    "PMH: ",
    " - ",
    "(",
    ", ",
    "risk of ",
    "\u0130",
    "\u00df",
    "pain",
]


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(PIECES)), max_size=20).map("".join), st.data())
def test_any_text_and_any_spans_have_contexts(text, data):
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    spans = np.array(data.draw(st.lists(places, max_size=8)), int).reshape(-1, 2)
    marked = NoteContexts(text).of(spans)
    assert marked.shape == (len(spans), len(CONTEXTS))
    assert marked.dtype == bool
    order = data.draw(st.permutations(range(len(spans))))
    np.testing.assert_array_equal(NoteContexts(text).of(spans[order]), marked[order])


@given(
    st.lists(
        st.sampled_from(
            ["gout", " ", "  ", "....", "\t", "|", ",", "\n", "no", "Yes", "N", ".", "?", "\u2026", ":"]
        )
    )
)
@settings(max_examples=1000)
@example(["gout", " ", "no", "\t", "no", "  ", "no"])
def test_an_answer_gets_its_colon_where_the_form_has_none_and_nothing_else_changes(parts):
    text = "".join(parts)
    colons = written_out(text)
    assert len(colons) == len(text)
    assert all(
        one == other or (one in " \t._\u2026|" and other in ": ")
        for one, other in zip(text, colons, strict=True)
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "gout",
                " ",
                "\n",
                ":",
                "[x]",
                "[  ]",
                "( )",
                "(x)",
                "_X_",
                "___",
                "☒",
                "✗",
                "yes",
                "no",
                "x",
                ";",
            ]
        )
    )
)
def test_boxes_keep_the_place_of_every_word(parts):
    text = "".join(parts)
    boxes = written_out(text)
    assert len(boxes) == len(text)
    gouts = re.compile("gout")
    assert [one.start() for one in gouts.finditer(boxes)] == [one.start() for one in gouts.finditer(text)]


def test_rules_are_written_as_they_are_read():
    with (HERE.parents[1] / "src/icdbridge/lexical/data/context_rules.csv").open(encoding="utf-8") as handle:
        rows = list(csv.reader(handle))[1:]
    assert len(rows) > 200
    for phrase, names, direction, reach in rows:
        if direction == "class":
            continue
        unescaped = re.sub(r"\\.", "", phrase)
        assert re.fullmatch(r"[^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*", unescaped), phrase
        assert set(names.split()) <= {*CONTEXTS, "said", "any", "not-family"}, phrase
        assert direction in ("forward", "backward", "both", "self", "stop", "pseudo"), phrase
        allowed = (
            ("", "clause", "verb", "comma")
            if direction == "stop"
            else ("", "phrase", "item", "list", "or", "joined", *"123456789")
        )
        assert reach in allowed, phrase
        assert phrase == phrase.lower(), phrase
