"""Stages raw notes, codes and splits of a source in bounded memory: tables spill, texts lie on disk."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from icdbridge.corpora.csv_rows import csv_rows
from icdbridge.corpora.staging_database import MEMORY_LIMIT, errors_told, run_watched
from icdbridge.corpora.texts import Texts

T = TypeVar("T")
BATCH = 2_000  # notes held at once
QUERIED = 4  # batches of a CSV file that are chosen from at once

_SPANS = "id VARCHAR, system VARCHAR, code VARCHAR, first BIGINT, stop BIGINT, mark BIGINT"  # in characters
_CODES = "id VARCHAR, system VARCHAR, code VARCHAR"
_TABLES = {
    "raw_notes": "id VARCHAR, patient_id VARCHAR, marked BOOLEAN, characters BIGINT, text_hash UBIGINT, fault VARCHAR, "
    "part_of BIGINT",
    "raw_codes": _CODES,
    "raw_splits": "id VARCHAR, split VARCHAR",
    "raw_titles": "system VARCHAR, code VARCHAR, title VARCHAR",
    "raw_evidence": _SPANS,
    "raw_rejected": _CODES,
    "raw_translations": "id VARCHAR, text VARCHAR",
    "raw_originals": "id VARCHAR, text VARCHAR",
    "raw_original_evidence": _SPANS,
}
_COLUMNS = {name: [column.split()[0] for column in columns.split(", ")] for name, columns in _TABLES.items()}
_COLUMNS["raw_notes"] = ["id", "patient_id", "text"]


class Staging:
    """The relations of one source, to be filled by its reader.

    - ``raw_notes(id, patient_id, marked, characters, text_hash, fault, part_of)``, filled by ``add_notes`` and
      ``read_notes``: the id is what codes and splits refer to (an admission, a file name), ``marked`` whether
      the source calls the note an error, ``characters`` the length of its text, ``fault`` why it is not worth
      keeping, ``part_of`` the note that it is joined to. The texts lie beside the database, in the same order;
    - ``raw_codes(id, system, code)``: codes as the source writes them;
    - ``raw_splits(id, split)``: left empty where the source has no split;
    - ``raw_titles(system, code, title)``: descriptions that the source brings along;
    - ``raw_evidence(id, system, code, first, stop, mark)``: spans of a note's text, ``text[first:stop]`` in
      characters, in which people saw the code, those of one mark with the same number; left empty where the
      source has none;
    - ``raw_rejected(id, system, code)``: codes that a person rejected for a note; mostly left empty;
    - ``raw_translations(id, text)``: notes in English, of a source in another language that has both;
    - ``raw_originals(id, text)``, ``raw_original_evidence(...)``: of translated notes the originals, and the spans in
      these in which people saw codes.

    Every relation keeps the order of its source in ``rowid``. ``dropped`` and ``remarks`` collect what the
    data report says; ``warnings`` is what is printed as well.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect()
        self._stopped = False
        self.connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self.connection.execute("SET threads = 2")
        self.connection.execute("SET temp_directory = ?", [str(folder / "spill")])
        with suppress(duckdb.InvalidInputException):  # a notebook without widgets has none to switch off
            self.connection.execute("SET enable_progress_bar = false")
        self._texts = Texts(folder / "texts.arrow")
        for name, columns in _TABLES.items():
            self.run(f"CREATE TABLE {name} ({columns})")
        self.dropped: list[dict[str, Any]] = []
        self.remarks: list[str] = []
        self.warnings: list[str] = []
        self.files: dict[str, int] = {}  # name -> bytes
        self.synthetic = False
        # Set by a reader that knows where a row of raw_notes stands.
        self.places: Callable[[int], str] | None = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        if self._stopped:
            raise KeyboardInterrupt
        return self._connection

    def close(self) -> None:
        self._texts.finish()
        self._connection.close()

    def beside(self) -> "Staging":
        """The same staging, to be used in another thread at the same time; only one of them may add notes."""
        other = copy.copy(self)
        other._connection = self.connection.cursor()
        return other

    def branch(self, name: str) -> "Staging":
        """A staging that begins with what this one was filled with, to be used in another thread.

        Tables that it makes are its own and hide those of the same name; ``raw_splits`` is its own from the start.
        Those of this staging are ``main.raw_notes`` and so on: a branch may not change them, nor add notes.
        """
        self._texts.finish()
        other = self.beside()
        other.run(f"CREATE SCHEMA {name}")
        other.run(f"SET search_path = '{name},main'")
        other.run("CREATE TABLE raw_splits AS SELECT * FROM main.raw_splits")
        other.dropped, other.remarks, other.warnings = [*self.dropped], [*self.remarks], [*self.warnings]
        other.files = dict(self.files)
        return other

    def stop(self) -> None:
        """Ends whatever another thread does with this staging, by ``KeyboardInterrupt`` there."""
        self._stopped = True
        with suppress(duckdb.ConnectionException):  # closed already
            self._connection.interrupt()

    def drop(self, reason: str, count: int, unit: str, example: str | None = None) -> None:
        """Notes down that ``count`` of ``unit`` (``notes``, ``code entries``, ...) were dropped, if any.

        The ``example`` says where one of them is, and holds nothing of a note's text.
        """
        if count:
            told = {"reason": reason, "count": int(count), "unit": unit}
            self.dropped.append(told | ({"example": example} if example else {}))

    def drop_notes(self, reason: str, where: str) -> None:
        """Takes notes out of ``note(row, ...)``, and notes down how many and the first of them."""
        count, first = self.rows(f"SELECT count(*), min(row) FROM note WHERE {where}")[0]
        if count:
            self.drop(reason, count, "notes", self.place(first))
            self.run(f"DELETE FROM note WHERE {where}")

    def place(self, row: int | None, note_id: str | None = None) -> str:
        """Where a note stands, for people: by its row in ``raw_notes``, else by its id."""
        if row is not None and self.places is not None:
            return self.places(row)
        if row is not None and note_id is None:
            note_id = self.rows("SELECT id FROM raw_notes WHERE rowid = ?", [row])[0][0]
        if note_id:
            return f"note {note_id[:40]}"
        return "a note without an id" if row is None else f"note {row + 1:,} in order"

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        with errors_told():
            return list(self.connection.execute(sql, parameters).fetchall())

    def table(self, sql: str) -> pa.Table:
        """The result of a query in Arrow."""
        with errors_told():
            return self.connection.sql(sql).to_arrow_table()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The result of a query in Arrow, a batch at a time."""
        with self.connection.cursor() as cursor:
            yield from cursor.sql(sql).to_arrow_reader(BATCH)

    def number(self, sql: str) -> int:
        """The single whole number that a query gives."""
        return int(self.rows(sql)[0][0])

    def run(self, sql: str, label: str | None = None) -> None:
        """Runs a statement; with a label, a progress bar shows how far it is, and Ctrl-C stops it at once."""
        with errors_told():
            if label is None:
                self.connection.execute(sql)
            else:
                run_watched(self.connection, sql, label)

    def read_csv(self, path: Path, columns: Iterable[str], into: str, select: str) -> None:
        """Appends the rows of a CSV file (plain or gzipped) to a relation.

        ``columns`` are the columns needed, found in any case; ``select`` is SQL over those names and ``file_row``, the
        row counted from 1 without the header. Raises ``InputError`` naming the file, and the row or the column, for a
        missing column, a broken gzip, bad UTF-8 or a row of the wrong width; never quotes a row.
        """
        self.note_file(path)
        for rows in csv_rows(path, columns):
            with self._named("rows", rows):
                self.run(f"INSERT INTO {into} SELECT {select} FROM rows")

    def read_notes(
        self, path: Path, columns: Iterable[str], text: str, select: str, where: str = "true"
    ) -> None:
        """Appends the rows of a CSV file to the notes: as ``read_csv``, ``select`` giving what ``add_notes`` takes
        but the text, which is the column ``text``.
        """
        self.note_file(path)
        rows = csv_rows(path, [*columns, text])
        self.add_notes(self._selected(rows, text, select, where))

    def _selected(
        self, batches: Iterator[pa.RecordBatch], text: str, select: str, where: str
    ) -> Iterator[pa.Table]:
        """Rows chosen by SQL that does not see the texts, several batches at once: each query costs a millisecond."""
        while some := list(islice(batches, QUERIED)):
            rows = pa.Table.from_batches(some)
            with self._named("rows", rows.drop_columns(text)):
                found = self.table(f"SELECT {select}, file_row AS place FROM rows WHERE {where}")
            texts = rows[text]
            if len(found) < len(rows):
                wanted = np.zeros(len(rows), bool)
                wanted[found["place"].to_numpy() - rows["file_row"][0].as_py()] = True
                texts = texts.filter(pa.array(wanted))
            yield found.drop_columns("place").append_column("text", texts)

    def add_notes(self, batches: Iterable[pa.Table | pa.RecordBatch]) -> None:
        """Appends notes in Arrow with the columns ``id``, ``patient_id``, ``text`` and, if any, ``marked``."""
        for batch in map(pa.table, batches):
            marked = "marked" if "marked" in batch.schema.names else "NULL"
            self._texts.append(batch["text"])
            with self._named("batch", batch):
                self.run(
                    f"""INSERT INTO raw_notes SELECT id, patient_id, {marked}, length(text), hash(text),
                        CASE WHEN id IS NULL OR trim(id) = '' THEN 'note without an id'
                             WHEN text IS NULL OR NOT regexp_matches(text, '\\S') THEN 'empty note'
                             WHEN NOT regexp_matches(text, '[A-Za-z]')
                                 THEN 'note without a word (only digits or signs)' END, NULL FROM batch"""
                )

    def join_notes(self) -> tuple[int, int]:
        """Joins the notes of the same id and patient into one, at the place of the first.

        Returns how many notes were made so, and of how many.
        """
        self.run(
            """CREATE TABLE joined AS
               SELECT id, patient_id, min(rowid) AS first, count(*) AS parts,
                      (sum(characters) + count(characters) - 1)::BIGINT AS characters,
                      hash(list(text_hash ORDER BY rowid)) AS text_hash,
                      CASE WHEN count(fault) = count(*) THEN min(fault) END AS fault
               FROM raw_notes WHERE id IS NOT NULL GROUP BY id, patient_id HAVING count(*) > 1"""
        )
        self.run(
            """UPDATE raw_notes SET part_of = CASE WHEN raw_notes.rowid <> first THEN first END,
                   characters = joined.characters, text_hash = joined.text_hash, fault = joined.fault
               FROM joined WHERE raw_notes.id = joined.id
               AND raw_notes.patient_id IS NOT DISTINCT FROM joined.patient_id"""
        )
        notes, parts = self.rows("SELECT count(*), coalesce(sum(parts), 0)::BIGINT FROM joined")[0]
        return notes, parts

    def texts(self) -> Iterator[tuple[int, pa.Array]]:
        """The texts of all notes, in batches with the ``rowid`` of the first; a joined note's is at its first part."""
        self._texts.finish()
        parts = dict(self.rows("SELECT rowid, part_of FROM raw_notes WHERE part_of IS NOT NULL"))
        for start, texts in self._texts.joined(parts):
            if self._stopped:
                raise KeyboardInterrupt
            yield start, texts

    def insert(self, into: str, batches: Iterable[pa.RecordBatch]) -> None:
        """Appends Arrow batches, whose columns are named as those of the relation, one after another."""
        for batch in batches:
            with self._named("batch", batch):
                self.run(f"INSERT INTO {into} BY NAME SELECT * FROM batch")

    def add_rows(self, into: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Appends rows, dicts of text, to a relation; what a row does not name is null. Those of ``raw_notes`` have
        the ``text`` of a note, its ``id`` and, if known, its ``patient_id``.
        """
        schema = pa.schema([(name, pa.string()) for name in _COLUMNS[into]])
        left = iter(rows)
        while some := list(islice(left, BATCH)):
            batch = pa.RecordBatch.from_pylist(some, schema)
            if into == "raw_notes":
                self.add_notes([batch])
            else:
                self.insert(into, [batch])

    def note_file(self, path: Path) -> None:
        """Notes down that a file was read, for the data report."""
        self.files[path.name] = path.stat().st_size

    @contextmanager
    def _named(self, name: str, table: pa.Table | pa.RecordBatch) -> Iterator[None]:
        """Within, SQL knows the table by a name."""
        with errors_told():
            self.connection.register(name, table)
        yield
        self.connection.unregister(name)


def run_together(jobs: Mapping[Staging, Callable[..., T]]) -> list[T]:
    """What the jobs give, each run in a thread of its own with its ``staging``; a failure, or Ctrl-C, ends them all."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job, staging=staging) for staging, job in jobs.items()]
        try:
            for job in as_completed(running):
                job.result()
        except BaseException:
            for staging in jobs:
                staging.stop()
            raise
        return [job.result() for job in running]
