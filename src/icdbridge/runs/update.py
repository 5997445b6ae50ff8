"""The file of ``icdbridge update-codes`` in a run folder: the day whose release it codes by, and successors."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from icdbridge.codes import parse_key
from icdbridge.codes.listing import code_in
from icdbridge.errors import InputError
from icdbridge.files import read_json, write_json
from icdbridge.schema import Name, Strict, checked
from icdbridge.tables import Column, read_rows

UPDATE = "update.json"


class Update(NamedTuple):
    """``day``: its release holds where a note has no date. ``successors`` of a code (key), the likeliest first."""

    day: date | None = None
    successors: Mapping[str, tuple[str, ...]] = {}


class _Stored(Strict):
    as_of: Name
    successors: dict[Name, list[Name]]


def read_update(run: Path) -> Update:
    """What a run folder has of it; ``InputError`` for a file that ``write_update`` would not have written."""
    path = run / UPDATE
    if not path.exists():
        return Update()
    stored = checked(read_json(path), _Stored, path, "make it again by icdbridge update-codes")
    try:
        day = date.fromisoformat(stored.as_of)
        found = {
            str(parse_key(key)): tuple(str(parse_key(one)) for one in several)
            for key, several in stored.successors.items()
        }
    except (ValueError, InputError) as error:
        raise InputError(f"{path}: {error}: make it again by icdbridge update-codes") from error
    return Update(day, found)


def write_update(run: Path, update: Update) -> None:
    """Writes it into a run folder, in place of an earlier one."""
    if update.day is None:
        raise InputError("the day whose release is coded by is missing")
    several = {key: list(found) for key, found in update.successors.items()}
    write_json(run / UPDATE, _Stored(as_of=str(update.day), successors=several).model_dump())


def read_conversions(path: Path, system: str) -> dict[str, tuple[str, ...]]:
    """Reads a conversion table as agencies publish it: the columns ``code`` and ``previous``, the code that it
    replaced.

    Returns each code with its successors, in the order of the rows. Raises ``InputError`` with row and column.
    """
    found: dict[str, list[str]] = {}
    for row in read_rows(path, [Column("code"), Column("previous")]):
        code, previous = (str(code_in(row, column, system)) for column in ("code", "previous"))
        if code != previous:
            found.setdefault(previous, []).append(code)
    return {key: tuple(dict.fromkeys(several)) for key, several in found.items()}
