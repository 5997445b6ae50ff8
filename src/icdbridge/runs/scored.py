"""What evaluation needs of a run or the starter: scores and labels of a split, and the evidence of a note."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Scored:
    """Logits of every note for every code of a corpus; frequent codes are the first ``n_frequent`` columns.

    ``frequent_only``: no other code was scored, as the run has fixed labels and was trained on frequent codes.
    """

    note_ids: list[str]
    codes: list[str]  # keys, in the corpus's order
    n_frequent: int
    logits: np.ndarray  # [notes, codes] float32, may be a memory map
    labels: Any  # scipy.sparse.csr_array [notes, codes] of bool
    frequent_only: bool = False


class Explained(NamedTuple):
    """The support for some codes in a note: ``offsets`` of its words int [T, 2], ``spans`` of evidence of each code in
    characters, and the ``weights`` of the words for each code, float64 [l, T], where known.
    """

    offsets: np.ndarray
    spans: list[list[tuple[int, int]]]
    weights: np.ndarray | None = None


def on_disk(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Scores of a split, float32 of some shape, as a memory map."""
    if not all(shape):  # no empty file can be mapped
        return np.zeros(shape, dtype=np.float32)
    with path.open("wb") as handle:  # a full disk is told here; later the system would end the process
        os.posix_fallocate(handle.fileno(), 0, 4 * shape[0] * shape[1])
    return np.memmap(path, dtype=np.float32, mode="r+", shape=shape)
