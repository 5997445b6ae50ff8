"""A split as numbers: word ids in a memory-mapped file that is written once, labels in a sparse matrix."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from icdbridge.caches import cached_folder
from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.progress import progress_bar
from icdbridge.text import Tokenizer


@dataclass(frozen=True)
class TokenizedNotes:
    """``words`` int32 (all notes one after another, on disk), ``starts`` int64 [N + 1], ``labels`` [N, L] bool;
    ``rejected`` [N, L] bool: codes that a person rejected for the note.
    """

    note_ids: list[str]
    words: np.ndarray
    starts: np.ndarray
    labels: Any
    rejected: Any

    def __len__(self) -> int:
        return len(self.note_ids)

    def __getitem__(self, note: int) -> np.ndarray:
        return self.words[self.starts[note] : self.starts[note + 1]]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)


def tokenize_split(
    corpus: Corpus, split: str, tokenizer: Tokenizer, max_words: int, columns: Sequence[str], folder: Path
) -> TokenizedNotes:
    """The words and labels of a split; label columns are the code keys ``columns`` in their order,
    other codes are left out.

    The words are read from the corpus's cache, where every process that reads them shares the pages, and
    written there by the first; into ``folder`` where there can be no cache.
    """
    made_of = f"{corpus.checksum} {split} {tokenizer.checksum} {max_words}"
    key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    cache = cached_folder(
        (corpus.cache or folder) / f"{corpus.name}-{split}-{key}",
        "words.bin",
        lambda partial: _write_words(corpus, split, tokenizer, max_words, partial),
    )
    starts = np.load(cache / "starts.npy")
    words = np.zeros(0, dtype=np.int32)
    if starts[-1]:  # no empty file can be mapped
        words = np.memmap(cache / "words.bin", dtype=np.int32, mode="r")
    note_ids, labels = _read_labels(corpus, split, columns)
    rejected = _read_rejected(corpus, note_ids, columns)
    return TokenizedNotes(note_ids, words, starts, labels, rejected)


def _write_words(corpus: Corpus, split: str, tokenizer: Tokenizer, max_words: int, folder: Path) -> None:
    """``words.bin``: int32 word ids, little-endian, note after note; ``starts.npy``: where each begins, and the end."""
    lengths = [0]
    with (folder / "words.bin").open("wb") as handle, progress_bar() as bar:
        task = bar.add_task(f"tokenizing {corpus.name} {split}", total=corpus.count(split))
        for batch in corpus.notes(split, ("text",)):
            for ids in tokenizer.encode_many(batch.column("text").to_pylist(), max_words):
                handle.write(ids.tobytes())
                lengths.append(len(ids))
            bar.advance(task, batch.num_rows)
    np.save(folder / "starts.npy", np.cumsum(lengths, dtype=np.int64))


def _read_labels(corpus: Corpus, split: str, columns: Sequence[str]) -> tuple[list[str], csr_array]:
    """The note ids of a split and its labels [N, columns]; codes without a column are left out."""
    note_ids: list[str] = []
    keys = pa.array(columns, pa.string())
    rows, found = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for batch in corpus.notes(split, ("note_id", "codes")):
        codes = batch.column("codes")
        first = len(note_ids)
        note_ids += batch.column("note_id").to_pylist()
        rows.append(np.repeat(np.arange(first, len(note_ids)), pc.list_value_length(codes).to_numpy()))
        found.append(pc.index_in(codes.flatten(), keys).fill_null(-1).to_numpy().astype(np.int64))
    row, column = np.concatenate(rows), np.concatenate(found)
    row, column = row[column >= 0], column[column >= 0]
    shape = (len(note_ids), len(columns))
    return note_ids, csr_array((np.ones(len(row), dtype=bool), (row, column)), shape=shape)


def _read_rejected(corpus: Corpus, note_ids: Sequence[str], columns: Sequence[str]) -> csr_array:
    """The codes that were rejected for each note [N, columns]; those without a column are left out."""
    row_of = {note_id: row for row, note_id in enumerate(note_ids)}
    column_of = {key: column for column, key in enumerate(columns)}
    pairs = [
        (row_of[note_id], column_of[key])
        for note_id, key in corpus.rejected()
        if note_id in row_of and key in column_of
    ]
    rows, places = np.array(pairs, np.int64).reshape(-1, 2).T
    return csr_array((np.ones(len(pairs), bool), (rows, places)), shape=(len(note_ids), len(columns)))


def same_words(
    tokenizer: Tokenizer, codes: Sequence[str], descriptions: Sequence[str], max_words: int
) -> str | None:
    """One line that names codes that a model cannot distinguish by their descriptions; None if there are none."""
    groups: dict[bytes, list[str]] = {}
    for code, words in zip(codes, tokenizer.encode_many(descriptions, max_words), strict=True):
        groups.setdefault(words.tobytes(), []).append(code)
    same = [group for group in groups.values() if len(group) > 1]
    if not same:
        return None
    named = " and ".join(code.partition(":")[2] for code in same[0][:2])
    return (
        f"{sum(map(len, same)):,} of {len(codes):,} codes have the same words as another, such as {named}: "
        "by their descriptions alone this model cannot tell them apart"
    )


def code_words(
    tokenizer: Tokenizer,
    codes: Sequence[str],
    descriptions: Sequence[str],
    max_words: int,
    outputs: Sequence[str] | None,
) -> list[np.ndarray]:
    """The numbers by which a model is given each code, int32 [T]: the words of its description or, with fixed labels,
    its row among ``outputs`` (keys). Raises ``InputError`` for a code without an output.
    """
    if outputs is None:
        return tokenizer.encode_many(descriptions, max_words)
    row_of = {key: row for row, key in enumerate(outputs)}
    unknown = [key for key in codes if key not in row_of]
    if unknown:
        raise InputError(
            f"the model has fixed labels and no output for {len(unknown)} of {len(codes)} codes, such as {unknown[0]}: "
            "ask for codes it was trained on, or take a model that reads descriptions (duallaat)"
        )
    return [np.array([row_of[key]], dtype=np.int32) for key in codes]
