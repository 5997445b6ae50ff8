"""Marked phrases, as hashes of their words, and where notes contain them: in one piece, or in two parts.

Training notes cannot be read from these hashes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from icdbridge.lexical.associations import hash_word, running_hashes
from icdbridge.lexical.near_marks import word_hash
from icdbridge.lexical.note import NoteWords

LONGEST = 12  # words of a phrase
PART, GAP = 4, 6  # words of each of two parts that stand apart, and words between them
_APART = np.uint64(0x5851F42D4C957F2D)  # tells a phrase whose parts stand apart
_LOW = np.uint64(0xFFFF)


class Phrase(NamedTuple):
    """A known phrase (``row``) in a note: words ``first`` to before ``cut``, and ``on`` to before ``last``."""

    row: int
    first: int
    cut: int
    on: int
    last: int


@dataclass(frozen=True)
class PhraseHits:
    """Where a note has known phrases, overlapping ones too: ``rows`` [n] of the phrases and ``words`` [n, 4] (first,
    cut, on, last), those of longer phrases first, and of phrases in one piece before those in two.
    """

    rows: np.ndarray
    words: np.ndarray

    @classmethod
    def find(cls, hashes: np.ndarray, note: NoteWords) -> "PhraseHits":
        """Looks for phrases with such ``hashes``, ascending."""
        own = np.array([hash_word(stem) for stem in note.stems], np.uint64)
        whole = list(running_hashes(own, LONGEST))
        parts = [(size, 0, 0, state) for size, state in enumerate(whole, 1)][::-1]
        apart = [
            (size, gap, more, state ^ _APART)
            for size, begun in enumerate(whole[:PART], 1)
            for gap in range(1, GAP + 1)
            for more, state in enumerate(running_hashes(own[size + gap :], PART, begun), 1)
        ]
        parts += sorted(apart, key=lambda one: -(one[0] + one[2]))
        if not parts:
            return cls(np.zeros(0, np.int64), np.zeros((0, 4), np.int64))
        *sizes, states = zip(*parts, strict=True)
        row, hit = _known(hashes, np.concatenate(states))
        ends = np.cumsum([len(state) for state in states])
        part = np.searchsorted(ends, hit, side="right")
        first = hit - np.append(0, ends)[part]
        size, gap, more = (np.array(one)[part] for one in sizes)
        cut = first + size
        return cls(row, np.stack([first, cut, cut + gap, cut + gap + more], axis=1))

    def chosen(self, known: np.ndarray) -> list[Phrase]:
        """Of phrases that are ``known`` [P] those that share no word, the longest first."""
        taken: set[int] = set()
        kept = []
        for row, (first, cut, on, last) in zip(self.rows.tolist(), self.words.tolist(), strict=True):
            own = (*range(first, cut), *range(on, last))
            if known[row] and taken.isdisjoint(own):
                taken.update(own)
                kept.append(Phrase(row, first, cut, on, last))
        return kept


def phrases_of_mark(
    note: NoteWords, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[np.uint64, Sequence[int]]]:
    """The hashes by which the words of a mark are found in one piece and, if several, apart; each with these words."""
    words = np.flatnonzero(note.within(spans)).tolist()
    if not 0 < len(words) <= LONGEST:
        return
    hashes = np.array([hash_word(note.stems[word]) for word in words], np.uint64)
    *_, (state,) = running_hashes(hashes, LONGEST)
    said = [word_hash(note.words[word][0]) for word in words]
    yield state, said
    if len(words) > 1:
        yield state ^ _APART, said


def _known(hashes: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of ``hashes``, ascending, some states are: the rows, and the places of these states."""
    maybe = np.zeros(_LOW + np.uint64(1), bool)  # few are known: most are told by their lowest bits
    maybe[hashes & _LOW] = True
    hit = np.flatnonzero(maybe[state & _LOW])
    row = np.searchsorted(hashes, state[hit])
    kept = hashes[np.minimum(row, len(hashes) - 1)] == state[hit] if len(hashes) else np.zeros(0, bool)
    return row[kept], hit[kept]
