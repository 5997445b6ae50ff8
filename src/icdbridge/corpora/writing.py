"""The two tables of a corpus folder, written from the staged relations."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.codes import describe, parse_code
from icdbridge.corpora.corpus import (
    CODES_SCHEMA,
    EVIDENCE_SCHEMA,
    NOTES_SCHEMA,
    REJECTED_SCHEMA,
    ROW_GROUP,
    TEXTS_SCHEMA,
)
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.progress import progress_bar
from icdbridge.text.normalize import count_words

MEASURED = 2_000  # notes whose words are counted for the data report, evenly chosen


def write_codes(staging: Staging, path: Path) -> dict[str, int]:
    """Writes codes.parquet; gives how many descriptions come from which source."""
    own: dict[str, str] = {}
    plain = "replace(upper(trim(code)), '.', '')"  # a dump lists ten times as many codes as its notes carry
    for system, text, title in staging.rows(
        f"""SELECT system, code, title
            FROM (SELECT *, rowid AS row, {plain} AS plain FROM raw_titles WHERE trim(title) <> '')
            SEMI JOIN (SELECT system, {plain} AS plain FROM spelling) USING (system, plain) ORDER BY row"""
    ):
        try:
            own.setdefault(str(parse_code(text, system)), " ".join(title.split()))
        except InputError:
            continue
    rows = staging.rows("SELECT system, key, notes, train_notes, frequent FROM kept_codes ORDER BY rank")
    found = [describe(parse_code(key.partition(":")[2], system), own) for system, key, *_ in rows]
    table = pa.table(
        {
            "code": [row[1] for row in rows],
            "description": [description.text for description in found],
            "description_source": [description.source for description in found],
            "notes": [row[2] for row in rows],
            "train_notes": [row[3] for row in rows],
            "scope": ["frequent" if row[4] else "rare" for row in rows],
        },
        schema=CODES_SCHEMA,
    )
    pq.write_table(table, path)
    return dict(Counter(description.source for description in found).most_common())


def write_evidence(staging: Staging, folder: Path) -> None:
    """Writes evidence.parquet, if the source has spans of codes that notes kept carry; and of notes of the train split,
    if it has such, translations.parquet, originals.parquet and originals_evidence.parquet.

    Raises ``InputError`` for a span that lies outside its text.
    """
    _check_spans(
        staging,
        """SELECT raw_evidence.id, first, stop FROM raw_evidence JOIN note USING (id)
           JOIN raw_notes ON raw_notes.rowid = note.row
           WHERE first < 0 OR first > stop OR stop > characters ORDER BY 1, 2""",
    )
    _check_spans(
        staging,
        """SELECT id, first, stop FROM raw_original_evidence JOIN raw_originals USING (id)
           WHERE first < 0 OR first > stop OR stop > length(text) ORDER BY 1, 2""",
    )
    nothing = staging.number("SELECT count(*) FROM raw_evidence WHERE first = stop")
    staging.drop("span of evidence without a character", nothing, "spans")
    of_train = "kept.split = 'train'"
    _write_spans(staging, "raw_evidence", "true", folder / "evidence.parquet")
    _write_spans(staging, "raw_original_evidence", of_train, folder / "originals_evidence.parquet")
    for texts in ("translations", "originals"):
        relation = f"raw_{texts}"
        table = staging.table(
            f"""SELECT kept.note_id, {relation}.text FROM {relation} JOIN note USING (id)
                JOIN kept ON kept.row = note.row WHERE {of_train} ORDER BY kept.n"""
        )
        if table.num_rows:
            pq.write_table(table.cast(TEXTS_SCHEMA), folder / f"{texts}.parquet", compression="zstd")


def _check_spans(staging: Staging, wrong: str) -> None:
    for note, first, stop in staging.rows(f"{wrong} LIMIT 1"):
        raise InputError(f"note {note[:40]}: the evidence from {first} to {stop} lies outside its text")


def _write_spans(staging: Staging, relation: str, where: str, path: Path) -> None:
    table = staging.table(
        f"""SELECT DISTINCT kept.note_id, code.key AS code, first AS "start", stop AS "end", mark, kept.n
           FROM {relation} JOIN spelling USING (system, code) JOIN code ON code.number = spelling.number
           JOIN note USING (id) JOIN kept ON kept.row = note.row
           JOIN note_code ON note_code.row = note.row AND note_code.number = code.number
           WHERE first < stop AND {where} ORDER BY kept.n, 2, 3, 4, 5"""
    )
    if table.num_rows:
        pq.write_table(table.drop_columns("n").cast(EVIDENCE_SCHEMA), path, compression="zstd")


def write_rejected(staging: Staging, path: Path) -> None:
    """Writes rejected.parquet, if people rejected codes for notes kept that do not carry them."""
    pairs = {
        (note_id, str(parse_code(code, system)), n)
        for note_id, system, code, n in staging.rows(
            """SELECT kept.note_id, system, code, kept.n FROM raw_rejected JOIN note USING (id)
               JOIN kept ON kept.row = note.row"""
        )
    }
    carried = set(staging.rows("SELECT n, key FROM kept_code JOIN kept_codes USING (rank)")) if pairs else ()
    rows = sorted((n, key, note_id) for note_id, key, n in pairs if (n, key) not in carried)
    if rows:
        table = [{"note_id": note_id, "code": key} for _, key, note_id in rows]
        pq.write_table(pa.Table.from_pylist(table, REJECTED_SCHEMA), path, compression="zstd")


def write_notes(staging: Staging, path: Path, version: str) -> list[int]:
    """Writes the notes, one row group at a time; gives the number of words of evenly chosen notes."""
    total = staging.number("SELECT count(*) FROM kept")
    every = -(-total // MEASURED)
    words: list[int] = []
    # A dictionary of whole texts would only cost time.
    dictionary = ["patient_id", "version", "codes.list.element", "split"]
    with (
        pq.ParquetWriter(path, NOTES_SCHEMA, compression="zstd", use_dictionary=dictionary) as writer,
        ThreadPoolExecutor(1) as beside,  # compresses a row group while the next one is gathered
        progress_bar() as bar,
    ):
        task = bar.add_task("writing notes", total=total)
        waiting, written = NOTES_SCHEMA.empty_table(), Future[None]()
        written.set_result(None)
        for first, notes in _kept_notes(staging, version):
            chosen = range(-first % every, len(notes), every)
            words += map(count_words, notes["text"].take(pa.array(chosen, pa.int64())).to_pylist())
            waiting = pa.concat_tables([waiting, notes])
            while len(waiting) >= ROW_GROUP:
                written.result()
                written = beside.submit(writer.write_table, waiting.slice(0, ROW_GROUP), ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
            bar.advance(task, len(notes))
        written.result()
        writer.write_table(waiting)
    return words


def _kept_notes(staging: Staging, version: str) -> Iterator[tuple[int, pa.Table]]:
    """The kept notes in their order, a batch at a time, each after the number of its first."""
    kept = staging.table("SELECT row, note_id, patient_id, split FROM kept ORDER BY n")
    rows = kept["row"].to_numpy()
    kept = kept.append_column("codes", _codes_of_notes(staging, len(kept)))
    for start, texts in staging.texts():
        first, end = np.searchsorted(rows, [start, start + len(texts)])
        notes = kept.slice(first, end - first)
        notes = notes.append_column("text", texts.take(pa.array(rows[first:end] - start)))
        notes = notes.append_column("version", pa.repeat(version, len(notes)))
        yield int(first), notes.select(NOTES_SCHEMA.names).cast(NOTES_SCHEMA)


def _codes_of_notes(staging: Staging, n_notes: int) -> pa.Array:
    """The keys of each kept note in their order, as lists of dictionary values: all of them lie in memory."""
    keys = staging.table("SELECT key, rank FROM kept_codes ORDER BY key")
    place = np.argsort(keys["rank"].to_numpy())
    pairs = staging.table("SELECT n, rank FROM kept_code")
    n, code = np.divmod(
        np.sort(pairs["n"].to_numpy() * len(keys) + place[pairs["rank"].to_numpy()]), len(keys)
    )
    start = np.concatenate([[0], np.cumsum(np.bincount(n, minlength=n_notes))])
    values = pa.DictionaryArray.from_arrays(code.astype(np.int32), keys["key"].combine_chunks())
    return pa.ListArray.from_arrays(start.astype(np.int32), values)
