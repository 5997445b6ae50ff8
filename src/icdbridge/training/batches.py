"""Makes batches: one version and one label space each, notes of similar length together, reproducible by seed."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, vstack
from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.models import Batch
from icdbridge.runs.scoring import pad
from icdbridge.runs.tokens import TokenizedNotes
from icdbridge.text import Reading, normalize
from icdbridge.training.settings import Settings

# Batches whose notes are sorted by length together: long enough to save padding, short enough to mix.
WINDOW = 20


@dataclass(frozen=True)
class VersionNotes:
    """All training notes of one version, from all corpora, and the pool of its codes.

    ``labels`` [N, pool] and what people ``rejected`` [N, pool]; ``code_words`` [pool, T'] the descriptions as word ids,
    padded with 0, with ``code_lengths`` [pool]; ``groups`` [pool] has the same number for codes of the same
    (normalised) description; ``drawable`` [pool] marks the codes that may be negatives.
    """

    version: str
    parts: Sequence[TokenizedNotes]
    labels: Any
    rejected: Any
    code_words: Tensor
    code_lengths: Tensor
    groups: np.ndarray
    drawable: np.ndarray

    @classmethod
    def join(
        cls,
        version: str,
        parts: Sequence[TokenizedNotes],
        pool: Mapping[str, str],
        code_words: Sequence[np.ndarray],
        negatives: str,
        reading: Reading = "folded",
    ) -> "VersionNotes":
        """``pool``: key to description of each code; those of the same words are never each other's negatives."""
        labels, rejected = (
            csr_array(vstack(each, format="csr"))
            for each in zip(*((part.labels, part.rejected) for part in parts), strict=True)
        )
        group_of: dict[str, int] = {}
        groups = np.array(
            [group_of.setdefault(normalize(text, reading), len(group_of)) for text in pool.values()]
        )
        seen = np.bincount(labels.indices, minlength=len(pool)) > 0
        drawable = seen if negatives == "train" else np.ones(len(pool), dtype=bool)
        return cls(version, parts, labels, rejected, *pad(code_words), groups, drawable)

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


class Part(NamedTuple):
    """The part of a batch that one process learns: some of its notes, their ``numbers`` among all, and their ``share``.
    A process without notes gets the first one, with share 0.
    """

    batch: Batch
    numbers: np.ndarray
    share: float


class LabelSpace(NamedTuple):
    """The columns of a batch's codes, ascending, and their weights: a negative stands for several codes."""

    columns: np.ndarray
    weights: np.ndarray


def draw_label_space(
    notes: VersionNotes,
    positives: np.ndarray,
    size: int,
    rng: np.random.Generator,
    rejected: Sequence[int] | np.ndarray = (),
) -> LabelSpace:
    """The label space of a batch: its positives, and negatives drawn up to ``size`` (paper, B.2).

    Codes that people ``rejected`` for its notes (columns) are drawn first. A code with the description of a positive is
    never drawn. There are fewer than ``size`` if the pool is smaller. Raises ``InputError`` if there are more positives
    than ``size``.
    """
    wanted = size - len(positives)
    if wanted < 0:
        raise InputError(
            f"a batch carries {len(positives)} different codes, more than label_space = {size}: "
            "raise label_space or lower batch_size"
        )
    taken = np.zeros(int(notes.groups.max(initial=-1)) + 1, dtype=bool)
    taken[notes.groups[positives]] = True
    near = np.array([one for one in dict.fromkeys(rejected) if not taken[notes.groups[one]]][:wanted], int)
    may_be_drawn = notes.drawable & ~taken[notes.groups]
    may_be_drawn[near] = False
    free = drawn = np.flatnonzero(may_be_drawn)
    wanted -= len(near)
    if wanted < len(free):
        drawn = rng.choice(free, wanted, replace=False, shuffle=False)
    columns = np.concatenate([positives, near, drawn])
    counts = [len(positives), len(near), len(drawn)]
    weights = np.repeat([1.0, 1.0, len(free) / max(len(drawn), 1)], counts)
    order = np.argsort(columns)
    return LabelSpace(columns[order], weights[order])


def plan_epoch(
    data: Sequence[VersionNotes], batch_size: int, batch_words: int, seed: int, epoch: int
) -> list[tuple[int, np.ndarray]]:
    """(version, note numbers) of every batch of an epoch, all versions shuffled together.

    Notes of similar length share a batch, of at most ``batch_size`` notes and ``batch_words`` words with padding.
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


def draw_batch(
    notes: VersionNotes, rows: np.ndarray, settings: Settings, rng: np.random.Generator
) -> tuple[LabelSpace, Tensor]:
    """A label space for the notes ``rows``, and their labels in it [N, L]."""
    labels = notes.labels[rows]
    positives = np.unique(labels.indices)
    rejected = np.unique(notes.rejected[rows].indices)
    space = draw_label_space(notes, positives, settings.label_space, rng, rejected)
    target = torch.zeros(len(rows), len(space.columns))
    where = np.repeat(np.arange(len(rows)), np.diff(labels.indptr))
    target[where, np.searchsorted(space.columns, labels.indices)] = 1.0
    return space, target


def make_batch(
    notes: VersionNotes,
    rows: np.ndarray,
    settings: Settings,
    rng: np.random.Generator,
    part: np.ndarray | slice = slice(None),
) -> Batch:
    """The notes ``rows`` with a label space of their own; of these notes a ``part`` (numbers among ``rows``)."""
    space, labels = draw_batch(notes, rows, settings, rng)
    words, lengths = pad([notes.words(int(row)) for row in rows[part]])
    code_lengths = notes.code_lengths[space.columns]
    codes = notes.code_words[space.columns, : int(code_lengths.max())]
    return Batch(words, lengths, codes, code_lengths, labels[part])


def batches_ahead(
    data: Sequence[VersionNotes],
    plan: Sequence[tuple[int, np.ndarray]],
    settings: Settings,
    epoch: int,
    first: int = 0,
    part: Callable[[np.ndarray], np.ndarray] = lambda rows: rows,
) -> Generator[Part, None, None]:
    """The batches of a plan from number ``first`` on, each made in a thread while the previous one is learned.

    ``part`` chooses from the numbers of a batch's notes those of this process. The draws of batch b depend only on
    (seed, epoch, b).
    """

    def make(position: int) -> Part:
        number, rows = plan[position]
        draws = np.random.default_rng([settings.seed, epoch, position])
        own = part(np.arange(len(rows)))
        share, own = len(own) / len(rows), own if len(own) else np.zeros(1, np.int64)
        return Part(make_batch(data[number], rows, settings, draws, own), own, share)

    with ThreadPoolExecutor(1) as thread:
        ahead = None
        for position in range(first, len(plan)):
            batch = ahead.result() if ahead else make(position)
            ahead = thread.submit(make, position + 1) if position + 1 < len(plan) else None
            yield batch
