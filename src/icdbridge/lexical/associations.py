"""Associations of phrases with codes: counted over training notes, looked up for all codes at once.

Phrases are kept as hashes, so training notes cannot be read from a run folder.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.labels_by_fold import LabelsByFold
from icdbridge.lexical.note import NoteWords

ASSOCIATIONS = ("best", "steady", "second", "five", "all")
MIN_NOTES = 2  # a phrase of one note says nothing that the names of its codes do not say better
MIN_SHARE = 0.05  # of the notes with a phrase: codes that fewer carry are not kept
STEADY = 4  # notes without the code that are added to those counted, so that few notes say little
BEST = 5
_BLOCK = 100_000  # phrases of notes counted at once
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.float32(1).view(np.int32).astype(np.int64)
_SILENT = EMPTY | {
    "after", "be", "been", "had", "has", "have", "he", "her", "his", "it", "its", "no", "patient", "she", "this",
    "was", "were", "which", "who",
}  # fmt: skip


class Phrases(NamedTuple):
    """The different phrases of a note, ascending: ``hashes`` uint64 [n]; ``spans`` [n, 2], where each first stands."""

    hashes: np.ndarray
    spans: np.ndarray


class Associated(NamedTuple):
    """The codes associated with a note's phrases, ascending: ``codes`` int32 [n], ``features`` float32 [n,
    len(ASSOCIATIONS)] and ``spans`` [n, 2], the place of the strongest phrase of each.

    The strength of a phrase is the share of training notes with it that carry the code. For ``best`` one note without
    the code is added, for the others ``STEADY`` such notes: the highest, the second, the mean of the five highest, and
    log of 1 + the sum of all.
    """

    codes: np.ndarray
    features: np.ndarray
    spans: np.ndarray


@cache
def hash_word(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _mix(sums: np.ndarray) -> np.ndarray:
    mixed = sums * _FACTOR
    return mixed ^ (mixed >> np.uint64(29))


def running_hashes(words: np.ndarray, longest: int, begun: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Hashes of 1, 2, ... words in a row, at most so many, from each place on; with ``begun`` after what has those
    hashes.
    """
    state = np.zeros(len(words), np.uint64) if begun is None else begun[: len(words)]
    for size in range(min(longest, len(words))):
        state = state[: len(words) - size] * _FACTOR + words[size : size + len(state)]
        state = state ^ (state >> np.uint64(29))
        yield state


def find_phrases(note: NoteWords) -> Phrases:
    """The stems of a note's words without empty words: single ones, neighbours and next neighbours in any order, and
    three in a row in any order.
    """
    kept = [place for place, (word, _, _) in enumerate(note.words) if word not in _SILENT]
    single = np.array([hash_word(note.stems[place]) for place in kept], dtype=np.uint64)
    start, end = note.spans[kept].T
    hashes = [single, _mix(single[1:] + single[:-1]), _mix(single[2:] + single[:-2])]
    hashes.append(_mix(single[2:] + single[1:-1] + single[:-2]))
    found, first = np.unique(np.concatenate(hashes), return_index=True)
    starts = np.concatenate([start, start[:-1], start[:-2], start[:-2]])
    ends = np.concatenate([end, end[1:], end[2:], end[2:]])
    return Phrases(found, np.stack([starts, ends], axis=1)[first])


