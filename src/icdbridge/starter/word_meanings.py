"""What each word of a note stands for: its stem, what numbers, disks and sides make of it, synonyms, abbreviations."""

import itertools
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.sentences import item_numbers
from icdbridge.packed import packed_rows
from icdbridge.starter.cues import cue, expression, part
from icdbridge.starter.expansions import Expansions, expansions, is_unit_or_name
from icdbridge.starter.stems import (
    BOTH_SIDES,
    Word,
    drug_words,
    level_stems,
    root,
    roots,
    scale_stems,
    synonyms,
    whole,
)

_BY_DRUG = roots("drug", "induced")
Senses = list[tuple[frozenset[str], float]]


class Meanings(NamedTuple):
    """Of each word: its ``own`` stems, where it ``ends`` (an abbreviation of several words: where the last does), and
    the ``senses`` that are of several stems or unsure, with the share of uses that mean them.
    """

    own: list[frozenset[str]]
    ends: list[int]
    senses: Mapping[int, Senses]


def meanings_in(
    text: str,
    words: Sequence[Word],
    sentences: Sequence[tuple[int, int]],
    sections: Sequence[str],
    negated: np.ndarray,
) -> Meanings:
    """The meanings of the words of a note; ``sections`` their kinds of sections, ``negated`` [T] which are denied."""
    counting = {start for start, _ in item_numbers(text)}  # "2. CKD 3. Gout" has neither stage 3 nor class 2
    apart, disks = _losing(words, "its meaning"), _ill_disks(words)
    silent = _silent(text, words, counting | {words[place].start for place in apart | _lasting(text, words)})
    further = _further_stems(words, counting, disks)
    written = expansions(words, text, sentences, sections)
    meant = _meant(words, written, apart | disks.keys() | _losing(words, "its synonyms"))
    both = _both_sides(text, words)
    own: list[frozenset[str]] = []
    senses: dict[int, Senses] = {}
    for place, word in enumerate(words):
        stems = set() if place in silent else _literal(word, denied=bool(negated[place]))
        sure = {next(iter(one)) for one, share in meant[place] if len(one) == 1 and share == 1.0}
        senses[place] = [one for one in meant[place] if len(one[0]) > 1 or one[1] < 1.0]
        own.append(frozenset(stems | further[place] | sure))
        if place in both:
            own[place], senses[place] = frozenset({BOTH_SIDES}), []
    ends = [
        words[written[place][0]].end if place in written else word.end for place, word in enumerate(words)
    ]
    return Meanings(own, ends, senses)


def _silent(text: str, words: Sequence[Word], starts: set[int]) -> set[int]:
    """The places of words that say nothing by themselves: empty ones, units, initials, and those at ``starts``."""
    return {
        place
        for place, word in enumerate(words)
        if word.text in EMPTY or word.start in starts or is_unit_or_name(text, word.start, word.end)
    }


def _literal(word: Word, *, denied: bool) -> set[str]:
    """The stems of a word as it is written; of one that is denied also that of its absence."""
    own = root(word.text)
    return {own, whole(word.text), f"-{own}"} if denied else {own, whole(word.text)}


def _further_stems(
    words: Sequence[Word], counting: set[int], disks: Mapping[int, frozenset[str]]
) -> list[frozenset[str]]:
    """The stems of each word that only the words around it tell: of scales, levels of the spine, disks, and of drugs
    that did something.
    """
    scales = dict(scale_stems(["" if word.start in counting else word.text for word in words]))
    levels = dict(level_stems([word.text for word in words]))
    causes = {place for place in causes_in(words) if words[place].text in drug_words()}
    none = frozenset[str]()
    return [
        levels.get(place, none).union(
            disks.get(place, none),
            {scales[place]} if place in scales else none,
            _BY_DRUG if place in causes else none,
        )
        for place in range(len(words))
    ]


