"""Rows of an Excel or OpenDocument workbook."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.tables.rows import Column, Row, match_columns
from icdbridge.tables.streams import GROWTH, SUSPECT

LARGEST = 2 * 1024**3  # bytes of a workbook when unpacked


def sheet_rows(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """The rows below the header of the one visible sheet that has the columns. Rows without content are left out.

    Raises ``InputError`` for a damaged or protected workbook, and where no sheet, or more than one, has the columns.
    """
    import python_calamine as calamine

    _check_size(path)
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            visible = [
                about.name
                for about in book.sheets_metadata
                if about.visible == calamine.SheetVisibleEnum.Visible
                and about.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            yield from _sheet(path, [book.get_sheet_by_name(name) for name in visible], columns)
    except calamine.PasswordError as error:
        raise InputError(f"{path} is protected by a password: save it without") from error
    except (calamine.CalamineError, OSError) as error:
        raise InputError(f"{path} is not a whole Excel workbook: save it again, or as .csv") from error


def _sheet(path: Path, sheets: Sequence[Any], columns: Sequence[Column]) -> Iterator[Row]:
    filled = [sheet for sheet in sheets if next(_filled(sheet), None)]
    if not filled:
        raise InputError(f"{path} is empty: expected a sheet whose first row has column names")
    fitting, faults = [], []
    for sheet in filled:
        where = f" (sheet {sheet.name})" if len(filled) > 1 else ""
        _, header = next(_filled(sheet))
        try:
            found = match_columns(path, [str(cell) for cell in header], columns, where)
            fitting.append((sheet, found))
        except InputError as error:
            faults.append(error)
    if not fitting:
        raise faults[0]
    if len(fitting) > 1:
        both = " and ".join(sheet.name for sheet, _ in fitting[:2])
        raise InputError(f"{path} has two sheets with such columns, {both}: leave one, or hide the other")
    (sheet, found), any_row = fitting[0], False
    rows = _filled(sheet)
    next(rows)
    for number, cells in rows:
        any_row = True
        yield Row(path, number, {name: cells[place] for name, place in found.items()})
    if not any_row:
        raise InputError(f"{path} has no rows below its header")


def _filled(sheet: Any) -> Iterator[tuple[int, list[object]]]:
    """Number and cells of the rows with content."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell is not None and str(cell).strip() for cell in cells):
            yield number, cells


def _check_size(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST or (size > SUSPECT and size > GROWTH * path.stat().st_size):
        raise InputError(
            f"{path} holds {size // 1024**2:,} MB when unpacked: save its table as .csv or .parquet"
        )
