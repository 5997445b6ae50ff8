"""The words of a note or of a name of a code, as stems at places: what both sides are compared by.

A word of a note may stand for several stems at once: its own, those of its synonyms, those of an abbreviation's senses.
"Stage 3", "type II" or "CKD 3b" give one stem more (``stage3``), so that a bare number never counts as a stage.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.synonyms import synonyms as known_synonyms
from icdbridge.knowledge.words import EMPTY, american, plain_words, split, stem

_SCALES = {"stage": "stage", "type": "type", "grade": "grade", "ckd": "stage", "class": "class", "dm": "type"}
_NUMBERS = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "iiia": "3a", "iiib": "3b", "one": "1", "two": "2",
    "three": "3", "four": "4", "five": "5",
}  # fmt: skip
_LETTERED = frozenset({
    "hepatitis", "influenza", "flu", "vitamin", "group", "hemophilia", "haemophilia", "strep", "streptococcus",
})  # fmt: skip
_BEFORE_NUMBERS = _LETTERED | _SCALES.keys()
_NUMBER = re.compile(r"[0-5][ab]?")
_WRITTEN_TOGETHER = re.compile(r"(ckd|dm|t|stage|type|grade)([0-5][ab]?)(dm)?")


SIDES = ("left", "right", "bilateral")
BOTH_SIDES = SIDES[2]
_SIDES = dict.fromkeys(("left", "l", "lt", "os"), "left") | dict.fromkeys(("right", "r", "rt", "od"), "right")
_SIDES |= dict.fromkeys(("bilateral", "bilaterally", "bilat", "bl", "both", "ou"), "bilateral")
# Endings that make an everyday word of a medical one when the root is short (callus, call; radial, radiation).
_KEPT_ENDINGS = ("us", "um", "is", "al", "ation", "ion", "ity")


# Words of notes whose stem is that of another word in titles: several is not severe, second not secondary, a coronal
# view not coronary, the month of Sept nothing septic.
_APART = {"sept": "september"} | {one: one for one in (
    "secondary", "several", "coronal", "portion", "portions", "county", "generous", "calculation", "calculations",
    "pillar", "pillars", "plant", "plants", "tearing", "traction", "septations", "intention", "classic", "classical",
    "adhesives", "luxate", "luxating", "majority", "opening", "openings", "recession", "circular", "concentration",
    "concentrations",
)}  # fmt: skip
_WITHOUT = re.compile(r"\b(?:without|w/o|not)\b(?: mention of)?([^,;()]*)", re.IGNORECASE)


class Word(NamedTuple):
    """One word of a text: lower case, at characters ``start`` to ``end``."""

    text: str
    start: int
    end: int


@lru_cache(100_000)
def root(word: str) -> str:
    """The stem of a word as Americans spell it; a side as ``left``, ``right`` or ``bilateral``."""
    if word in _SIDES:
        return _SIDES[word]
    word = american(word)
    if word in _APART:
        return _APART[word]
    short = stem(word)
    if len(short) == 4 and short != word and word.endswith(_KEPT_ENDINGS):
        return word
    return short


@lru_cache(100_000)
def whole(word: str) -> str:
    """A word but for its plural, marked: a name of one word counts for that word only ("callus" is no call). A side is
    what it is however written.
    """
    if word in _SIDES:
        return _SIDES[word]
    word = american(word)
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return f"={word}"


def roots(*words: str) -> frozenset[str]:
    """The stems of some words."""
    return frozenset(map(root, words))


# Organs of two sides: the side of a facial droop is not that of a lung cancer.
PAIRED = roots(
    "lung", "breast", "kidney", "eye", "ear", "ovary", "testis", "adrenal", "hip", "knee", "shoulder", "ankle", "wrist",
    "elbow", "hand", "foot", "arm", "leg", "carotid", "bronchus", "pulmonary", "renal",
)  # fmt: skip


def words_of(text: str) -> list[Word]:
    """All words of a text in order."""
    return [Word(*found) for found in split(text)]


def scale_stems(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Places and stems of stages, types and grades ("stage 3b" at its number: ``stage3b``)."""
    if _BEFORE_NUMBERS.isdisjoint(words) and "".join(words).isalpha():
        return
    for place, word in enumerate(words):
        if together := _scale_together(word):
            yield place, together
        elif word in _SCALES and place + 1 < len(words):
            number = _NUMBERS.get(
                words[place + 1], words[place + 1].removesuffix("t")
            )  # "3aT": a transplanted kidney
            if _NUMBER.fullmatch(number):
                yield place + 1, _SCALES[word] + number
        elif word in _LETTERED and place + 1 < len(words) and words[place + 1] == "a":
            yield place + 1, "lettera"  # "a" alone is an article


@lru_cache(100_000)
def _scale_together(word: str) -> str | None:
    """The stem of a scale and its number written as one word ("stage3b", "t2dm")."""
    found = _WRITTEN_TOGETHER.fullmatch(word)
    if not found or (found[1] == "t" and not found[3]):
        return None
    return ("type" if found[1] in ("t", "dm") else _SCALES[found[1]]) + found[2]


