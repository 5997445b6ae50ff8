"""The lexical evidence of many notes, on disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icdbridge.files import atomic_file
from icdbridge.lexical import STORED, Matcher, NoteWords, SparseFeatures
from icdbridge.training.forked_work import shards, write_shards
from icdbridge.training.phrase_counts import save_array

SHARD = 250  # notes whose evidence is a file
_PAIR = np.dtype([("code", np.int32), ("features", np.float16, (STORED,))])


@dataclass(frozen=True)
class MatchedNotes:
    """The evidence of some ``rows`` [n] of notes, in ``files``, a shard of rows each; ``starts`` int64 [n] and ``ends``
    are places in these. Nothing of it lies in memory.
    """

    rows: np.ndarray
    files: list[Path]
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> SparseFeatures:
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row:
            raise IndexError(row)
        start, count = int(self.starts[place]), int(self.ends[place] - self.starts[place])
        pairs = np.fromfile(self.files[place], _PAIR, count, offset=start * _PAIR.itemsize)
        return SparseFeatures(np.ascontiguousarray(pairs["code"]), np.ascontiguousarray(pairs["features"]))

    @classmethod
    def open(cls, folders: Iterable[tuple[np.ndarray, Path]]) -> "MatchedNotes":
        """What ``match_notes`` wrote of some rows into each of the folders."""
        rows, files, starts = [np.zeros(0, np.int64)], [], [np.zeros((0, 2), np.int64)]
        for of_folder, folder in folders:
            rows.append(of_folder)
            for number, some in enumerate(shards(of_folder, SHARD)):
                places = np.load(_starts(folder, number))
                starts.append(np.stack([places[:-1], places[1:]], axis=1))
                files += [_pairs(folder, number)] * len(some)
        row, place = np.concatenate(rows), np.concatenate(starts)
        order = np.argsort(row)
        return cls(row[order], [files[one] for one in order], *place[order].T)


def is_matched(rows: np.ndarray, folder: Path) -> bool:
    """Whether ``match_notes`` has written all of some rows into a folder."""
    return all(_starts(folder, number).exists() for number in range(-(-len(rows) // SHARD)))


def match_notes(
    texts: Iterable[str], count: int, matcher: Matcher, max_words: int, folder: Path, what: str
) -> None:
    """Matches ``count`` texts into files in a ``folder``, but those whose files are there; ``what`` a bar calls it."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(number: int, some: list[str]) -> None:
        found = [matcher.match(NoteWords(text, max_words)).features for text in some]
        starts = np.cumsum([0, *(len(one.codes) for one in found)])
        pairs = np.empty(starts[-1], _PAIR)
        pairs["code"] = np.concatenate([one.codes for one in found])
        pairs["features"] = np.concatenate([one.features for one in found])
        with atomic_file(_pairs(folder, number)) as partial:
            pairs.tofile(partial)
        save_array(_starts(folder, number), starts)

    write_shards(texts, count, SHARD, lambda number: _starts(folder, number), write, what)


def _pairs(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.pairs"


def _starts(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.starts.npy"
