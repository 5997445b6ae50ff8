"""Counts the phrases of many training notes on disk, in memory that does not grow with the notes.

Each shard of notes is a sorted run of hashes. The hashes are divided into ranges, and each range is counted by itself
over all shards. Files are written whole, so a killed training continues with the missing ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from icdbridge.files import atomic_file, read_json, write_json
from icdbridge.lexical.associations import Associations, find_phrases
from icdbridge.lexical.labels_by_fold import LabelsByFold
from icdbridge.lexical.note import NoteWords
from icdbridge.training.forked_work import write_shards
from icdbridge.training.training_texts import FOLDS

SHARD = 1_000  # notes whose phrases share a file
RANGE = 1_000_000  # phrases of notes that are counted at once
ENTRIES = 100_000_000  # phrases and codes that are kept, about: 8 bytes each
_SAMPLE = 500_000  # phrases of notes, from which the number of entries is estimated
_HASHES = 2**64
_DONE = "counted.json"
_ARRAYS = 5  # of associations, in a file


@dataclass(frozen=True)
class NotePhrases:
    """The phrases of ``count`` notes in the files of a ``folder``, by shard: ``hashes`` uint64, ascending, and the
    ``notes`` uint32 that they stand in.
    """

    folder: Path
    count: int

    @classmethod
    def read(cls, texts: Iterable[str], count: int, max_words: int, folder: Path) -> "NotePhrases":
        """Writes the phrases of notes into files, unless these exist."""
        folder.mkdir(parents=True, exist_ok=True)

        def file(number: int) -> Path:
            return folder / f"{number:05d}.hashes.npy"

        def write(number: int, some: list[str]) -> None:
            found = [find_phrases(NoteWords(text, max_words)).hashes for text in some]
            hashes = np.concatenate(found)
            note = np.repeat(np.arange(len(some), dtype=np.uint32), [len(own) for own in found])
            order = np.argsort(hashes, kind="stable")
            save_array(folder / f"{number:05d}.notes.npy", note[order] + np.uint32(number * SHARD))
            save_array(file(number), hashes[order])

        write_shards(texts, count, SHARD, file, write, "reading the phrases of the training notes")
        return cls(folder, count)

    def __len__(self) -> int:
        """How many phrases the notes have, each counted once a note."""
        return sum(len(np.load(path, mmap_mode="r")) for path in self._files())

    def between(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Hashes from ``first`` to before ``end``, and the notes that they stand in; by shard."""
        hashes, notes = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for path in self._files():
            own = np.load(path, mmap_mode="r")
            start, stop = (_place(own, one) for one in (first, end))
            hashes.append(np.array(own[start:stop]))
            of = np.load(path.with_name(path.name.replace("hashes", "notes")), mmap_mode="r")
            notes.append(of[start:stop].astype(np.int64))
        return np.concatenate(hashes), np.concatenate(notes)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.hashes.npy"))


def _place(hashes: np.ndarray, value: int) -> int:
    return len(hashes) if value >= _HASHES else int(np.searchsorted(hashes, np.uint64(value)))


@dataclass(frozen=True)
class PhraseCounts:
    """The associations of phrases, by the fold that is left out, in the files of a ``folder``, one for each range of
    hashes; with so many codes, categories included.
    """

    folder: Path
    ranges: int
    codes: int

    @classmethod
    def count(
        cls,
        phrases: Callable[[], Sequence[NotePhrases]],
        folds: np.ndarray,
        labels: Callable[[], Sequence[csr_array]],
        folder: Path,
    ) -> "PhraseCounts":
        """Counts the ``phrases`` of notes against their ``labels`` [N, codes], by the fold that is left out (the last:
        none).

        Notes of several corpora come one after another and are dealt into ``folds`` [N]. Neither argument is read if
        everything has been counted. If more than ``ENTRIES`` pairs would be kept, the pairs with the fewest notes are
        left out.
        """
        if (folder / _DONE).exists():
            told = read_json(folder / _DONE)
            return cls(folder, told["ranges"], told["codes"])
        folder.mkdir(parents=True, exist_ok=True)
        several, by_fold = phrases(), labels()
        total = sum(len(one) for one in several)
        ranges = max(1, -(-total // RANGE))
        least = _least(several, by_fold[FOLDS], total)
        dealt = LabelsByFold.make(by_fold, folds)

        def file(number: int) -> Path:
            return folder / f"{number:05d}.npz"

        def count_range(number: int, _: list[int]) -> None:
            hashes, note = _between(several, number * _HASHES // ranges, (number + 1) * _HASHES // ranges)
            arrays: list[np.ndarray] = []
            for found in Associations.count_by_fold(hashes, note, dealt, least):
                arrays += [found.hashes, found.notes]
                arrays += [found.counts.indptr, found.counts.indices, found.counts.data]
            with atomic_file(file(number)) as partial, partial.open("wb") as handle:
                np.savez(handle, *arrays)

        write_shards(range(ranges), ranges, 1, file, count_range, "counting phrases")
        codes = by_fold[FOLDS].shape[1]
        write_json(folder / _DONE, {"ranges": ranges, "codes": codes, "least": least})
        return cls(folder, ranges, codes)

    def without(self, left_out: int) -> Associations:
        """The associations of the notes of all folds but one (``FOLDS``: of all)."""
        parts = []
        for number in range(self.ranges):
            with np.load(self.folder / f"{number:05d}.npz") as arrays:
                first = left_out * _ARRAYS
                own = (arrays[f"arr_{place}"] for place in range(first, first + _ARRAYS))
                hashes, notes, indptr, indices, data = own
            counts = csr_array((data, indices, indptr), shape=(len(hashes), self.codes))
            parts.append(Associations(hashes, notes, counts))
        return Associations.join(parts)


def _between(several: Sequence[NotePhrases], first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes in a range, ascending, and the notes that they stand in, of several corpora one after another."""
    starts = np.cumsum([0, *(one.count for one in several)])
    found = [one.between(first, end) for one in several]
    hashes = np.concatenate([own for own, _ in found])
    note = np.concatenate([own + start for (_, own), start in zip(found, starts, strict=False)])
    order = np.argsort(hashes, kind="stable")
    return hashes[order], note[order]


def _least(several: Sequence[NotePhrases], labels: csr_array, total: int) -> float:
    """How many notes with a phrase must carry a code, so that about ``ENTRIES`` pairs are kept."""
    # a phrase in a note is an entry for each of its codes at most
    if total * labels.nnz <= ENTRIES * labels.shape[0]:
        return 0
    share = min(1.0, _SAMPLE / total)
    counts = Associations.count(*_between(several, 0, int(share * _HASHES)), labels).counts.data
    often = np.bincount(np.minimum(counts, 1000).astype(np.int64))
    kept = np.cumsum(often[::-1])[::-1] / share  # entries of at least so many notes
    return 0 if kept[0] <= ENTRIES else int(np.argmax(np.append(kept, 0) <= ENTRIES))


def save_array(path: Path, array: np.ndarray) -> None:
    """Writes a file that ``numpy.load`` reads, whole or not at all."""
    with atomic_file(path) as partial, partial.open("wb") as handle:
        np.save(handle, array)
