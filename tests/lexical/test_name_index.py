"""Finding the names of codes in notes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import Name
from icdbridge.knowledge.words import split, stem, stems
from icdbridge.lexical.name_index import FEATURES, FLOOR, NameIndex
from icdbridge.lexical.note import NoteWords

NAMES = [
    [Name("Acute myocardial infarction", "title"), Name("Heart attack", "inclusion")],
    [Name("Old myocardial infarction", "title"), Name("Ischemic heart diseases", "ancestor")],
    [Name("Pneumonia, unspecified organism", "title")],
    [Name("Fracture of neck of left femur", "title"), Name("Fracture of femur", "ancestor")],
    [Name("Fracture of neck of right femur", "title"), Name("Fracture of femur", "ancestor")],
]


@pytest.fixture(scope="module")
def index():
    return NameIndex(NAMES)


def features(index, text):
    """Code number -> feature -> value."""
    matches = index.match(NoteWords(text))
    return {int(code): dict(zip(FEATURES, row, strict=True)) for code, row in zip(*matches[:2], strict=True)}


def test_a_name_in_one_piece_is_whole_and_near(index):
    found = features(index, "Patient with acute myocardial infarction.")
    assert found[0]["coverage"] == found[0]["nearness"] == found[0]["title"] == pytest.approx(1)
    assert found[1]["nearness"] < 1  # it is not called old
    assert 2 not in found


def test_words_far_apart_count_less(index):
    near = features(index, "femur fracture left neck")[3]
    far = features(index, "femur fracture " + "then " * 30 + "left neck")[3]
    assert near["coverage"] == far["coverage"]
    assert far["nearness"] < near["nearness"]


def test_the_side_decides(index):
    found = features(index, "fracture of the right femur, at its neck")
    assert found[4]["nearness"] > found[3]["nearness"]
    assert found[4]["wider"] == found[3]["wider"] > 0.9


def test_a_wider_name_alone_gives_only_that(index):
    found = features(index, "ischemic heart disease")[1]
    assert found.pop("wider") == pytest.approx(1)
    assert not any(found.values())


def test_abbreviations_stand_for_their_words(index):
    assert features(index, "s/p MI")[0]["coverage"] > 0.4
    matches = index.match(NoteWords("an acute MI today"))
    assert index.mention(NoteWords("an acute MI today"), matches, 0) == (NAMES[0][0], [(3, 8), (9, 11)])


def test_contexts_are_shares_of_the_mentions(index):
    found = features(index, "No pneumonia. Later pneumonia. Past history: pneumonia.")[2]
    assert found["mentions"] == pytest.approx(np.log(4))
    assert found["negated"] == pytest.approx(1 / 3)
    assert found["place"] == pytest.approx(1 - 1 / 7)


def test_mentions_lie_in_the_original_text(index):
    text = "Ménière?  HEART,\nattacks — and old pneumonia"
    matches = index.match(NoteWords(text))
    mention = index.mention(NoteWords(text), matches, list(matches.codes).index(0))
    assert mention.name.text == "Heart attack"
    assert [text[start:end] for start, end in mention.spans] == ["HEART", "attacks"]


@pytest.mark.parametrize("text", ["", "...", "nothing of the kind"])
def test_a_note_without_words_of_names_matches_nothing(index, text):
    matches = index.match(NoteWords(text))
    assert matches.codes.shape == (0,)
    assert matches.features.shape == (0, len(FEATURES))


def test_an_index_without_names_matches_nothing():
    for names in ([], [[]], [[Name("of the", "title")]]):
        assert len(NameIndex(names).match(NoteWords("of the heart")).codes) == 0


WORDS = [
    "acute",
    "old",
    "heart",
    "attack",
    "infarction",
    "femur",
    "left",
    "right",
    "neck",
    "fracture",
    "and",
    "x",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_against_a_plain_writing_of_coverage_and_nearness(words):
    """Every name by itself, every occurrence of its rarest word found, in loops."""
    index = NameIndex(NAMES)
    text = " ".join(words)
    matches = index.match(NoteWords(text))
    having = {}
    for several in NAMES:
        own = {stem(word) for name in several if name.kind != "ancestor" for word, _, _ in split(name.text)}
        for word in own:
            having[word] = having.get(word, 0) + 1
    totals = [
        sum(np.log((len(NAMES) + 1) / (having.get(word, 0) + 0.5)) for word in stems(name.text))
        for several in NAMES
        for name in several
    ]
    heaviest_name = np.sqrt(max(totals))
    places = {}
    for place, word in enumerate(words):
        places.setdefault(stem(word), []).append(place)
    for code, several in enumerate(NAMES):
        least = best = 0.0
        for name in several:
            if name.kind == "ancestor":
                continue
            weights = {
                stem(word): np.log((len(NAMES) + 1) / (having[stem(word)] + 0.5))
                for word, _, _ in split(name.text)
                if word not in ("of", "unspecified", "organism")
            }
            total, there = sum(weights.values()), [word for word in weights if word in places]
            if sum(weights[word] for word in there) / total < FLOOR:
                continue
            heaviest = max(weights[word] for word in there)
            nearness = []  # by each of the rarest words as the heart
            for word in (word for word in there if weights[word] == heaviest):
                near = [
                    sum(
                        weights[other]
                        * np.exp(-max(min(abs(place - heart) for place in places[other]) - 2, 0) / 10)
                        for other in there
                    )
                    for heart in places[word]
                ]
                nearness.append(max(near) / total)
            least = max(least, min(nearness) ** 2 * np.sqrt(total))
            best = max(best, max(nearness) ** 2 * np.sqrt(total))
        row = list(matches.codes).index(code) if code in matches.codes else None
        got = 0.0 if row is None else matches.features[row, 1] ** 2 * matches.features[row, 4] * heaviest_name
        assert least - 1e-5 <= got <= best + 1e-5  # of equally rare words the index takes one as the heart
