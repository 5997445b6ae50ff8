"""A table of the user's own: CSV, TSV, JSON lines or Parquet, with the names of its columns as options."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.codes import SYSTEMS, VERSIONS, Code, describe, parse_code, read_code_table, version_of
from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.csv_files import broken_gzip, match_columns, read_header
from icdbridge.corpora.splits import name_splits
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".tsv.gz", ".jsonl.gz")
ANY_SEPARATOR = r"[\s;,|]+"
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

    ``codes`` is a list, or text separated by ``separator`` (default: blanks, commas, semicolons or bars).
    Without ``system``, ICD codes may be keys (``icd9cm:428.0``) or are told apart by their form.
    ``code_table`` describes the codes of ``system``, or of a version of the user's own. Raises ``InputError``
    naming file and row.
    """
    own = version if version not in VERSIONS else None
    if own and code_table is None:
        raise InputError(
            f"unknown version {version!r}: use {' or '.join(VERSIONS)}, or give its --code-table"
        )
    system = system or own
    if system is not None and version_of(system) != version:
        expected = " or ".join(VERSIONS.get(version, (version,)))
        raise InputError(f"{system!r} is no code system of version {version}: expected {expected}")
    if code_table is not None and system is None:
        raise InputError("a --code-table needs --system: say which code system it describes")
    table = read_code_table(code_table, system) if code_table is not None and system else None
    given = [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]
    paths = _tables(files)

    def read(staging: Staging) -> None:
        staging.run(
            """CREATE TABLE table_rows(id VARCHAR, patient_id VARCHAR, text VARCHAR, codes VARCHAR[],
               split VARCHAR, file VARCHAR, file_row BIGINT)"""
        )
        for path in paths:
            _read_file(staging, path, columns, separator)
        staging.add_notes(staging.batches("SELECT id, patient_id, text FROM table_rows"))
        _stage_codes(staging, version, system)
        _stage_splits(staging)
        if table is not None:
            titles = [
                {"system": table.name, "code": code, "title": title} for code, title in table.titles.items()
            ]
            staging.insert("raw_titles", [pa.RecordBatch.from_pylist(titles)])

    settings = {
        **{f"{name} column": value for name, value in columns._asdict().items() if value},
        "separator": separator,
        "system": system,
        "code table": code_table.name if code_table else None,
    }
    return assemble(
        Path(out),
        read,
        inputs=[*given, *([code_table] if code_table else [])],
        source="table",
        version=version,
        settings=settings,
        splits=splits,
        seed=seed,
        force=force,
    )


def _tables(files: Path | str | Sequence[Path | str]) -> list[Path]:
    given = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    paths: list[Path] = []
    for path in given:
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.name.lower().endswith(ENDINGS))
            if not found:
                raise InputError(f"{path} holds no table ({', '.join(ENDINGS[:4])})")
            paths += found
        elif not path.is_file():
            raise InputError(f"{path} is missing: give a table or a folder of tables")
        elif not path.name.lower().endswith(ENDINGS):
            raise InputError(f"{path} is of no known kind: expected {', '.join(ENDINGS[:4])}")
        else:
            paths.append(path)
    return paths


def _read_file(staging: Staging, path: Path, columns: Columns, separator: str | None) -> None:
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    split = re.compile(re.escape(separator) if separator else ANY_SEPARATOR)
    if kind in ("csv", "tsv"):
        delimiter = "," if kind == "csv" else "\t"
        wanted = _present(columns, read_header(path, delimiter))
        names = {role: f'"{name}"' for role, name in wanted.items()}
        pattern = split.pattern.replace("'", "''")
        staging.read_csv(
            path,
            wanted.values(),
            "table_rows",
            f"{names['id']}, {names.get('patient', 'NULL')}, {names['text']},"
            f" regexp_split_to_array(coalesce({names['codes']}, ''), '{pattern}'),"
            f" {names.get('split', 'NULL')}, '{path.name.replace(chr(39), chr(39) * 2)}', file_row + 1",
            delimiter=delimiter,
        )
        return
    staging.files[path.name] = path.stat().st_size
    rows = json_rows(path) if kind == "jsonl" else _parquet_rows(path, columns)
    checked = (_check_row(path, number, row, columns, split) for number, row in rows)
    while some := list(islice(checked, 2_000)):
        staging.insert("table_rows", [pa.RecordBatch.from_pylist(some, _ROWS)])


