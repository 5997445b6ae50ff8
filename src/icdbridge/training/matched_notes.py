"""The lexical evidence of many notes, on disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from icdbridge.files import atomic_file
from icdbridge.lexical.features import STORED, SparseFeatures
from icdbridge.lexical.matcher import Matcher
from icdbridge.lexical.note import NoteWords
from icdbridge.training.forked_work import shards, write_shards
from icdbridge.training.phrase_counts import save_array

SHARD = 250  # notes whose evidence is a file
_CODEC = "zstd"  # most features are 0: a fifth of the room


@dataclass(frozen=True)
class MatchedNotes:
    """The evidence of some ``rows`` [n] of notes, ascending, in ``files`` [n].

    ``places`` int64 [n, 3]: where in its file each begins, its bytes and its number of codes. Nothing is held in
    memory.
    """

    rows: np.ndarray
    files: Sequence[Path]
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> SparseFeatures:
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row:
            raise IndexError(row)
        start, size, count = self.places[place].tolist()
        with self.files[place].open("rb") as handle:
            handle.seek(start)
            read = pa.decompress(handle.read(size), count * (4 + 2 * STORED), _CODEC, asbytes=True)
        codes = np.frombuffer(read, np.int32, count)
        features = np.frombuffer(read, np.float16, offset=codes.nbytes).reshape(STORED, count)
        return SparseFeatures(codes, np.ascontiguousarray(features.T))

    @classmethod
    def open(cls, folders: Iterable[tuple[np.ndarray, Path]]) -> "MatchedNotes":
        """Opens what ``match_notes`` wrote of some rows into each of the folders."""
        rows, files, places = [np.zeros(0, np.int64)], [], [np.zeros((0, 3), np.int64)]
        for of_folder, folder in folders:
            rows.append(of_folder)
            for number, some in enumerate(shards(of_folder, SHARD)):
                places.append(np.load(_places(folder, number)))
                files += [_evidence(folder, number)] * len(some)
        row = np.concatenate(rows)
        order = np.argsort(row)
        return cls(row[order], [files[one] for one in order], np.concatenate(places)[order])


def is_matched(rows: np.ndarray, folder: Path) -> bool:
    """Whether ``match_notes`` has written all of some rows into a folder."""
    return all(_places(folder, number).exists() for number in range(-(-len(rows) // SHARD)))


def match_notes(
    texts: Iterable[str], count: int, matcher: Matcher, max_words: int, folder: Path, what: str
) -> None:
    """Matches ``count`` texts into files in a ``folder``, unless they exist; ``what`` is the progress bar's title."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(number: int, some: list[str]) -> None:
        places, end = [], 0
        with atomic_file(_evidence(folder, number)) as partial, partial.open("wb") as handle:
            for text in some:
                found = matcher.match(NoteWords(text, max_words)).features
                made = found.codes.astype(np.int32).tobytes() + found.features.astype(np.float16).T.tobytes()
                packed = pa.compress(made, _CODEC, asbytes=True)
                handle.write(packed)
                places.append((end, len(packed), len(found.codes)))
                end += len(packed)
        save_array(_places(folder, number), np.array(places, np.int64))

    write_shards(texts, count, SHARD, lambda number: _places(folder, number), write, what)


def _evidence(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.evidence"


def _places(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.places.npy"
