"""The corpus folder: notes of one version with their codes and split, from any source."""

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from icdbridge.errors import InputError
from icdbridge.files import MANIFEST, Kind, check_manifest, read_json, sha256
from icdbridge.progress import console

FORMAT = 1
CORPUS = Kind("a corpus folder", "corpus.json")
SPLITS = ("train", "val", "test")
ROW_GROUP = 2_000  # notes in a row group of notes.parquet


def _columns(**kinds: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


_TEXT, _NUMBER = pa.string(), pa.int64()
NOTES_SCHEMA = _columns(
    note_id=_TEXT, patient_id=_TEXT, version=_TEXT, text=_TEXT, codes=pa.list_(_TEXT), split=_TEXT
)
CODES_SCHEMA = _columns(
    code=_TEXT, description=_TEXT, description_source=_TEXT, notes=_NUMBER, train_notes=_NUMBER, scope=_TEXT
)
EVIDENCE_SCHEMA = _columns(note_id=_TEXT, code=_TEXT, start=_NUMBER, end=_NUMBER, mark=_NUMBER)
REJECTED_SCHEMA = _columns(note_id=_TEXT, code=_TEXT)
TEXTS_SCHEMA = _columns(note_id=_TEXT, text=_TEXT)
Mark = list[tuple[int, int]]  # the spans, in characters, that people marked together for one code


class Corpus:
    """A corpus folder, opened; the notes stay on disk.

    ``codes`` (keys), ``descriptions``, ``scopes``, ``notes_with`` and ``train_notes`` are parallel lists in the order
    of codes.parquet, frequent codes first: ``codes[:n_frequent]`` are those of the frequent scope. ``meta`` is
    corpus.json.
    """

    def __init__(self, path: Path, meta: dict[str, Any], codes: pa.Table) -> None:
        self.path = path
        self.name = path.resolve().name
        self.meta = meta
        self.version: str = meta["version"]
        self.codes: list[str] = codes["code"].to_pylist()
        self.descriptions: list[str] = codes["description"].to_pylist()
        self.scopes: list[str] = codes["scope"].to_pylist()
        self.notes_with: list[int] = codes["notes"].to_pylist()
        self.train_notes: list[int] = codes["train_notes"].to_pylist()
        self.n_frequent = self.scopes.count("frequent")

    @classmethod
    def open(cls, path: Path | str) -> "Corpus":
        """Opens a corpus folder; ``InputError`` for a missing or damaged file or an unknown format."""
        path = Path(path)
        check_manifest(path, CORPUS)
        meta = read_json(path / "corpus.json")
        if not isinstance(meta, dict) or meta.get("format") != FORMAT:
            raise InputError(f"{path}/corpus.json is not of format {FORMAT}: prepare the corpus again")
        for name, schema in (("notes.parquet", NOTES_SCHEMA), ("codes.parquet", CODES_SCHEMA)):
            try:
                found = pq.read_schema(path / name)
            except (OSError, pa.ArrowException) as error:
                raise InputError(
                    f"{path / name} is missing or no Parquet file: prepare the corpus again"
                ) from error
            if not found.equals(schema):
                raise InputError(f"{path / name} has other columns than a corpus: prepare the corpus again")
        return cls(path, meta, pq.read_table(path / "codes.parquet"))

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the manifest, which holds those of all files."""
        return sha256(self.path / MANIFEST)

    @cached_property
    def cache(self) -> Path | None:
        """The cache folder of the corpus: ``cache`` in its own folder, or in that of the environment variable
        ``ICDBRIDGE_CACHE``. None, with a message, if it cannot be written.
        """
        folder = Path(os.environ.get("ICDBRIDGE_CACHE") or self.path / "cache")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
        except OSError:
            pass
        console.print(
            f"{folder} cannot be written, so words and vectors of {self.name} will be made again each time: "
            "the environment variable ICDBRIDGE_CACHE may name another folder"
        )
        return None

    def count(self, split: str) -> int:
        """How many notes a split has."""
        return int(self.meta["notes"][_known(split)])

    def notes(
        self, split: str | None = None, columns: Sequence[str] = ("note_id", "text", "codes")
    ) -> Iterator[pa.RecordBatch]:
        """The notes of a split, or all, in the order of the file, in batches of at most 2,000 notes."""
        if split is not None:
            _known(split)
        read = [*columns, *(["split"] if split is not None and "split" not in columns else [])]
        with pq.ParquetFile(self.path / "notes.parquet") as file:
            for batch in file.iter_batches(batch_size=ROW_GROUP, columns=read):
                if split is not None:
                    batch = batch.filter(pc.equal(batch.column("split"), split))
                if batch.num_rows:
                    yield batch.select(list(columns))

    def column(self, name: str, split: str | None = None) -> Iterator[Any]:
        """One column (``text``, ``codes``, ``patient_id``) of the notes of a split, or of all, a note after another."""
        for batch in self.notes(split, (name,)):
            yield from batch.column(name).to_pylist()

    def with_extra_codes(self, descriptions: Mapping[str, str], name: str) -> "Corpus":
        """The same notes with more candidate codes: those of ``descriptions`` (by key) that the corpus lacks. They
        count as rare. The new corpus is called ``CORPUS-among-NAME``.
        """
        own = set(self.codes)
        more = [code for code in descriptions if code not in own]
        wider = copy.copy(self)
        wider.name = f"{self.name}-among-{name}"
        wider.codes = self.codes + more
        wider.descriptions = self.descriptions + [descriptions[code] for code in more]
        wider.scopes = self.scopes + ["rare"] * len(more)
        wider.notes_with, wider.train_notes = (
            counts + [0] * len(more) for counts in (self.notes_with, self.train_notes)
        )
        return wider

    def evidence(self) -> dict[tuple[str, str], list[Mark]]:
        """The marks of each code: by note id and key, a list of marks, each a list of spans ``text[start:end]`` that
        together name the code; empty without any.
        """
        return self._marks("evidence.parquet")

    def _marks(self, name: str) -> dict[tuple[str, str], list[Mark]]:
        path = self.path / name
        found: dict[tuple[str, str], dict[Any, Mark]] = {}
        if path.is_file():
            for row in pq.read_table(path).to_pylist():
                # corpora from before marks had numbers: each span is one
                mark = row.get("mark", (row["start"], row["end"]))
                of_code = found.setdefault((row["note_id"], row["code"]), {})
                of_code.setdefault(mark, []).append((row["start"], row["end"]))
        return {pair: list(marks.values()) for pair, marks in found.items()}

    def rejected(self) -> list[tuple[str, str]]:
        """Note id and key of the codes that a person rejected for a note; empty without any."""
        return self._of_notes("rejected.parquet", "code")

    def translations(self) -> dict[str, str]:
        """Notes of the train split in English, by note id; empty for a corpus without."""
        return dict(self._of_notes("translations.parquet", "text"))

    def originals(self) -> tuple[dict[str, str], dict[tuple[str, str], list[Mark]]]:
        """The originals of translated train notes by note id, and their marks (as ``evidence``); empty without any."""
        return dict(self._of_notes("originals.parquet", "text")), self._marks("originals_evidence.parquet")

    def _of_notes(self, name: str, column: str) -> list[tuple[str, str]]:
        """Note id and a column of each row of a file that not every corpus has."""
        path = self.path / name
        table = pq.read_table(path) if path.is_file() else {"note_id": pa.array([]), column: pa.array([])}
        return list(zip(table["note_id"].to_pylist(), table[column].to_pylist(), strict=True))

    def __repr__(self) -> str:
        return f"Corpus({json.dumps(self.name)}, {self.version}, {self.meta['notes']['total']} notes)"


def _known(split: str) -> str:
    if split not in SPLITS:
        raise InputError(f"unknown split {split!r}: expected train, val or test")
    return split
