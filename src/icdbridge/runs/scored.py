"""Scores and labels of a split, the one thing evaluation needs."""

from dataclasses import dataclass
from typing import Any

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
