"""Rows of text with separators: CSV, TSV and semicolons."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.tables.cells import encoding_fault
from icdbridge.tables.rows import Column, Row, match_columns, plain_name
from icdbridge.tables.streams import LONGEST_LINE, Unreadable

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}
_HEADER_LINES = 20  # a header may hold line breaks
_SAID = re.compile(r"sep=([,;\t])", re.IGNORECASE)  # Excel's first line, where it writes one
_QUOTE = "a quote is opened and never closed, or a quote inside a cell is not written twice: mend the row"


def delimited_rows(path: Path, lines: Iterator[str], columns: Sequence[Column], ending: str) -> Iterator[Row]:
    """The rows below the header; a row of another width, or not in UTF-8, has a fault.

    ``ending`` is that of the file's name, as far as known: ``.csv`` (commas or semicolons) or ``.tsv``. Raises
    ``InputError`` for a quote that is never closed, naming the row where it opens, NUL characters, and no row.
    """
    csv.field_size_limit(LONGEST_LINE)
    number, found, any_row = 0, None, False
    try:
        head = _head(lines)
        told = _SAID.fullmatch(head[0].strip()) if head else None
        separator = told[1] if told else _separator(path, head, columns, ending)
        rows: Any = csv.reader(chain(head, lines), delimiter=separator, strict=True)
        for number, cells in enumerate(rows, start=1):
            if told and number == 1:
                continue
            if not any(cell.strip() for cell in cells):
                continue
            fault = next((fault for cell in cells if (fault := encoding_fault(cell))), None)
            if found is None:
                if fault:
                    raise InputError(f"{path}, row {number}: {fault}")
                found, width = match_columns(path, cells, columns), len(cells)
                continue
            any_row = True
            if fault is None and len(cells) != width:
                fault = f"{len(cells)} cells under a header of {width}: mend or delete the row"
            if fault:
                yield Row(path, number, {}, fault)
            else:
                yield Row(path, number, {name: cells[place] for name, place in found.items()})
    except csv.Error as error:
        large = f"a cell of more than {LONGEST_LINE // 1024**2} million characters; or "
        large = large if "limit" in str(error) else ""
        raise InputError(f"{path}, row {number + 1}: {large}{_QUOTE}") from None
    except Unreadable as error:
        raise InputError(f"{path}, row {number + 1}: {error}") from None
    if found is None:
        raise InputError(f"{path} is empty: expected a first row with column names")
    if not any_row:
        raise InputError(f"{path} has no rows below its header")


def _head(lines: Iterator[str]) -> list[str]:
    """The lines of the first row that is not blank."""
    head: list[str] = []
    for line in islice(lines, _HEADER_LINES):
        head.append(line)
        if any(line.strip(" \t\r\n,;") for line in head) and sum(line.count('"') for line in head) % 2 == 0:
            break
    return head


def has_header(text: str, columns: Sequence[Column]) -> bool:
    """Whether a text is a table that is not named as one: it begins with a row of the needed columns, two at least."""
    head = text.lstrip().splitlines()[:1]
    needed = {plain_name(column.name) for column in columns if column.needed}
    return len(needed) > 1 and any(needed <= _names(head, separator) for separator in SEPARATORS)


def _separator(path: Path, head: list[str], columns: Sequence[Column], ending: str) -> str:
    """What separates the cells: that by which the header has the needed columns."""
    usual = {".csv": ",", ".tsv": "\t"}.get(ending)
    needed = {plain_name(column.name) for column in columns if column.needed}
    fitting = [separator for separator in SEPARATORS if needed <= _names(head, separator)]
    if usual in fitting:
        return usual
    if not fitting:  # what is missing is told with the likeliest
        return max(SEPARATORS, key=lambda separator: (len(_names(head, separator)), separator == usual))
    found = fitting[0]
    if usual and "\t" in (usual, found):
        right = ".tsv" if found == "\t" else ".csv"
        raise InputError(
            f"{path} is named {ending} but its cells are separated by {SEPARATORS[found]}: name it {right}"
        )
    return found


def _names(head: list[str], separator: str) -> set[str]:
    try:
        rows: Any = csv.reader(head, delimiter=separator)
        return {plain_name(name) for name in next((row for row in rows if any(row)), [])}
    except csv.Error:
        return set()