def _present(columns: Columns, names: Iterable[str]) -> dict[str, str]:
    """Role -> column; those not named are taken by their usual names when the table has them."""
    lower = {name.lower() for name in names}
    usual = {"patient": "patient_id", "split": "split"}
    wanted = columns._asdict()
    for role, name in usual.items():
        if wanted[role] is None and name in lower:
            wanted[role] = name
    return {role: name for role, name in wanted.items() if name}


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of each line of a JSON lines file, gzipped or not; errors never quote a line."""
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if line.strip():
                    row = json.loads(line.decode("utf-8-sig"))
                    if not isinstance(row, dict):
                        raise InputError(f"{path}, line {number}: expected an object with the note's columns")
                    yield number, row
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, line {number}: not UTF-8: save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {number}, column {error.colno}: not valid JSON: mend the line"
        ) from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise broken_gzip(path) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error


def _parquet_rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            found = match_columns(path, names, _present(columns, names).values())
            number = 0
            for batch in file.iter_batches(batch_size=2_000, columns=[names[i] for i in found.values()]):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a whole Parquet file: write it again") from error


def _check_row(
    path: Path, number: int, row: dict[str, Any], columns: Columns, split: re.Pattern[str]
) -> dict[str, Any]:
    """A row as ``table_rows`` has it; ``InputError`` names what is missing or of the wrong kind."""
    where = f"{path}, row {number}"
    lower = {name.lower(): value for name, value in row.items()}
    cells: dict[str, Any] = {}
    for role, name in _present(columns, lower).items():
        if name.lower() not in lower:
            raise InputError(f"{where}: no column {name}: it has {', '.join(list(row)[:20])}")
        cells[role] = lower[name.lower()]
    for role in ("id", "patient", "split"):
        value = cells.get(role)
        if isinstance(value, bool | float | list | dict):
            raise InputError(
                f"{where}, column {_present(columns, lower)[role]}: expected text or a whole number"
            )
        cells[role] = None if value is None else str(value)
    if not isinstance(cells["text"], str | None):
        raise InputError(f"{where}, column {columns.text}: expected text")
    codes = cells["codes"] or []
    codes = split.split(codes) if isinstance(codes, str) else codes
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise InputError(
            f"{where}, column {columns.codes}: expected text or a list of texts (numbers lose zeros)"
        )
    return {
        "id": cells["id"],
        "patient_id": cells["patient"],
        "text": cells["text"],
        "codes": codes,
        "split": cells["split"],
        "file": path.name,
        "file_row": number,
    }


def _stage_codes(staging: Staging, version: str, system: str | None) -> None:
    """Fills ``raw_codes``, finding the system of each distinct spelling once."""
    staging.run(
        "CREATE TABLE written AS SELECT id, trim(unnest(codes)) AS text, rowid AS row FROM table_rows"
    )
    staging.run("DELETE FROM written WHERE text = '' OR text IS NULL")
    dotted = staging.number("SELECT count(*) FROM written WHERE contains(text, '.')") > 0
    found = []
    for text, row in staging.rows("SELECT text, min(row) FROM written GROUP BY 1 ORDER BY 2, 1"):
        try:
            found.append((text, *_system_of(text, version, system, dotted)))
        except InputError as error:
            file, number = staging.rows("SELECT file, file_row FROM table_rows WHERE rowid = ?", [row])[0]
            raise InputError(f"{file}, row {number}: {error}") from None
    if not found:
        return  # the shared way says that there are no codes
    texts, systems, codes = zip(*found, strict=True)
    staging.run("CREATE TABLE known(text VARCHAR, system VARCHAR, code VARCHAR)")
    staging.insert("known", [pa.record_batch({"text": texts, "system": systems, "code": codes})])
    staging.run("INSERT INTO raw_codes SELECT id, system, code FROM written JOIN known USING (text)")


def _system_of(text: str, version: str, system: str | None, dotted: bool) -> tuple[str, str]:
    """The system of a code as written, and its text without the system; ``InputError`` when it could be two.

    ``dotted``: the table writes dots. An undotted ICD-9 code of 3 digits then is a diagnosis (486, not 48.6).
    """
    systems = VERSIONS.get(version, (version,))
    prefix, colon, rest = text.partition(":")
    if colon and prefix in {*systems, *SYSTEMS}:
        if prefix not in systems:
            expected = " or ".join(systems)
            raise InputError(f"the code {text[:20]!r} is not of version {version}: expected {expected}")
        return prefix, rest
    if system is not None or len(systems) == 1:
        return system or systems[0], text
    candidates = [code for name in systems if (code := _parsed(text, name))]
    if len(candidates) < 2:
        return (candidates[0].system if candidates else systems[0]), text
    if version == "icd10" and len(candidates[1].code) < 7:
        return "icd10cm", text  # a cut-off ICD-10-PCS code of that form needs a key
    if version == "icd9" and dotted and candidates[0].code == text:
        return "icd9cm", text
    known = [code for code in candidates if describe(code).source in ("release", "category")]
    if len(known) == 1:
        return known[0].system, text
    keys = " or ".join(str(code) for code in candidates)
    raise InputError(f"the code {text[:10]!r} may be {keys}: write it so, or give --system")


def _parsed(text: str, system: str) -> Code | None:
    try:
        return parse_code(text, system)
    except InputError:
        return None


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
