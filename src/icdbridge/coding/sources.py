"""Reads notes to be coded from documents, folders and tables; a bad one does not stop the others."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from icdbridge.coding.identity import check_ids, file_ids
from icdbridge.documents import DOCUMENT_ENDINGS, holds_fhir, is_container, is_document, read_documents
from icdbridge.documents.document import Setting, setting_named
from icdbridge.errors import InputError
from icdbridge.escaping import visible
from icdbridge.tables import (
    NOTE_ENDINGS,
    Column,
    Fault,
    Row,
    check_text,
    find_notes,
    has_header,
    is_table,
    read_rows,
)

_SETTING = "setting"  # a column that not every table has
DATE = "date"  # the column of a table that holds it, unless another is named


@dataclass(frozen=True)
class SourceNote:
    """A note, or the ``fault`` because of which it cannot be coded.

    ``place`` is its file, with the row in a table. ``remarks`` name parts of its file that are not in the text.
    ``setting`` is given if its document or row names it.
    """

    place: str
    note_id: str | None
    text: str
    patient_id: str | None = None
    fault: str | None = None
    remarks: tuple[str, ...] = ()
    setting: Setting | None = None
    day: str | None = None  # of discharge or service, ISO 8601: it chooses the release


@dataclass(frozen=True)
class NoteColumns:
    """Columns of a table of notes; ``patient`` only where wanted, ``date`` and ``setting`` where there are any."""

    id: str = "note_id"
    text: str = "text"
    patient: str | None = None
    date: str = DATE

    def wanted(self) -> list[Column]:
        """The columns to read."""
        columns = [Column(self.id, option="--id"), Column(self.text, option="--text")]
        columns += [Column(self.patient, option="--patient")] if self.patient else []
        return [*columns, Column(self.date, needed=self.date != DATE, option="--date")]


class Source:
    """The notes of ``paths`` in order: documents (``read_documents``), tables (``read_rows``), folders of either.

    In a folder with both, tables are read if ``tables_first``, else documents. ``file_ids`` gives the id of a document;
    the ids of several documents in one file are appended to it. ``left_out`` describes files of the folders that are no
    notes. Iterating reads one file at a time, and starts again each time. Raises ``InputError`` for missing or
    unreadable files and for two notes with one id.
    """

    def __init__(
        self, paths: Sequence[Path], columns: NoteColumns = NoteColumns(), *, tables_first: bool = False
    ) -> None:
        self.columns = columns
        self._given = list(paths)
        self._files: list[tuple[Path, str | None]]  # with the id that a document gives its note
        self.left_out: list[str] = []
        files: list[Path] = []
        if not paths:
            raise InputError("no notes: give documents, folders of them, or tables")
        for path in paths:
            if path.is_dir():
                kinds = (_is_other_table, is_document) if tables_first else (is_document, _is_other_table)
                found = find_notes(path, kinds[0])
                if not found.files:
                    found = find_notes(path, kinds[1])
                told = [f"{path}: left out {line}" for line in found.left_out]
                if not found.files:
                    further = f" (left out {'; '.join(found.left_out)})" if told else ""
                    endings = ", ".join(NOTE_ENDINGS + DOCUMENT_ENDINGS)
                    raise InputError(f"{path} holds no note ({endings}) and no table{further}: give either")
                files += found.files
                self.left_out += told
            elif path.is_file():
                files.append(path)
            else:
                how = "is no file that can be read" if path.exists() else "is missing"
                raise InputError(f"{path} {how}: expected a document, a folder of them, or a table")
        tables = set(filter(_is_other_table, files))
        documents = [file for file in files if file not in tables]
        named = iter(file_ids([path for path in paths if path not in tables], documents))
        self._files = [(file, None if file in tables else next(named)) for file in files]

    @property
    def paths(self) -> list[Path]:
        """What was given, and every file that is read."""
        return [*self._given, *(file for file, _ in self._files)]

    @property
    def has_tables(self) -> bool:
        return any(name is None for _, name in self._files)

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
        for file, name in self._files:
            if name is None or is_container(file):
                yield from ((note.note_id, note.place) for note in self._notes(file, name))
            else:
                yield name, visible(str(file), one_line=True)

    def __iter__(self) -> Iterator[SourceNote]:
        for file, name in self._files:
            yield from self._notes(file, name)

    def _notes(self, file: Path, name: str | None) -> Iterable[SourceNote]:
        return self._table(file) if name is None else self._documents(file, name)

    def _table(self, file: Path) -> Iterator[SourceNote]:
        for row in read_rows(file, [*self.columns.wanted(), Column(_SETTING, needed=False)]):
            note_id = None
            try:
                note_id = row.identifier(self.columns.id)
                yield self._note(row, note_id)
            except Fault as error:
                yield SourceNote(row.place, note_id, "", fault=error.what)

    def _note(self, row: Row, note_id: str | None) -> SourceNote:
        named = self.columns
        text = row.text(named.text)
        for column, value in ((named.id, note_id), (named.text, text)):
            if value is None:
                raise row.refusal("it is empty", column)
        patient = row.identifier(named.patient) if named.patient else None
        setting = setting_named(row.text(_SETTING) if row.cells.get(_SETTING) is not None else None)
        day = row.cells.get(named.date)  # text or, in sheets and Parquet, a date
        read = day_named(str(day))
        told = (f"column {named.date}: no date such as 2025-11-02, so no release is chosen by it",)
        remarks = told if day and not read else ()
        return SourceNote(row.place, note_id, text or "", patient, None, remarks, setting, read)

    def _documents(self, file: Path, name: str) -> list[SourceNote]:
        place = visible(str(file), one_line=True)
        try:
            documents = read_documents(file)
            text = documents[0].text
            if documents[0].format == "plain text" and has_header(text, self.columns.wanted()):
                raise Fault(place, "a table by its first line, not one note: name it .csv or .tsv")
            check_text(name, "its name")
        except Fault as error:
            return [SourceNote(place, name, "", fault=error.what)]
        except InputError as error:  # a file's name may be no text
            return [SourceNote(place, None, "", fault=str(error))]
        notes = []
        for one in documents:
            own = f"{name}/{one.id}" if len(documents) > 1 else name
            note = SourceNote(place, own, one.text, one.patient_id, one.not_coded, one.remarks, one.setting)
            notes.append(replace(note, day=day_named(one.discharge or one.date)))
        return notes


def _is_other_table(path: Path) -> bool:
    """Whether a file is a table, and no FHIR."""
    return is_table(path) and not holds_fhir(path)


def day_named(text: str | None) -> str | None:
    """The day of a date or time in ISO 8601; None if the text is neither."""
    try:
        return str(date.fromisoformat((text or "")[:10]))
    except ValueError:
        return None
