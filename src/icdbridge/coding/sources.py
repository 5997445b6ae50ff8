"""Notes to be coded, one after another, from text files, folders of them, and tables; a bad one stops no other."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.coding.identity import check_ids, file_ids
from icdbridge.errors import InputError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLES = (*DELIMITERS, ".jsonl", ".parquet")
BATCH = 64  # rows of a Parquet table read at once
LONGEST_CELL = 64 * 1024 * 1024  # characters; more is a quote that was never closed


@dataclass(frozen=True)
class SourceNote:
    """A note, or the ``fault`` for which it cannot be coded; ``place`` is its file, with the row of a table."""

    place: str
    note_id: str | None
    text: str
    patient_id: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class NoteColumns:
    """The columns of a table of notes; ``patient`` only where wanted."""

    id: str = "note_id"
    text: str = "text"
    patient: str | None = None


class Source:
    """The notes of ``paths`` in order: text files, folders (their .txt files, also in folders below, by name) and
    tables (.csv, .tsv, .jsonl, .parquet). ``file_ids`` says what the id of a text file is.

    Iterating reads one note at a time and starts anew each time. Raises ``InputError`` for what is missing, or
    unreadable as a whole, and for two notes of one id.
    """

    def __init__(self, paths: Sequence[Path], columns: NoteColumns = NoteColumns()) -> None:
        self.columns = columns
        self._given = list(paths)
        self._files: list[tuple[Path, str | None]]  # with the id that a text file gives its note
        files: list[Path] = []
        if not paths:
            raise InputError("no notes: give text files, folders of them, or tables")
        for path in paths:
            if path.is_dir():
                below = sorted(path.rglob("*.txt"))
                if not below:
                    raise InputError(f"{path} holds no .txt file: give a folder of notes, or a table")
                files += below
            elif path.is_file():
                files.append(path)
            else:
                raise InputError(f"{path} is missing: expected a text file, a folder of them, or a table")
        texts = [path for path in paths if path.is_dir() or not _is_table(path)]
        named = iter(file_ids(texts, [file for file in files if not _is_table(file)]))
        self._files = [(file, None if _is_table(file) else next(named)) for file in files]

    @property
    def paths(self) -> list[Path]:
        """What was given, and every file that is read."""
        return [*self._given, *(file for file, _ in self._files)]

    def fingerprint(self) -> str:
        """Changes when a file is added, taken away, or gets another size or time."""
        digest = hashlib.sha256(repr(self.columns).encode())
        for file, name in self._files:
            stat = file.stat()
            digest.update(f"{name}\0{file.suffix}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        """Reads the tables once: a missing column or a repeated id is found before the first note is coded."""
        return check_ids(self._named)

    def _named(self) -> Iterator[tuple[str | None, str]]:
        """The id and the place of every note."""
        for file, name in self._files:
            if name is None:
                yield from ((note.note_id, note.place) for note in self._table(file))
            else:
                yield name, str(file)

    def __iter__(self) -> Iterator[SourceNote]:
        for file, name in self._files:
            if name is None:
                yield from self._table(file)
            else:
                yield _checked(str(file), name, _decoded(file))

    def _table(self, file: Path) -> Iterator[SourceNote]:
        named = self.columns
        for row, cells in _read(file, named):
            place = f"{file}, row {row}"
            if isinstance(cells, str):
                yield SourceNote(place, None, "", fault=cells)
                continue
            given = cells.get(named.id)
            note_id = None if given is None else str(given).strip() or None
            patient = cells.get(named.patient) if named.patient else None
            if note_id is None:
                yield SourceNote(place, None, "", fault=f"the column {named.id} is empty")
            else:
                yield _checked(
                    place, note_id, cells.get(named.text), None if patient is None else str(patient)
                )


def _is_table(file: Path) -> bool:
    return file.suffix.lower() in TABLES


def _checked(place: str, note_id: str, text: Any, patient_id: str | None = None) -> SourceNote:
    fault = None
    if not isinstance(text, str):
        fault = "no text" if text is None else "the text is not a string"
    else:
        try:
            text.encode()
        except UnicodeEncodeError:
            fault = "not UTF-8"
    if any("\ud800" <= character <= "\udfff" for character in note_id):  # a file's name, or an escape in JSON
        return SourceNote(place, None, "", patient_id, "its id is not UTF-8")
    return SourceNote(place, note_id, "" if fault else text, patient_id, fault)


def _decoded(file: Path) -> str:
    """The text of a file; what is not UTF-8 becomes lone surrogates, which ``_checked`` finds."""
    try:
        return file.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error


def _read(file: Path, columns: NoteColumns) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Row number (of CSV, the header is row 1) and its cells, or what is wrong with the row."""
    if file.suffix.lower() == ".parquet":
        table = _parquet(file)
        wanted = _check(file, columns, table.schema_arrow.names)
        row = 0
        for batch in table.iter_batches(batch_size=BATCH, columns=wanted):
            for cells in batch.to_pylist():
                row += 1
                yield row, cells
        return
    rows = _text_rows(file)
    if file.suffix.lower() == ".jsonl":
        for row, line in rows:
            try:
                cells = json.loads(line)
            except json.JSONDecodeError as error:
                yield row, f"not JSON (column {error.colno})"
                continue
            yield row, cells if isinstance(cells, dict) else "not a JSON object"
        return
    header: list[str] | None = None
    for row, found in rows:
        if header is None:
            header = found
            _check(file, columns, header)
        elif len(found) != len(header):
            yield row, f"{len(found)} cells under a header of {len(header)}"
        else:
            yield row, dict(zip(header, found, strict=True))


def _text_rows(file: Path) -> Iterator[tuple[int, Any]]:
    """The rows of a CSV or TSV file (header included), or the lines of a JSONL file; blank ones are left out."""
    csv.field_size_limit(LONGEST_CELL)
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        if file.suffix.lower() == ".jsonl":
            yield from ((row, line) for row, line in enumerate(handle, start=1) if line.strip())
            return
        reader = csv.reader(handle, delimiter=DELIMITERS[file.suffix.lower()])
        row = 0
        try:
            for row, cells in enumerate(reader, start=1):
                if cells:
                    yield row, cells
        except csv.Error as error:
            raise InputError(f"{file}, after row {row}: a quote is opened and never closed") from error


def _parquet(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file} is not a whole Parquet file: write it again") from error


def _check(file: Path, columns: NoteColumns, found: Sequence[str]) -> list[str]:
    """The columns to read, all of them there."""
    wanted = [name for name in (columns.id, columns.text, columns.patient) if name]
    for name in wanted:
        if name not in found:
            raise InputError(
                f"{file} has no column {name}: it has {', '.join(found)}; name them by --id, --text, --patient"
            )
    return wanted