_LEVEL = re.compile(r"([ctls])(\d{1,2})")
_LEVELS = {"c": 8, "t": 12, "l": 5, "s": 5}  # the last of each
_REGIONS = {"c": "cervical", "t": "thoracic", "l": "lumbar", "s": "sacral"}
_JUNCTIONS = {"ct": "cervicothoracic", "tl": "thoracolumbar", "ls": "lumbosacral"}
_LOWEST = ("c7", "t12", "l5")
_NOT_SPINAL = re.compile(r"n\d|m\d|s\d|weighted|hyper\w+|hypo\w+|signal|flair|images?|sequences?")


def level_stems(words: Sequence[str]) -> Iterator[tuple[int, frozenset[str]]]:
    """Places of vertebral levels and their stems: the region ("L4" lumbar, "L5-S1" at both lumbosacral), and the second
    level of "C5-6", ``c6``. "T2 N0" of a tumour and "T2 weighted" of an image are none.
    """
    found = {}
    for place, word in enumerate(words):
        level = _LEVEL.fullmatch(word)
        following = words[place + 1] if place + 1 < len(words) else ""
        if level and 0 < int(level[2]) <= _LEVELS[level[1]]:
            if level[1] in "ts" and _NOT_SPINAL.fullmatch(following):
                continue
            found[place] = level[1]
            if following == str(int(level[2]) + 1):
                found[place + 1] = level[1]  # "C5-6"
    for place, letter in found.items():
        junction = _junction(words, found, place) or _junction(words, found, place - 1)
        second = {letter + words[place]} if words[place].isdigit() else set()
        yield place, frozenset({root(junction or _REGIONS[letter]), *second})


def _junction(words: Sequence[str], levels: Mapping[int, str], place: int) -> str | None:
    """The region of a level and that of the next word, where two meet: not those of "T8-9. L3-4"."""
    letter = levels.get(place)
    if letter is None or (words[place].isdigit() and letter + words[place] not in _LOWEST):
        return None
    return _JUNCTIONS.get(letter + levels.get(place + 1, ""))


def title_stems(text: str) -> list[str]:
    """The different stems of a text in order, without words that notes leave out."""
    return list(dict.fromkeys(filter(None, _stems_of(plain_words(text)))))


def name_stems(text: str) -> list[str]:
    """The stems by which a note names a code: those of ``title_stems``, of what the name says is absent ("without
    aura") with a minus (``-aura``); of a name of one word that word (``whole``).
    """
    words = plain_words(text)
    found = _stems_of(words)
    for place in _absent(text) if _WITHOUT.search(text) else ():
        found[place] = found[place] and f"-{found[place]}"
    stems = list(dict.fromkeys(filter(None, found)))
    if len(stems) == 1:
        content = [word for word in words if word not in EMPTY]
        if len(content) == 1 and stems == [root(content[0])]:
            return [whole(content[0])]
    return stems


def _absent(text: str) -> set[int]:
    """The words that a text says are absent, as places among its words."""
    spans = [match.span(1) for match in _WITHOUT.finditer(text)]
    starts = enumerate(start for _, start, _ in split(text))
    return {place for place, start in starts if any(first <= start < last for first, last in spans)}


def _stems_of(words: Sequence[str]) -> list[str]:
    """The stem of each word, empty where notes leave it out."""
    found = list(map(_stem_or_none, words))
    for place, scale in scale_stems(words):
        found[place] = scale
    return found


@lru_cache(100_000)
def _stem_or_none(word: str) -> str:
    return "" if word in EMPTY else root(word)


@cache
def meanings(text: str) -> list[frozenset[str]]:
    """A meaning as sets of stems: one of a single word as the whole word, and as its stem beside others."""
    stems = name_stems(text)
    if len(stems) == 1 and stems[0].startswith("="):
        return [frozenset(stems), frozenset({root(words_of(text)[0].text)})]
    return [frozenset(stems)] if stems else []


@cache
def synonyms() -> dict[str, list[frozenset[str]]]:
    """Stems of words with the stems of each wording that says the same (``adenocarcinoma``: malignant, neoplasm)."""
    found: dict[str, list[frozenset[str]]] = {}
    for word, wordings in known_synonyms().items():
        for wording in wordings:
            for meant in meanings(wording):
                if meant != {root(word)}:
                    found.setdefault(root(word), []).append(meant)
    return found


@cache
def drug_words() -> frozenset[str]:
    """Single words that name a drug or a class of drugs (``status.csv``, ``drugs.csv``)."""
    rows = read_csv("status")
    taken = {row["term"].lower() for row in rows if row["when"] in ("medications", "adverse")}
    return frozenset(taken.union(*(row["names"].split(";") for row in read_csv("drugs"))))
