"""A code system of the user's own, or another release of a known one, from a table."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from icdbridge.codes.code import SYSTEM_NAME, parse_code, version_of
from icdbridge.codes.system import CodeSystem
from icdbridge.errors import InputError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def read_code_table(path: Path, system: str) -> CodeSystem:
    """Reads a CSV, TSV or Parquet table with columns ``code``, ``description`` and, if wanted, ``synonyms``.

    Synonyms are separated by ``|`` (in Parquet they may be a list). ``system`` is a known system, whose shape
    the codes then have to have, or any other name. The release is the file's name. Raises ``InputError``
    naming file, row (in text files the header is row 1, in Parquet the first record is) and column.
    """
    path = Path(path)
    if not SYSTEM_NAME.fullmatch(system):
        raise InputError(f"{system!r} cannot name a code system: use a letter, then letters, digits, _ or -")
    titles: dict[str, str] = {}
    synonyms: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    for number, row in _rows(path):
        where = f"{path}, row {number}"
        text, description, others = (row.get(column) for column in ("code", "description", "synonyms"))
        if not isinstance(text, str):
            raise InputError(
                f"{where}, column code: expected text (a number loses leading zeros), found {text!r}"
            )
        try:
            code = parse_code(text, system).code
        except InputError as error:
            raise InputError(f"{where}, column code: {error}") from error
        if code in rows:
            raise InputError(f"{where}, column code: {code} is already in row {rows[code]}: keep one of them")
        if not isinstance(description, str) or not description.strip():
            raise InputError(f"{where}, column description: the description of {code} is empty")
        terms = others.split("|") if isinstance(others, str) else others or []
        if not all(isinstance(term, str) for term in terms):
            raise InputError(f"{where}, column synonyms: expected text or a list of texts for {code}")
        rows[code] = number
        titles[code] = " ".join(description.split())
        if terms := tuple(" ".join(term.split()) for term in terms if term.strip()):
            synonyms[code] = terms
    if not titles:
        raise InputError(f"{path} has no codes: expected at least one row below the header")
    return CodeSystem(system, version_of(system), path.name, f"{system} of {path.name}", titles, {}, synonyms)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and content of each row, after a look at the columns."""
    if not path.is_file():
        raise InputError(f"{path} is missing: expected a table of codes (.csv, .tsv or .parquet)")
    kind = path.suffix.lower()
    if kind == ".parquet":
        yield from _parquet_rows(path)
    elif kind in _DELIMITERS:
        yield from _text_rows(path, _DELIMITERS[kind])
    else:
        raise InputError(
            f"{path}: cannot read a {kind or 'nameless'} file as a table of codes: use .csv, .tsv or .parquet"
        )


def _text_rows(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            _check_columns(path, header)
            for number, cells in enumerate(reader, start=2):
                if len(cells) != len(header) and any(cells):
                    raise InputError(
                        f"{path}, row {number}: {len(cells)} cells under a header of {len(header)}"
                    )
                if cells:
                    yield number, dict(zip(header, cells, strict=True))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: broken quotes in the table") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a whole Parquet file: write it again") from error
    _check_columns(path, table.column_names)
    yield from enumerate(table.to_pylist(), start=1)


def _check_columns(path: Path, columns: list[str]) -> None:
    for column in ("code", "description"):
        if column not in columns:
            raise InputError(f"{path} has no column {column}: its columns are {', '.join(columns) or 'none'}")
