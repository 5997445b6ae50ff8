"""Batches: one version and one label space each, notes of like length together, the same for the same seed."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, vstack
from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.runs.scoring import pad
from icdbridge.runs.tokens import TokenizedNotes
from icdbridge.text import normalize
from icdbridge.training.matching import MatchedTraining

WINDOW = (
    20  # batches whose notes are sorted by length together: long enough to save padding, short enough to mix
)


class Batch(NamedTuple):
    """Word ids of notes [N, T] and of the label space's codes [L, T'], their lengths, labels [N, L] in {0, 1},
    and the lexical features [N, L, F] if the model reads them.
    """

    notes: Tensor
    note_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor
    labels: Tensor
    features: Tensor | None


@dataclass(frozen=True)
class VersionNotes:
    """All training notes of one version, whatever corpus they come from, and the pool of its codes.

    ``labels`` [N, pool]; ``code_words`` [pool, T'] the descriptions as word ids, padded with 0, and
    ``code_lengths`` [pool] theirs; ``groups`` [pool] is the same number for codes of the same (normalised)
    description; ``drawable`` [pool] marks the codes that may be negatives; ``matched`` is the lexical evidence
    of the notes, if the model reads it.
    """

    version: str
    parts: Sequence[TokenizedNotes]
    labels: Any
    code_words: Tensor
    code_lengths: Tensor
    groups: np.ndarray
    drawable: np.ndarray
    matched: MatchedTraining | None = None

    @classmethod
    def join(
        cls,
        version: str,
        parts: Sequence[TokenizedNotes],
        descriptions: Sequence[str],
        code_words: Sequence[np.ndarray],
        negatives: str,
    ) -> "VersionNotes":
        labels = vstack([part.labels for part in parts], format="csr")
        group_of: dict[str, int] = {}
        groups = np.array([group_of.setdefault(normalize(text), len(group_of)) for text in descriptions])
        seen = np.bincount(labels.indices, minlength=len(descriptions)) > 0
        drawable = seen if negatives == "train" else np.ones(len(descriptions), dtype=bool)
        return cls(version, parts, csr_array(labels), *pad(code_words), groups, drawable)

    def __len__(self) -> int:
        return int(self.labels.shape[0])

    @property
    def lengths(self) -> np.ndarray:
        return np.concatenate([part.lengths for part in self.parts])

    def words(self, note: int) -> np.ndarray:
        for part in self.parts:
            if note < len(part):
                return part[note]
            note -= len(part)
        raise IndexError(note)


def draw_label_space(
    positives: np.ndarray, groups: np.ndarray, drawable: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """The columns of a batch's label space, sorted: its positives and negatives drawn up to ``size`` (paper, B.2).

    A code with the description of a positive is never drawn. Fewer than ``size`` where the pool is smaller.
    Raises ``InputError`` when the positives alone are more than ``size``.
    """
    wanted = size - len(positives)
    if wanted < 0:
        raise InputError(
            f"a batch carries {len(positives)} different codes, more than label_space = {size}: "
            "raise label_space or lower batch_size"
        )
    taken = np.zeros(int(groups.max(initial=-1)) + 1, dtype=bool)
    taken[groups[positives]] = True
    candidates = np.flatnonzero(drawable & ~taken[groups])
    if len(candidates) > wanted:
        candidates = rng.choice(candidates, wanted, replace=False, shuffle=False)
    return np.sort(np.concatenate([positives, candidates]))


def plan_epoch(
    data: Sequence[VersionNotes], batch_size: int, batch_words: int, seed: int, epoch: int
) -> list[tuple[int, np.ndarray]]:
    """(version, note numbers) of every batch of an epoch, all versions shuffled together.

    Notes of like length share a batch, of at most ``batch_size`` notes and ``batch_words`` words with padding.
    """
    rng = np.random.default_rng([seed, epoch])
    plan: list[tuple[int, np.ndarray]] = []
    for number, notes in enumerate(data):
        order = rng.permutation(len(notes))
        lengths = notes.lengths
        for start in range(0, len(order), WINDOW * batch_size):
            window = order[start : start + WINDOW * batch_size]
            window = window[np.argsort(lengths[window], kind="stable")]
            plan += [(number, rows) for rows in _split(window, lengths[window], batch_size, batch_words)]
    return [plan[i] for i in rng.permutation(len(plan))]


def _split(rows: np.ndarray, lengths: np.ndarray, batch_size: int, batch_words: int) -> Iterator[np.ndarray]:
    """Parts of ``rows`` within both limits (or of one row), by lengths that rise."""
    start = 0
    while start < len(rows):
        sizes = np.arange(1, batch_size + 1)[: len(rows) - start]
        fitting = int((sizes * lengths[start : start + batch_size] <= batch_words).sum())
        yield rows[start : start + max(1, fitting)]
        start += max(1, fitting)


def make_batch(notes: VersionNotes, rows: np.ndarray, label_space: int, rng: np.random.Generator) -> Batch:
    """The notes ``rows`` with a label space of their own."""
    labels = notes.labels[rows]
    positives = np.unique(labels.indices)
    columns = draw_label_space(positives, notes.groups, notes.drawable, label_space, rng)
    target = torch.zeros(len(rows), len(columns))
    where = np.repeat(np.arange(len(rows)), np.diff(labels.indptr))
    target[where, np.searchsorted(columns, labels.indices)] = 1.0
    words, lengths = pad([notes.words(int(row)) for row in rows])
    code_lengths = notes.code_lengths[columns]
    codes = notes.code_words[columns, : int(code_lengths.max())]
    features = None if notes.matched is None else torch.from_numpy(notes.matched.draw(rows, columns, rng))
    return Batch(words, lengths, codes, code_lengths, target, features)


def batches_ahead(
    data: Sequence[VersionNotes],
    plan: Sequence[tuple[int, np.ndarray]],
    label_space: int,
    seeds: tuple[int, int],
    first: int = 0,
) -> Generator[Batch, None, None]:
    """The batches of a plan from number ``first`` on, each made in a thread while the one before is learned.

    The draws of batch b depend on (seed, epoch, b) alone: ``seeds`` are seed and epoch.
    """

    def make(position: int) -> Batch:
        number, rows = plan[position]
        return make_batch(data[number], rows, label_space, np.random.default_rng([*seeds, position]))

    with ThreadPoolExecutor(1) as thread:
        ahead = None
        for position in range(first, len(plan)):
            batch = ahead.result() if ahead else make(position)
            ahead = thread.submit(make, position + 1) if position + 1 < len(plan) else None
            yield batch