def _meant(words: Sequence[Word], written: Expansions, alone: set[int]) -> list[Senses]:
    """What each word stands for as an abbreviation or else, if not left ``alone``, by its synonyms."""
    known = synonyms()
    return [
        written.get(place, (place, []))[1]
        or [(one, 1.0) for one in known.get(root(word.text), ()) if place not in alone]
        for place, word in enumerate(words)
    ]


# What a word loses before others: its meaning ("secondary to" is no metastasis, "cystic duct" no cyst), or only its
# synonyms (cervical nodes are not of the cervix).
_LOSES: dict[str, dict[str, re.Pattern[str]]] = defaultdict(dict)
for _word, _following, _lost in packed_rows(__package__, "data/otherwise.csv"):
    _LOSES[_lost][_word] = re.compile(expression(_following))


def _losing(words: Sequence[Word], lost: str) -> set[int]:
    """The places of words that stand before one with which they lose their meaning, or their synonyms."""
    following = _LOSES[lost]
    return {
        place
        for place, (word, after) in enumerate(itertools.pairwise(words))
        if word.text in following and following[word.text].fullmatch(after.text)
    }


_TIMES = frozenset(
    {"year", "years", "yr", "month", "months", "week", "weeks", "day", "days", "long", "longstanding"}
)


def _lasting(text: str, words: Sequence[Word]) -> set[int]:
    """The places of "history" where it is how long something is there: "a two-year history of colon cancer"."""
    return {
        place + 1
        for place, (word, after) in enumerate(itertools.pairwise(words))
        if word.text in _TIMES and after.text in ("history", "hx") and text[word.end : after.start].isspace()
    }


_DUE_TO = frozenset(part("due to").replace("/", " ").split("|"))  # what stands before the cause of something


def causes_in(words: Sequence[Word]) -> set[int]:
    """The places of words that did something: the drug of "opioid-induced", "from opioids", "due to opioids"."""
    texts = ["", "", "", *(word.text for word in words), ""]
    return {
        place
        for place in range(len(words))
        if texts[place + 4] == "induced"
        or any(" ".join(texts[place + 3 - back : place + 3]) in _DUE_TO for back in (1, 2, 3))
    }


_DISKS = frozenset({"disc", "disk", "discs", "disks", "pulposus", "hnp", "hivd"})
_DISK = roots("disc", "intervertebral")
_OF_DISKS = (
    (
        re.compile(r"herniat\w+|protru\w+|extru\w+|bulg(?:e|es|ing)|prolapsed?|slipped|hnp|hivd"),
        roots("displacement"),
    ),
    (re.compile(r"degenerat\w+"), roots("degeneration")),
)


def _ill_disks(words: Sequence[Word]) -> dict[int, frozenset[str]]:
    """Where a disk stands, and what says that it is displaced (no hernia) or worn out, with the stems of titles."""
    found: dict[int, frozenset[str]] = {}
    for place, word in enumerate(words):
        for pattern, meant in _OF_DISKS:
            if pattern.fullmatch(word.text):
                around = range(max(place - 3, 0), min(place + 4, len(words)))
                beside = dict.fromkeys((near for near in around if words[near].text in _DISKS), _DISK)
                found |= beside | ({place: meant | beside.get(place, frozenset())} if beside else {})
    return found


_COMPARED = re.compile(
    r"\b(left|right|l|r|od|os|lt|rt)\b(?:\s*[<>]{1,2}\s*"
    r"|,? (?:is |are |was |much )*(?:worse|greater|more|bigger|larger|smaller|better|less) than (?:the )?(?:on the )?)"
    r"(left|right|l|r|od|os|lt|rt)\b",
    re.IGNORECASE,
)


def _both_sides(text: str, words: Sequence[Word]) -> set[int]:
    """The sides of "OD worse than OS" and "R>L", and "each" of "each eye", which mean both."""
    starts = {start for found in _COMPARED.finditer(text) for start in (found.start(1), found.start(2))}
    starts.update(found.start() for found in cue("each of two").all_within(text))
    return {place for place, word in enumerate(words) if word.start in starts}
