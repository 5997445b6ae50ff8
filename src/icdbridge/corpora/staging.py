"""Raw notes, codes and splits of a source, staged on disk so that memory does not grow with the dump."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from icdbridge.corpora.csv_rows import csv_rows
from icdbridge.corpora.database_errors import MEMORY_LIMIT, database_error
from icdbridge.progress import progress_bar

BATCH = 2_000  # notes held at once
BATCH_BYTES = 64 * 1024 * 1024
NOTES = ("id", "patient_id", "text")
_TEXTS = pa.schema([("text", pa.string())])

RELATIONS = {
    "raw_notes": {
        "id": "VARCHAR",
        "patient_id": "VARCHAR",
        "marked": "BOOLEAN",
        "characters": "BIGINT",
        "text_hash": "UBIGINT",
        "fault": "VARCHAR",
        "part_of": "BIGINT",
    },
    "raw_codes": {"id": "VARCHAR", "system": "VARCHAR", "code": "VARCHAR"},
    "raw_splits": {"id": "VARCHAR", "split": "VARCHAR"},
    "raw_titles": {"system": "VARCHAR", "code": "VARCHAR", "title": "VARCHAR"},
    "raw_evidence": {
        "id": "VARCHAR",
        "system": "VARCHAR",
        "code": "VARCHAR",
        "first": "BIGINT",
        "stop": "BIGINT",
    },
}


class Staging:
    """The relations of one source, to be filled by its reader.

    - ``raw_notes(id, patient_id, marked, characters, text_hash, fault, part_of)``, filled by ``add_notes`` and
      ``read_notes``: the id is what codes and splits refer to (an admission, a file name), ``marked`` whether
      the source calls the note an error, ``characters`` the length of its text, ``fault`` why it is not worth
      keeping, ``part_of`` the note that it is joined to. The texts lie beside the database, in the same order;
    - ``raw_codes(id, system, code)``: codes as the source writes them;
    - ``raw_splits(id, split)``: left empty where the source has no split;
    - ``raw_titles(system, code, title)``: descriptions that the source brings along;
    - ``raw_evidence(id, system, code, first, stop)``: spans of a note's text, ``text[first:stop]`` in
      characters, in which people saw the code; left empty where the source has none.

    Every relation keeps the order of its source in ``rowid``. ``dropped`` and ``remarks`` collect what the
    data report says; ``warnings`` is what is printed as well.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(str(folder / "staging.duckdb"))
        self.connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self.connection.execute("SET threads = 2")
        self.connection.execute("SET temp_directory = ?", [str(folder / "spill")])
        self.connection.execute("SET enable_progress_bar = false")
        # The default tries every compression on every text, which takes longer than reading them.
        self.connection.execute("PRAGMA force_compression = 'zstd'")
        self._database, self._texts_file = folder / "staging.duckdb", folder / "texts.arrow"
        self._texts = pa.ipc.new_file(str(self._texts_file), _TEXTS)
        for name, columns in RELATIONS.items():
            self.run(f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
        self.dropped: list[dict[str, Any]] = []
        self.remarks: list[str] = []
        self.warnings: list[str] = []
        self.files: dict[str, int] = {}  # name -> bytes
        self.synthetic = False

    def close(self) -> None:
        self._texts.close()
        self.connection.close()

    def take_over(self, other: "Staging") -> None:
        """Fills this empty staging with what another, closed one was filled with; its texts stay where they lie."""
        self.run(f"ATTACH '{str(other._database).replace(chr(39), chr(39) * 2)}' AS other (READ_ONLY)")
        for name in RELATIONS:
            self.run(f"INSERT INTO {name} SELECT * FROM other.{name}")
        self.run("DETACH other")
        self._texts_file = other._texts_file
        self.dropped, self.remarks, self.warnings = [*other.dropped], [*other.remarks], [*other.warnings]
        self.files, self.synthetic = dict(other.files), other.synthetic

    def drop(self, reason: str, count: int, unit: str) -> None:
        """Notes down that ``count`` of ``unit`` (``notes``, ``code entries``, ...) were dropped, if any."""
        if count:
            self.dropped.append({"reason": reason, "count": int(count), "unit": unit})

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        try:
            return list(self.connection.execute(sql, parameters).fetchall())
        except duckdb.Error as error:
            raise database_error(error) from None

    def table(self, sql: str, parameters: object = None) -> pa.Table:
        """The result of a query in Arrow."""
        try:
            return self.connection.sql(sql, params=parameters).to_arrow_table()
        except duckdb.Error as error:
            raise database_error(error) from None

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The result of a query in Arrow, a batch at a time."""
        with self.connection.cursor() as cursor:
            yield from cursor.sql(sql).to_arrow_reader(BATCH)

    def number(self, sql: str, parameters: object = None) -> int:
        """The single whole number that a query gives."""
        return int(self.rows(sql, parameters)[0][0])

    def run(self, sql: str, parameters: object = None, label: str | None = None) -> None:
        """Runs a statement; with a label, a progress bar shows how far it is, and Ctrl-C stops it at once."""
        try:
            if label is None:
                self.connection.execute(sql, parameters)
            else:
                self._run_watched(sql, parameters, label)
        except duckdb.Error as error:
            raise database_error(error) from None

    def _run_watched(self, sql: str, parameters: object, label: str) -> None:
        failure: list[BaseException] = []
        done = threading.Event()  # an interrupted Thread.join() takes the thread for ended

        def work() -> None:
            try:
                self.connection.execute(sql, parameters)
            except BaseException as error:  # handed to the thread that waits
                failure.append(error)
            finally:
                done.set()

        worker = threading.Thread(target=work, daemon=True)
        with progress_bar() as bar:
            task = bar.add_task(f"{label} (%)", total=100)
            worker.start()
            try:
                while not done.wait(0.2):
                    bar.update(task, completed=max(0, int(self.connection.query_progress())))
            except BaseException:
                self.connection.interrupt()
                done.wait()
                raise
            bar.update(task, completed=100)
        if failure:
            raise failure[0]

    def read_csv(
        self,
        path: Path,
        columns: Iterable[str],
        into: str,
        select: str,
        where: str = "true",
        delimiter: str = ",",
    ) -> None:
        """Appends the rows of a CSV file (plain or gzipped) to a relation.

        ``columns`` are the columns needed, found in any case; ``select`` and ``where`` are SQL over those
        names and ``file_row``, the row counted from 1 without the header. Raises ``InputError`` naming the
        file, and the row or the column, for a missing column, a broken gzip, bad UTF-8 or a row of the wrong
        width; never quotes a row.
        """
        self.files[path.name] = path.stat().st_size
        for rows in csv_rows(path, columns, delimiter):
            self.connection.register("rows", rows)
            self.run(f"INSERT INTO {into} SELECT {select} FROM rows WHERE {where}")
            self.connection.unregister("rows")

    def read_notes(
        self, path: Path, columns: Iterable[str], text: str, select: str, where: str = "true"
    ) -> None:
        """Appends the rows of a CSV file to the notes: as ``read_csv``, ``select`` giving what ``add_notes`` takes
        but the text, which is the column ``text``.
        """
        self.files[path.name] = path.stat().st_size
        rows = csv_rows(path, [*columns, text])
        self.add_notes(self._selected(rows, text, select, where))

    def _selected(
        self, batches: Iterable[pa.RecordBatch], text: str, select: str, where: str
    ) -> Iterator[pa.RecordBatch]:
        """Rows chosen by SQL that does not see the texts, in batches of some size: a file may hold few wanted."""
        waiting: list[pa.Table] = []
        for batch in batches:
            self.connection.register("rows", batch.drop_columns(text))
            found = self.table(f"SELECT {select}, file_row AS place FROM rows WHERE {where}")
            self.connection.unregister("rows")
            texts = batch[text]
            if len(found) < len(batch):
                texts = texts.take(pc.subtract(found["place"].combine_chunks(), batch["file_row"][0]))
            waiting.append(found.drop_columns("place").append_column("text", texts))
            if sum(map(len, waiting)) >= BATCH or sum(table.nbytes for table in waiting) >= BATCH_BYTES:
                yield from pa.concat_tables(waiting).combine_chunks().to_batches()
                waiting = []
        if waiting:
            yield from pa.concat_tables(waiting).combine_chunks().to_batches()

    def add_notes(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Appends notes: Arrow batches with the columns ``id``, ``patient_id``, ``text`` and, if any, ``marked``."""
        for batch in batches:
            marked = "marked" if "marked" in batch.schema.names else "NULL"
            self._texts.write_batch(pa.record_batch([batch.column("text").cast(pa.string())], schema=_TEXTS))
            self.connection.register("batch", batch)
            self.run(
                f"""INSERT INTO raw_notes SELECT id, patient_id, {marked}, length(text), hash(text),
                    CASE WHEN id IS NULL OR trim(id) = '' THEN 'note without an id'
                         WHEN text IS NULL OR NOT regexp_matches(text, '\\S') THEN 'empty note'
                         WHEN NOT regexp_matches(text, '[A-Za-z]')
                             THEN 'note without a word (only digits or signs)' END, NULL FROM batch"""
            )
            self.connection.unregister("batch")

    def join_notes(self) -> tuple[int, int]:
        """Makes one note of those of the same id and patient, at the place of the first; gives how many of how many."""
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
        self._texts.close()
        parts = dict(self.rows("SELECT rowid, part_of FROM raw_notes WHERE part_of IS NOT NULL"))
        later: dict[int, list[str]] = {}
        if parts:
            for start, texts in self._stored_texts():
                for row in range(start, start + len(texts)):
                    if row in parts and (text := texts[row - start].as_py()) is not None:
                        later.setdefault(parts[row], []).append(text)
        for start, texts in self._stored_texts():
            rows = [row for row in range(start, start + len(texts)) if row in later]
            if rows:
                whole = texts.to_pylist()
                for row in rows:
                    whole[row - start] = " ".join([whole[row - start] or "", *later[row]])
                texts = pa.array(whole, pa.string())
            yield start, texts

    def _stored_texts(self) -> Iterator[tuple[int, pa.Array]]:
        with pa.OSFile(str(self._texts_file)) as file, pa.ipc.open_file(file) as reader:
            start = 0
            for number in range(reader.num_record_batches):
                texts = reader.get_batch(number).column(0)
                yield start, texts
                start += len(texts)

    def insert(self, into: str, batches: Iterable[pa.RecordBatch]) -> None:
        """Appends Arrow batches, whose columns are named as those of the relation, one after another."""
        for batch in batches:
            self.connection.register("batch", batch)
            self.run(f"INSERT INTO {into} BY NAME SELECT * FROM batch")
            self.connection.unregister("batch")


def batches_of(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """Rows (dicts of text) as Arrow batches with these columns."""
    schema = pa.schema([(name, pa.string()) for name in columns])
    left = iter(rows)
    while some := list(islice(left, BATCH)):
        yield pa.RecordBatch.from_pylist(some, schema)
