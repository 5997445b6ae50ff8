"""What counts as the same word in notes and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.starter.expansions import expansions
from icdbridge.starter.stems import name_stems, root, scale_stems, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("left", "L"), ("right", "rt"), ("bilateral", "bilaterally"), ("right eye", "OD eye"),
        ("old infarct", "old infarction"), ("fractures", "fracture"), ("stage 3", "stage III"),
        ("CKD 3b", "CKD stage IIIb"),
        ("type II diabetes", "type 2 diabetes"), ("neoplasm of breast", "breast neoplasm, unspecified"),
    ],
)  # fmt: skip
def test_said_alike(one, other):
    first, second = set(name_stems(one.lower())), set(name_stems(other.lower()))
    assert first <= second or second <= first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("callus", "call"), ("type 1", "type 2"), ("stage 3a", "stage 3b"), ("hepatitis a", "hepatitis b"),
        ("left", "right"), ("radial", "radiation"), ("vitamin a", "vitamin"), ("infarct", "infarction"),
        ("migraine with aura", "migraine without aura"),
    ],
)  # fmt: skip
def test_kept_apart(one, other):
    assert set(name_stems(one)) != set(name_stems(other))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stage 3 disease", [(1, "stage3")]), ("stage iv", [(1, "stage4")]), ("t2dm", [(0, "type2")]),
        ("dm2", [(0, "type2")]), ("ckd3a", [(0, "stage3a")]), ("ckd 4", [(1, "stage4")]), ("t2", []),
        ("grade 2", [(1, "grade2")]), ("stage 7", []), ("hepatitis a", [(1, "lettera")]), ("3", []), ("stage", []),
    ],
)  # fmt: skip
def test_scales(text, found):
    assert list(scale_stems(text.split())) == found


def senses_of(text):
    return expansions(words_of(text), text)


def test_abbreviations_stand_for_their_senses():
    found = senses_of("CHF and COPD")
    assert set(found) == {0, 2}
    assert any({"heart", root("failure")} <= stems for stems, _ in found[0][1])


def test_the_longest_abbreviation_counts():
    last, several = senses_of("c diff colitis")[0]
    assert last == 1
    assert several


def test_shares_of_senses_are_shares():
    for _, several in senses_of("MS, PE, RA, MI, CVA, PT, OD, AS").values():
        assert all(0 < share <= 1 for _, share in several)


def test_words_of_capitals_are_no_abbreviations_among_capitals():
    """Only capitals tell AS or IT from a word: in a line of capitals nothing does."""
    shouted = "PATIENT COMES AS NEEDED WITH AIDS TODAY"
    assert not any(shouted.split()[place] in ("AS", "AIDS") for place in senses_of(shouted))


@given(st.text(max_size=80))
def test_stems_of_any_text(text):
    stems = name_stems(text)
    assert len(set(stems)) == len(stems)
    words = words_of(text)
    assert all(0 <= word.start < word.end <= len(text) for word in words)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= place < len(words) for place, _ in scale_stems([word.text for word in words]))
    for first, (last, several) in expansions(words, text).items():
        assert first <= last < len(words)
        assert all(stems for stems, _ in several)
