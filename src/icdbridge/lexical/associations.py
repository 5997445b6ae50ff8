"""What notes with the same phrases were coded: counted over training notes, read for every code at once.

Phrases are kept as hashes: what training notes say cannot be read from a run folder.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.note import NoteWords

ASSOCIATIONS = ("best", "steady", "second", "five", "all")
MIN_NOTES = 2  # a phrase of one note says nothing that the names of its codes do not say better
MIN_SHARE = 0.05  # of the notes with a phrase: codes that fewer carry are not kept
STEADY = 4  # notes without the code that are added to those counted, so that few notes say little
BEST = 5
_BLOCK = 100_000  # phrases of notes counted at once
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
    """The codes that a note's phrases are associated with, ascending: ``codes`` int32 [n], ``features`` float32
    [n, len(ASSOCIATIONS)] and ``spans`` [n, 2], where the phrase that speaks most for each stands.

    A phrase speaks for a code by the share of training notes with the phrase that carry the code: ``best`` with one
    note without the code added, the others with ``STEADY`` such notes: the highest, the second, the mean of the
    five highest, and log of 1 + the sum of all.
    """

    codes: np.ndarray
    features: np.ndarray
    spans: np.ndarray


@cache
def hash_word(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _mix(sums: np.ndarray) -> np.ndarray:
    mixed = sums * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(29))


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
    """Phrases that speak for a code (``hashes`` uint64 [P], ascending), in how many training notes each stands
    (``notes`` [P]) and how many of these carry each code (``counts``, sparse [P, codes]).
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
        parts = [
            cls._kept(found, often, having @ carried, least)
            for found, often, having in _blocks(hashes, note, carried)
        ]
        return cls.join([cls._nothing(carried.shape[1]), *parts])

    @classmethod
    def count_by_fold(
        cls,
        hashes: np.ndarray,
        note: np.ndarray,
        labels: Any,
        folds: np.ndarray,
        number: int,
        least: float = 0,
    ) -> list["Associations"]:
        """``count`` of all notes but those of a fold, for each of so many folds, and last of all notes: by one pass
        over them, dealt into ``folds`` [N]. The labels are not soft.
        """
        carried = csr_array(labels).astype(np.float32)
        codes = carried.shape[1]
        # a column for each code and fold
        fold = np.repeat(folds.astype(carried.indices.dtype), np.diff(carried.indptr))
        dealt = csr_array(
            (carried.data, carried.indices * number + fold, carried.indptr),
            shape=(len(folds), codes * number),
        )
        parts: list[list[Associations]] = [[cls._nothing(codes)] for _ in range(number + 1)]
        for found, often, having in _blocks(hashes, note, carried):
            own = np.bincount(
                np.repeat(np.arange(len(found)), often) * number + folds[having.indices],
                minlength=len(found) * number,
            ).reshape(-1, number)
            counted = having @ dealt
            counted.sort_indices()
            row = np.repeat(np.arange(len(found)), np.diff(counted.indptr))
            code, fold = np.divmod(counted.indices, number)
            first = np.flatnonzero(
                np.append(True, (code[1:] != code[:-1]) | (row[1:] != row[:-1]))[: len(code)]
            )
            every = np.add.reduceat(counted.data, first) if len(first) else counted.data
            # what no fold's absence can bring above the least share is left out first
            fewest = (often - own.max(axis=1, initial=0))[row[first]]
            able = every >= np.maximum(np.float32(MIN_SHARE) * fewest.astype(np.float32), least)
            kept = np.repeat(able, np.diff(first, append=len(code)))
            group = (np.cumsum(able) - 1).astype(np.int64).repeat(np.diff(first, append=len(code)))[kept]
            fold, counts, first, every = fold[kept], counted.data[kept], first[able], every[able]
            starts = np.append(0, np.cumsum(np.bincount(row[first], minlength=len(found))))
            for left_out in range(number + 1):
                value, of = every, often
                if left_out < number:
                    value, of = every.copy(), often - own[:, left_out]
                    here = fold == left_out
                    value[group[here]] -= counts[here]
                table = csr_array((value, code[first], starts), shape=(len(found), codes))
                parts[left_out].append(cls._kept(found, of, table, least))
        return [cls.join(parts.pop(0)) for _ in range(number + 1)]  # each is held twice for a moment only

    @classmethod
    def _nothing(cls, codes: int) -> "Associations":
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.float32), csr_array((0, codes), dtype=np.float32))

    @classmethod
    def _kept(cls, hashes: np.ndarray, often: np.ndarray, counts: csr_array, least: float) -> "Associations":
        """Of phrases in ``often`` [P] notes, of which ``counts`` [P, codes] carry each code, what is kept."""
        counts.sort_indices()
        often = often.astype(np.float32)
        lowest = np.where(often >= MIN_NOTES, np.maximum(np.float32(MIN_SHARE) * often, least), np.inf)
        enough = counts.data >= np.repeat(lowest.astype(np.float32), np.diff(counts.indptr))
        starts = np.append(0, np.cumsum(enough))[counts.indptr]
        told = np.diff(starts) > 0
        data, indices = counts.data[enough], counts.indices[enough]
        table = csr_array(
            (data, indices, np.append(starts[:-1][told], starts[-1])),
            shape=(int(told.sum()), counts.shape[1]),
        )
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
        """What the phrases of a note say of every code."""
        place = np.searchsorted(self.hashes, phrases.hashes)
        known = np.flatnonzero(place < len(self.hashes))
        known = known[self.hashes[place[known]] == phrases.hashes[known]]
        row = place[known]
        sizes = np.diff(self.counts.indptr)[row]
        entry = np.arange(sizes.sum()) + np.repeat(
            self.counts.indptr[row] - (np.cumsum(sizes) - sizes), sizes
        )
        counts, often = self.counts.data[entry], np.repeat(self.notes[row], sizes)
        steady = counts / (often + STEADY)
        # by code, then the highest first: the bits of positive floats are in their order
        key = self.counts.indices[entry].astype(np.int64) << 32 | (_ONE - steady.view(np.int32))
        order = np.argsort(key)
        column, steady = self.counts.indices[entry][order], steady[order]
        first = np.flatnonzero(np.append(True, column[1:] != column[:-1])[: len(column)])
        each = np.diff(first, append=len(column))
        features = np.zeros((len(first), len(ASSOCIATIONS)), np.float32)
        if len(first):
            rank = np.arange(len(column)) - np.repeat(first, each)
            features[:, 0] = np.maximum.reduceat((counts / (often + 1))[order], first)
            features[:, 1] = steady[first]
            features[:, 2] = np.where(each > 1, steady[np.minimum(first + 1, len(steady) - 1)], 0)
            features[:, 3] = np.add.reduceat(np.where(rank < BEST, steady, 0), first) / BEST
            features[:, 4] = np.log1p(np.add.reduceat(steady, first))
            # of phrases that speak as much the first in the table
            highest = np.where(steady == np.repeat(steady[first], each), order, len(order))
            first_of = np.minimum.reduceat(highest, first)
        else:
            first_of = first
        spans = phrases.spans[np.repeat(known, sizes)[first_of]]
        return Associated(column[first].astype(np.int32), features, spans)


def _blocks(
    hashes: np.ndarray, note: np.ndarray, labels: csr_array
) -> Iterator[tuple[np.ndarray, np.ndarray, Any]]:
    """Different phrases of several notes, some at a time: their hashes, in how many notes each stands, and in which,
    float32 [P, N].
    """
    first = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1])[: len(hashes)])
    often = np.diff(first, append=len(hashes))
    several = often >= MIN_NOTES
    hashes, note, often = hashes[first[several]], note[np.repeat(several, often)], often[several]
    ends = np.append(0, np.cumsum(often))
    begin = 0
    while begin < len(often):
        end = max(begin + 1, int(np.searchsorted(ends, ends[begin] + _BLOCK, side="right")) - 1)
        notes = note[ends[begin] : ends[end]]
        starts = ends[begin : end + 1] - ends[begin]
        ones = np.ones(len(notes), np.float32)
        yield (
            hashes[begin:end],
            often[begin:end],
            csr_array((ones, notes, starts), shape=(end - begin, labels.shape[0])),
        )
        begin = end
