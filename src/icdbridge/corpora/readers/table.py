"""Reads a user's own table in any format; the names of its columns are options."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from icdbridge.codes import (
    known_system,
    known_systems,
    read_code_table,
    system_named,
    systems_of,
    version_named,
    version_of,
)
from icdbridge.codes.gate import let_in, named
from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.splits import name_splits
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.tables import ENDINGS, Column, is_table, read_rows

_ROWS = pa.schema(
    [
        ("id", pa.string()),
        ("patient_id", pa.string()),
        ("text", pa.string()),
        ("codes", pa.list_(pa.string())),
        ("split", pa.string()),
        ("file", pa.string()),
        ("file_row", pa.int64()),
    ]
)


class Columns(NamedTuple):
    """The columns of a table; ``patient`` and ``split`` by default only where the table has them."""

    id: str = "note_id"
    text: str = "text"
    codes: str = "codes"
    patient: str | None = None
    split: str | None = None


def prepare_table(
    files: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    version: str,
    columns: Columns = Columns(),
    separator: str | None = None,
    system: str | None = None,
    code_table: Path | None = None,
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of tables (or of all tables in a folder) with one note a row.

    ``codes`` is a list (also as Python, JSON or PostgreSQL writes it), or text separated by ``separator`` (default:
    blanks, commas, semicolons or bars). Without ``system``, codes may be keys (``icd9cm:428.0``) or are recognised by
    their shape. ``code_table`` describes the codes of ``system``, or of a version of your own. Raises ``InputError``
    naming file and row.
    """
    version = version_named(version)
    of_version = systems_of(version)
    own = version if of_version[0] not in known_systems() else None
    if own and code_table is None:
        versions = dict.fromkeys(map(version_of, known_systems()))
        raise InputError(
            f"unknown version {version!r}: use {' or '.join(versions)}, or give its --code-table"
        )
    named = system or own
    system = system_named(named) if named else None
    if system is not None and version_of(system) != version:
        expected = " or ".join(of_version)
        raise InputError(f"{system!r} is no code system of version {version}: expected {expected}")
    if code_table is not None and system is None:
        raise InputError("a --code-table needs --system: say which code system it describes")
    table = read_code_table(code_table, system) if code_table is not None and system else None
    given = [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]

    def read(staging: Staging) -> None:
        staging.run(
            """CREATE TABLE table_rows(id VARCHAR, patient_id VARCHAR, text VARCHAR, codes VARCHAR[],
               split VARCHAR, file VARCHAR, file_row BIGINT)"""
        )
        for path in _tables(given, staging):
            _read_file(staging, path, columns, separator)
        staging.add_notes(staging.batches("SELECT id, patient_id, text FROM table_rows"))
        staging.places = partial(_place, staging)
        _stage_codes(staging, version, system)
        _stage_splits(staging)
        if table is not None:
            rows = [
                {"system": table.name, "code": code, "title": title}
                for titles in (table.titles, table.headings)
                for code, title in titles.items()
            ]
            staging.insert("raw_titles", [pa.RecordBatch.from_pylist(rows)])

    settings = {
        **{f"{name} column": value for name, value in columns._asdict().items() if value},
        "separator": separator,
        "system": system,
        "code table": code_table.name if code_table else None,
    }
    return assemble(
        out,
        read,
        inputs=[*given, *([code_table] if code_table else [])],
        source="table",
        version=version,
        settings=settings,
        splits=splits,
        seed=seed,
        force=force,
    )


def _tables(given: Sequence[Path], staging: Staging) -> list[Path]:
    """The tables given, and those of the folders given; what else lies in a folder is counted."""
    paths: list[Path] = []
    for path in given:
        if not path.is_dir():
            paths.append(path)
            continue
        files = sorted(file for file in path.iterdir() if file.is_file())
        found = [file for file in files if is_table(file) and not file.name.startswith((".", "~$"))]
        if not found:
            raise InputError(f"{path} holds no table ({', '.join(ENDINGS)})")
        others = [file.name for file in files if file not in found]
        staging.drop("file that is no table", len(others), "files", next(iter(others), None))
        paths += found
    return paths


