"""What notes with the same phrases were coded: counted over training notes, read for every code at once.

Phrases are kept as hashes: what training notes say cannot be read from a run folder.
"""

import hashlib
from collections.abc import Sequence
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
_BLOCK = 50_000  # phrases counted at once
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
    """Phrases (``hashes`` uint64 [P], ascending), in how many training notes each stands (``notes`` [P]) and how many
    of these carry each code (``counts``, sparse [P, codes]).
    """

    hashes: np.ndarray
    notes: np.ndarray
    counts: Any

    @classmethod
    def learn(cls, notes: Sequence[np.ndarray], labels: Any) -> "Associations":
        """Counts the phrases (hashes) of training notes against their labels [N, codes]."""
        together = np.concatenate([np.zeros(0, np.uint64), *notes])
        hashes, number, often = np.unique(together, return_inverse=True, return_counts=True)
        kept = often >= MIN_NOTES
        column = np.cumsum(kept) - 1
        note = np.repeat(np.arange(len(notes)), [len(phrases) for phrases in notes])[kept[number]]
        having = csr_array(
            (np.ones(len(note), np.float32), (column[number[kept[number]]], note)),
            shape=(int(kept.sum()), len(notes)),
        )
        often, carried = often[kept].astype(np.float32), csr_array(labels).astype(np.float32)
        blocks = [csr_array((0, labels.shape[1]), dtype=np.float32)]
        for first in range(0, len(often), _BLOCK):
            block = (having[first : first + _BLOCK] @ carried).tocoo()
            enough = block.data >= MIN_SHARE * often[first + block.row]
            entries = (block.data[enough], (block.row[enough], block.col[enough]))
            blocks.append(csr_array(entries, shape=block.shape))
        return cls(hashes[kept], often, csr_array(vstack(blocks, format="csr")))

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
        order = np.lexsort((-steady, self.counts.indices[entry]))
        column, steady = self.counts.indices[entry][order], steady[order]
        codes, first, each = np.unique(column, return_index=True, return_counts=True)
        features = np.zeros((len(codes), len(ASSOCIATIONS)), np.float32)
        if len(codes):
            rank = np.arange(len(column)) - np.repeat(first, each)
            features[:, 0] = np.maximum.reduceat((counts / (often + 1))[order], first)
            features[:, 1] = steady[first]
            features[:, 2] = np.where(each > 1, steady[np.minimum(first + 1, len(steady) - 1)], 0)
            features[:, 3] = np.add.reduceat(np.where(rank < BEST, steady, 0), first) / BEST
            features[:, 4] = np.log1p(np.add.reduceat(steady, first))
        spans = phrases.spans[np.repeat(known, sizes)[order][first]]
        return Associated(codes.astype(np.int32), features, spans)
