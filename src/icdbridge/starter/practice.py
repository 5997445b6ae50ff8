"""Associations of phrases with codes, counted over coded notes; phrases are stored as hashes.

Notes are coded for more than they name ("a painful mass": R52), and coders have habits that no table states. Both show
in these counts.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.contexts import CONTEXTS
from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import Note
from icdbridge.starter.stems import root
from icdbridge.starter.tree import Tree

LONGEST = 3  # words of a phrase
MOST = 60  # codes of a note, the likeliest first
_SAYS_NOTHING = frozenset({"R69"})  # "illness": published notes carry it for the word "disease"
# The least that is kept: notes, share of them, times the share of all notes.
_NOTES, _SHARE, _LIFT = (2, 0.3, 5.0)
_APART = [CONTEXTS.index(name) for name in ("negated", "family", "hypothetical")]


ARRAYS = ("keys", "of_code", "seen", "right", "often")  # of a ``Practice``


class Practised(NamedTuple):
    """What the phrases of a note say of a code: the highest ``share`` of the notes with one of them that carry it
    (one more note counted against it), in how many ``notes`` they do, on how many ``words`` it stands from ``first``
    to ``last``; how many ``phrases`` speak for it, the ``sum`` of their shares; how many notes carry the code at all.
    """

    share: float
    notes: int
    words: int
    first: int
    last: int
    phrases: int
    sum: float
    often: int


@dataclass(frozen=True)
class Practice:
    """``keys`` uint64 [P] of phrases (ascending, once for each of its codes), ``of_code`` uint16 [P] into ``codes``,
    ``seen`` and ``right`` uint16 [P]: how many notes have the phrase, how many of these the code; ``often`` uint16
    [codes]: how many notes carry a code.
    """

    keys: np.ndarray
    of_code: np.ndarray
    seen: np.ndarray
    right: np.ndarray
    often: np.ndarray
    codes: tuple[str, ...]

    def said_by(self, note: Note) -> dict[str, Practised]:
        """The codes that the phrases of a note speak for, the likeliest first."""
        keys, places = phrases(note)
        begin, end = np.searchsorted(self.keys, keys), np.searchsorted(self.keys, keys, side="right")
        by_code: dict[int, list[tuple[float, int, int, int, int]]] = defaultdict(list)
        for phrase in np.flatnonzero(end > begin).tolist():
            first, last, words = places[phrase].tolist()
            for row in range(int(begin[phrase]), int(end[phrase])):
                share = float(self.right[row]) / (float(self.seen[row]) + 1)
                by_code[int(self.of_code[row])].append((share, int(self.right[row]), words, first, last))
        found = {
            self.codes[code]: Practised(
                *max(several), len(several), sum(one[0] for one in several), int(self.often[code])
            )
            for code, several in by_code.items()
        }
        return dict(sorted(found.items(), key=lambda one: (-one[1].share, one[0])))


def phrases(note: Note) -> tuple[np.ndarray, np.ndarray]:
    """The phrases of a note, each once: keys uint64 [P]; first word, last word and length int64 [P, 3].

    A phrase is one to ``LONGEST`` words that say something (no numbers), one after the other in a sentence, in any
    order; words that are denied, a relative's or hypothetical are left out.
    """
    apart = np.asarray(note.marks[:, _APART].any(axis=1))
    said = np.array(
        [place for place, word in enumerate(note.words) if _says(word.text) and not apart[place]], np.int64
    )
    hashes = np.array([_hash(root(note.words[place].text)) for place in said.tolist()], np.uint64)
    # a word left out ends a phrase as a sentence does
    run = note.sentence * len(note.words) + np.cumsum(apart)
    keys, places = [], []
    for length in range(1, LONGEST + 1):
        first, last = said[: len(said) - length + 1], said[length - 1 :]
        whole = run[first] == run[last]
        # the sum is the same in any order
        key = sum(
            (hashes[i : len(hashes) - length + 1 + i] for i in range(length)), np.zeros(len(first), np.uint64)
        )
        keys.append(_mixed(key[whole], length))
        places.append(np.column_stack([first, last, np.full(len(first), length)])[whole])
    every, where = np.concatenate(keys), np.concatenate(places)
    unique, once = np.unique(every, return_index=True)
    return unique, where[once]


def practice_lines(
    note: Note, lines: Iterable[Line], practised: Mapping[str, Practised], tree: Tree
) -> list[Line]:
    """New lines for codes that notes with the same words often carry, and that the list does not have yet.

    Where the note already names the category, such a code becomes an alternative of that line instead.
    """
    there = {tree.codes[line.code] for line in lines}
    siblings = {tree.codes[line.code][:3]: line for line in lines if line.said}
    found = [code for code in practised if code not in there and tree.billable[tree.number[code]]]
    for code in found:
        if line := siblings.get(code[:3]):
            line.alternatives = {tree.number[code]: None} | line.alternatives
    longer = [frozenset(said.places) for line in lines for said in line.said if len(said.places) > 1]

    def within_longer(own: Practised) -> bool:
        """Whether the words are a part of those of a mention: the "herpes" of "herpes zoster"."""
        words = frozenset(range(own.first, own.last + 1))
        return any(words < places for places in longer)

    found = [code for code in found if code[:3] not in siblings and not within_longer(practised[code])]
    return [
        Line(
            tree.number[code],
            "practice",
            span=(note.words[practised[code].first].start, note.ends[practised[code].last]),
            reason="notes with these words are often coded so",
        )
        for code in found[:MOST]
    ]


def count_practice(notes: Iterable[tuple[Note, frozenset[str]]], known: Mapping[str, int]) -> Practice:
    """Counts over coded notes; codes that are not ``known`` are left out."""
    total = 0
    having: Counter[int] = Counter()
    together: Counter[tuple[int, str]] = Counter()
    often: Counter[str] = Counter()
    for note, labels in notes:
        total += 1
        keys = phrases(note)[0].tolist()
        labelled = sorted(code for code in labels - _SAYS_NOTHING if code in known)
        having.update(keys)
        often.update(labelled)
        together.update((key, code) for key in keys for code in labelled)
    kept = sorted(
        (key, code, count)
        for (key, code), count in together.items()
        if count >= max(_NOTES, _SHARE * having[key], _LIFT * having[key] * often[code] / total)
    )
    codes = sorted({code for _, code, _ in kept})
    number = {code: place for place, code in enumerate(codes)}
    return Practice(
        np.array([key for key, _, _ in kept], np.uint64),
        np.array([number[code] for _, code, _ in kept], np.uint16),
        np.array([having[key] for key, _, _ in kept], np.uint16),
        np.array([count for _, _, count in kept], np.uint16),
        np.array([often[code] for code in codes], np.uint16),
        tuple(codes),
    )


def _says(word: str) -> bool:
    return word not in EMPTY and not word.isdecimal()


@lru_cache(maxsize=2**16)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _mixed(keys: np.ndarray, length: int) -> np.ndarray:
    """Keys of phrases of one length apart from those of another."""
    return keys * np.uint64(0x9E3779B97F4A7C15) + np.uint64(length)