@dataclass(frozen=True)
class Associations:
    """Phrases with associations (``hashes`` uint64 [P], ascending): in how many training notes each occurs (``notes``
    [P]), and how many of these carry each code (``counts``, sparse [P, codes]).
    """

    hashes: np.ndarray
    notes: np.ndarray
    counts: Any

    @classmethod
    def learn(cls, notes: Sequence[np.ndarray], labels: Any) -> "Associations":
        """Counts the phrases (hashes) of training notes against their labels [N, codes]."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *notes])
        note = np.repeat(np.arange(len(notes)), [len(phrases) for phrases in notes])
        order = np.argsort(hashes, kind="stable")
        return cls.count(hashes[order], note[order], labels)

    @classmethod
    def count(cls, hashes: np.ndarray, note: np.ndarray, labels: Any, least: float = 0) -> "Associations":
        """Counts phrases, ``hashes`` uint64 [n], ascending, each in a ``note`` [n] (a row of the labels [N, codes]).
        Codes that fewer than ``least`` notes with a phrase carry are not kept.
        """
        carried = csr_array(labels).astype(np.float32)
        parts = [cls._nothing(carried.shape[1])]
        for found, often, having in _blocks(hashes, note, carried.shape[0], least):
            counted = having @ carried
            counted.sort_indices()
            row = np.repeat(np.arange(len(found)), np.diff(counted.indptr))
            of, codes = often.astype(np.float32), carried.shape[1]
            parts.append(cls._kept(found, of, row, counted.indices, counted.data, codes, least))
        return cls.join(parts)

    @classmethod
    def count_by_fold(
        cls, hashes: np.ndarray, note: np.ndarray, labels: LabelsByFold, least: float = 0
    ) -> list["Associations"]:
        """``count`` of all notes but those of a fold, for each fold, and last of all notes: by one pass over them."""
        number, codes = labels.number, labels.codes
        parts: list[list[Associations]] = [[cls._nothing(codes)] for _ in range(number + 1)]
        for found, often, having in _blocks(hashes, note, len(labels.folds), least):
            of_folds = np.bincount(
                np.repeat(np.arange(len(found)), often) * number + labels.folds[having.indices],
                minlength=len(found) * number,
            ).reshape(-1, number)
            of = np.column_stack([often[:, None] - of_folds, often]).astype(np.float32)
            row, code, counts = labels.count(having, _lowest(of, least).min(axis=1))
            for left_out in range(number + 1):
                parts[left_out].append(
                    cls._kept(found, of[:, left_out], row, code, counts[:, left_out], codes, least)
                )
        return [cls.join(parts.pop(0)) for _ in range(number + 1)]  # each is held twice for a moment only

    @classmethod
    def _nothing(cls, codes: int) -> "Associations":
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.float32), csr_array((0, codes), dtype=np.float32))

    @classmethod
    def _kept(
        cls,
        hashes: np.ndarray,
        often: np.ndarray,
        row: np.ndarray,
        code: np.ndarray,
        counts: np.ndarray,
        codes: int,
        least: float,
    ) -> "Associations":
        """Chooses which pairs to keep, of phrases in ``often`` [P] notes: ``counts`` [n] notes have both the phrase
        (``row`` [n], ascending) and the ``code`` [n], ascending.
        """
        kept = np.flatnonzero(counts >= _lowest(often, least)[row])
        each = np.bincount(row[kept], minlength=len(hashes))
        told = each > 0
        # of these there are many: 32 bits, which scipy would not choose by itself
        starts = np.append(0, np.cumsum(each[told])).astype(np.int32)
        table = csr_array((counts[kept], code[kept].astype(np.int32), starts), shape=(len(starts) - 1, codes))
        return cls(hashes[told], often[told], table)

    @classmethod
    def join(cls, parts: Sequence["Associations"]) -> "Associations":
        """Several, of phrases that ascend from one to the next, as one."""
        if len(parts) == 1:
            return parts[0]
        hashes, notes = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("hashes", "notes")
        )
        return cls(hashes, notes, csr_array(vstack([part.counts for part in parts], format="csr")))

    def match(self, phrases: Phrases) -> Associated:
        """The associations of the phrases of a note, for every code."""
        place = np.searchsorted(self.hashes, phrases.hashes)
        known = np.flatnonzero(place < len(self.hashes))
        known = known[self.hashes[place[known]] == phrases.hashes[known]]
        row = place[known]
        # the same for each code: what phrases say of it, in their order
        said = self.counts[row]
        often = np.repeat(self.notes[row], np.diff(said.indptr))
        steady, best = said.data / (often + STEADY), said.data / (often + 1)
        pairs = np.stack([steady, best], axis=1).view(np.complex64)[:, 0]
        by_code = csr_array((pairs, said.indices, said.indptr), shape=said.shape).tocsc()
        steady, best = by_code.data.real.copy(), by_code.data.imag
        column = np.flatnonzero(np.diff(by_code.indptr))
        first = by_code.indptr[column]
        features = np.zeros((len(column), len(ASSOCIATIONS)), np.float32)
        if not len(column):
            return Associated(column.astype(np.int32), features, phrases.spans[first])
        features[:, 0] = np.maximum.reduceat(best, first)
        code, place = _highest(steady, first)
        start = np.flatnonzero(np.append(True, code[1:] != code[:-1]))
        each = np.diff(start, append=len(code))
        value = steady[place]
        features[:, 1] = value[start]
        features[:, 2] = np.where(each > 1, value[np.minimum(start + 1, len(value) - 1)], 0)
        rank = np.arange(len(code)) - np.repeat(start, each)
        features[:, 3] = np.add.reduceat(np.where(rank < BEST, value, 0), start) / BEST
        features[:, 4] = np.log1p(np.add.reduceat(steady, first))
        # of phrases that speak as much the first in the table
        spans = phrases.spans[known[by_code.indices[place[start]]]]
        return Associated(column.astype(np.int32), features, spans)


def _highest(values: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest values of each group of neighbours that begins at ``first``: at least ``BEST``, the highest first,
    ties in order, as group and position.

    A value below the maximum of each fifth of its group is not among its five highest, so it is not sorted.
    """
    each = np.diff(first, append=len(values))
    fifths = np.maximum.reduceat(values, (first[:, None] + each[:, None] * np.arange(BEST) // BEST).ravel())
    least = np.where(each < BEST, 0, fifths.reshape(-1, BEST).min(axis=1))
    place = np.flatnonzero(values >= np.repeat(least, each))
    group = np.repeat(np.arange(len(first)), each)[place]
    # by group, then the highest first: the bits of positive floats are in their order
    order = np.argsort(group << 32 | (_ONE - values[place].view(np.int32)), kind="stable")
    return group[order], place[order]


def _lowest(often: np.ndarray, least: float) -> np.ndarray:
    """How many of so ``often`` notes with a phrase must carry a code for the pair to be kept."""
    lowest: np.ndarray = np.where(
        often >= MIN_NOTES, np.maximum(np.float32(MIN_SHARE) * often, least), np.inf
    )
    return lowest.astype(np.float32)


def _blocks(
    hashes: np.ndarray, note: np.ndarray, notes: int, least: float
) -> Iterator[tuple[np.ndarray, np.ndarray, Any]]:
    """Different phrases of several notes, some at a time, but those in so few that nothing is kept of them: their
    hashes, in how many notes each stands, and in which, float32 [P, N].
    """
    first = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1])[: len(hashes)])
    often = np.diff(first, append=len(hashes))
    several = often >= max(MIN_NOTES, least)  # a note is one label of a code at most
    hashes, note, often = hashes[first[several]], note[np.repeat(several, often)], often[several]
    ends = np.append(0, np.cumsum(often))
    begin = 0
    while begin < len(often):
        end = max(begin + 1, int(np.searchsorted(ends, ends[begin] + _BLOCK, side="right")) - 1)
        within = note[ends[begin] : ends[end]].astype(np.int32)
        starts = (ends[begin : end + 1] - ends[begin]).astype(np.int32)
        having = csr_array((np.ones(len(within), np.float32), within, starts), shape=(end - begin, notes))
        yield hashes[begin:end], often[begin:end], having
        begin = end