def _read_file(staging: Staging, path: Path, columns: Columns, separator: str | None) -> None:
    staging.files[path.name] = path.stat().st_size if path.is_file() else 0
    wanted = {
        "id": Column(columns.id, option="--id"),
        "text": Column(columns.text, option="--text"),
        "codes": Column(columns.codes, option="--codes"),
        "patient": Column(columns.patient or "patient_id", columns.patient is not None, "--patient"),
        "split": Column(columns.split or "split", columns.split is not None, "--split"),
    }
    rows = read_rows(path, list(wanted.values()), watch=True)
    checked = (
        {
            "id": row.identifier(wanted["id"].name),
            "patient_id": row.identifier(wanted["patient"].name),
            "text": row.text(wanted["text"].name),
            "codes": row.codes(wanted["codes"].name, separator),
            "split": row.text(wanted["split"].name),
            "file": path.name,
            "file_row": row.number,
        }
        for row in rows
    )
    while some := list(islice(checked, 2_000)):
        staging.insert("table_rows", [pa.RecordBatch.from_pylist(some, _ROWS)])


def _place(staging: Staging, row: int) -> str:
    file, number = staging.rows("SELECT file, file_row FROM table_rows WHERE rowid = ?", [row])[0]
    return f"{file}, row {number}"


def _stage_codes(staging: Staging, version: str, system: str | None) -> None:
    """Fills ``raw_codes`` with what the gate lets in of the whole column."""
    staging.run(
        "CREATE TABLE written AS SELECT id, trim(unnest(codes)) AS text, rowid AS row FROM table_rows"
    )
    staging.run("DELETE FROM written WHERE text = '' OR text IS NULL")
    rows = staging.rows("SELECT text, count(*), min(row) FROM written GROUP BY 1 ORDER BY 3, 1")
    first = {text: row for text, _, row in rows}
    for text, row in first.items():
        prefix, colon, _ = text.partition(":")
        if colon and (of := known_system(prefix)) and version_of(of) != version:
            raise InputError(f"{_place(staging, row)}: the code {text[:20]!r} is not of version {version}")
    column = let_in({text: count for text, count, _ in rows}, version, system)
    for text, codes in column.ambiguous:
        keys = " or ".join(map(str, codes))
        raise InputError(
            f"{_place(staging, first[text])}: the code {text[:10]!r} may be {keys}: write it so, or give --system"
        )
    if column.repaired:
        staging.warnings.append(
            f"Zeros that a spreadsheet took away were put back: {named(column.repaired, 'read as')}."
        )
    if column.foreign:
        other = " or ".join(sorted({version_of(one.code.system) for one in column.foreign if one.code}))
        staging.drop(
            f"code that only {other} has ({named(column.foreign, 'there')})",
            sum(one.times for one in column.foreign),
            "code entries",
            _place(staging, first[column.foreign[0].written]),
        )
    # What is no code goes on as it is: the shared way counts it.
    known = [(text, code.system, code.code) for text, code in column.codes.items()]
    system = system or systems_of(version)[0]
    known += [(one.written, system, one.written) for one in column.malformed]
    if not known:
        return  # the shared way says that there are no codes
    texts, systems, plain = zip(*known, strict=True)
    staging.run("CREATE TABLE known(text VARCHAR, system VARCHAR, code VARCHAR)")
    staging.insert("known", [pa.record_batch({"text": texts, "system": systems, "code": plain})])
    staging.run("INSERT INTO raw_codes SELECT id, system, code FROM written JOIN known USING (text)")


def _stage_splits(staging: Staging) -> None:
    names = [
        row[0]
        for row in staging.rows("SELECT DISTINCT split FROM table_rows WHERE trim(split) <> '' ORDER BY 1")
    ]
    if not names:
        return
    known = name_splits(names, "the split column")
    staging.run("CREATE TABLE split_name(found VARCHAR, split VARCHAR)")
    staging.insert("split_name", [pa.record_batch({"found": names, "split": known})])
    staging.run(
        """INSERT INTO raw_splits SELECT id, split_name.split
           FROM table_rows JOIN split_name ON found = table_rows.split WHERE id IS NOT NULL"""
    )
