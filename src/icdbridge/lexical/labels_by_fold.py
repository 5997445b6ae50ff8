"""Labels of notes by the fold that is left out, so that the counts for all folds are made at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import bsr_array, csr_array


@dataclass(frozen=True)
class LabelsByFold:
    """Labels of notes in ``folds`` [N], by which of so many folds is left out (``number``: none); soft labels may
    differ by fold.

    ``blocks``: for each note and code a row of ``number`` + 2 labels, 0 where the note's own fold is left out; the last
    is the highest.
    """

    folds: np.ndarray
    number: int
    codes: int
    blocks: Any

    @classmethod
    def make(cls, labels: Sequence[Any], folds: np.ndarray) -> "LabelsByFold":
        """From ``labels`` [N, codes] by the fold that is left out, the last of all notes: often the same ones."""
        number, shape = len(labels) - 1, labels[0].shape
        every = sum((csr_array(one).astype(bool) for one in labels[1:]), csr_array(labels[0]).astype(bool))
        every.sum_duplicates()
        own = np.repeat(folds, np.diff(every.indptr))
        values, key = np.zeros((every.nnz, number + 2), np.float32), _key(every)
        for left_out, one in enumerate(labels):
            one = csr_array(one)
            values[np.searchsorted(key, _key(one)), left_out] = one.data
        values[np.arange(len(own)), own] = 0
        values[:, -1] = values.max(axis=1)
        indices, starts = every.indices.astype(np.int32), every.indptr.astype(np.int32)
        blocks = bsr_array((values[:, None, :], indices, starts), shape=(shape[0], shape[1] * (number + 2)))
        return cls(folds, number, shape[1], blocks)

    def count(self, having: csr_array, least: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of phrases that notes are ``having`` [P, N] and codes the pairs that ``least`` [P] notes may have in some
        way of counting, ascending: ``row`` [n], ``code`` [n] and counts [n, number + 1] by the fold that is left out.
        """
        ones = bsr_array((having.data.reshape(-1, 1, 1), having.indices, having.indptr), shape=having.shape)
        counted = ones @ self.blocks
        kept = np.flatnonzero(counted.data[:, 0, -1] >= np.repeat(least, np.diff(counted.indptr)))
        row = np.searchsorted(counted.indptr, kept, side="right") - 1
        code = counted.indices[kept]
        order = np.argsort(row << 32 | code)
        return row[order], code[order], counted.data[kept[order], 0, :-1]


def _key(labels: csr_array) -> np.ndarray:
    """The places of labels, in the order in which they lie."""
    row = np.repeat(np.arange(labels.shape[0]), np.diff(labels.indptr))
    return row << 32 | labels.indices
