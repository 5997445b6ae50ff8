"""Reads any table row by row: content decides the format; an ending that says otherwise is an error."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from icdbridge.errors import InputError
from icdbridge.progress import progress_bar
from icdbridge.tables.arrow_rows import feather_rows, parquet_rows
from icdbridge.tables.content import NO_TEXT, encoding_of, is_wide, markup_of, sign_of, zip_kind
from icdbridge.tables.delimited import delimited_rows
from icdbridge.tables.json_rows import json_rows
from icdbridge.tables.rows import Column, Row
from icdbridge.tables.sheets import sheet_rows
from icdbridge.tables.streams import first_bytes, open_lines

_KINDS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".feather": "feather",
    ".arrow": "feather",
}
_PACKINGS = {".gz": "gzip", ".zst": "zstd"}
ENDINGS = tuple(_KINDS)  # of tables; text may have .gz or .zst after it
_NAMES = {
    "delimited": "text that is no JSON",
    "json": "JSON",
    "parquet": "a Parquet table",
    "feather": "a Feather table",
    "excel": "an Excel workbook",
}


def is_table(path: Path) -> bool:
    """Whether a file is named as tables are."""
    return _ending(path)[0] in _KINDS


def read_rows(path: Path | str, columns: Sequence[Column], *, watch: bool = False) -> Iterator[Row]:
    """The rows of a table with the cells of ``columns``, of which few lie in memory at once.

    Read are CSV, TSV, semicolons, JSON lines, a JSON list of objects, Parquet, Feather, Excel and OpenDocument sheets;
    text in UTF-8, or UTF-16 and UTF-32 with their mark, plain, gzipped or by zstd. A row that cannot be used has a
    ``fault``; what spoils the whole file raises ``InputError`` with file and row. ``watch`` shows a progress bar.
    """
    path = Path(path)
    kind, packing = _look(path)
    if kind == "parquet":
        yield from parquet_rows(path, columns)
    elif kind == "feather":
        yield from feather_rows(path, columns)
    elif kind == "excel":
        yield from sheet_rows(path, columns)
    else:
        size = max(path.stat().st_size, 1)
        with progress_bar() if watch else nullcontext() as bar:
            task = bar.add_task(f"reading {path.name} (%)", total=100) if bar else None

            def tick(read: int) -> None:
                if bar is not None and task is not None:
                    bar.update(task, completed=100 * read // size)

            with open_lines(path, packing, tick) as lines:
                if kind == "json":
                    yield from json_rows(path, lines, columns)
                else:
                    yield from delimited_rows(path, lines, columns, _ending(path)[0])


def _ending(path: Path) -> tuple[str, str]:
    """The ending of a file's name, lower case, and that of its packing."""
    packed = path.suffix.lower() if path.suffix.lower() in _PACKINGS else ""
    return (Path(path.stem) if packed else path).suffix.lower(), packed


def _look(path: Path) -> tuple[str, str | None]:
    """The kind of a table and how it is packed; ``InputError`` where it is none, or is named otherwise."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: give a table")
    if not path.is_file():
        raise InputError(f"{path} is missing: expected a table")
    ending, packed = _ending(path)
    head = first_bytes(path)
    if not head:
        raise InputError(f"{path} is empty: expected a table")
    found = sign_of(head)
    packing = found if found in ("gzip", "zstd") else None
    if packing != _PACKINGS.get(packed):
        expected = _PACKINGS.get(packed)
        if expected:
            raise InputError(
                f"{path} is not a whole {expected} file: copy it again, or name it without {packed}"
            )
        right = next(ending for ending, kind in _PACKINGS.items() if kind == packing)
        raise InputError(f"{path} is packed by {packing}: name it {path.name}{right}")
    if packing:
        head = first_bytes(path, packing)
        found = sign_of(head)
    kind = _kind(path, head, found)
    if packing and kind not in ("delimited", "json"):
        raise InputError(f"{path} holds {_NAMES[kind]} packed by {packing}: unpack it first")
    expected = _KINDS.get(ending)
    if expected and kind != expected:
        raise InputError(
            f"{path} is named {ending} but holds {_NAMES[kind]}: name it as what it is, or save it as {ending}"
        )
    return kind, packing


def _kind(path: Path, head: bytes, sign: str | None) -> str:
    if sign in ("parquet", "feather"):
        return sign
    if sign in ("zip", "ole"):
        found = "excel" if sign == "ole" else zip_kind(path)
        if found != "excel":
            raise InputError(f"{path} is {found}, no table: save its table as .csv or .xlsx")
        return found
    if sign in _PACKINGS.values():
        raise InputError(f"{path} is packed twice: unpack it first")
    if sign is not None:
        raise InputError(f"{path} is {sign}, no table: expected {', '.join(ENDINGS)}")
    mark, encoding = encoding_of(head)
    if not mark and is_wide(head):
        raise InputError(f"{path} {NO_TEXT}")
    text = head[len(mark) :].decode(encoding, errors="replace").lstrip()
    if not text:
        raise InputError(f"{path} is empty: expected a table")
    by_name = _KINDS.get(_ending(path)[0])
    if text[0] in "{[" and (by_name == "json" or markup_of(text) == "JSON"):
        return "json"
    if text.startswith(("<", "{\\rtf", "MSH|")) and (markup := markup_of(text)):
        raise InputError(f"{path} holds {markup}, no table: save its table as .csv or .xlsx")
    return "delimited"
