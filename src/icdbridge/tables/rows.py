"""A row of a table with its place, and how its columns are found."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from icdbridge.errors import InputError
from icdbridge.tables.cells import Fault, as_identifier, as_text, as_texts, split_codes

T = TypeVar("T")
_LONGEST_NAME = 40  # characters; a table without a header must not show its first note as a column name


class Column(NamedTuple):
    """A column to be read; ``option`` is that of the command which names another."""

    name: str
    needed: bool = True
    option: str | None = None


@dataclass(frozen=True)
class Row:
    """A row; ``cells`` by the names of the columns asked for. ``fault`` is why it cannot be used, if so.

    Rows count from 1 as people count them: in text and sheets with the header and with empty rows, in JSON lines
    by lines, in a JSON list, Parquet and Feather by records. All methods raise ``Fault``.
    """

    path: Path
    number: int
    cells: Mapping[str, Any]
    fault: str | None = None

    @property
    def place(self) -> str:
        return f"{self.path}, row {self.number}"

    def refusal(self, what: str, column: str | None = None) -> Fault:
        """What to raise for a row that cannot be used."""
        return Fault(self.place, what, column)

    def text(self, column: str) -> str | None:
        """The text of a cell as it stands; None where the cell is empty."""
        return self._read(column, as_text)

    def identifier(self, column: str) -> str | None:
        """An id: text without blanks around it, or a whole number; None where the cell is empty."""
        return self._read(column, as_identifier)

    def texts(self, column: str, separator: str) -> list[str]:
        """A list of texts, or one text with separators."""
        return self._read(column, lambda cell: as_texts(cell, lambda text: text.split(separator)))

    def codes(self, column: str, separator: str | None = None) -> list[str]:
        """The codes of a cell as they are written (``split_codes``)."""
        return self._read(column, lambda cell: as_texts(cell, lambda text: split_codes(text, separator)))

    def _read(self, column: str, read: Callable[[Any], T]) -> T:
        if self.fault is not None:
            raise self.refusal(self.fault)
        try:
            return read(self.cells.get(column))
        except ValueError as error:
            raise self.refusal(str(error), column) from None


def match_columns(
    path: Path, header: Sequence[str], wanted: Iterable[Column], where: str = ""
) -> dict[str, int]:
    """Name asked for -> place in the header. Case, blanks, hyphens and underscores do not count.

    Raises ``InputError`` for a name that the header has twice, for two that fit one column asked for, and for a needed
    column that is not there.
    """
    named = [name for name in header if name.strip()]
    if len(set(named)) < len(named):
        twice = next(name for name in named if named.count(name) > 1)
        raise InputError(f"{path}{where} has two columns named {_shown(twice)}: rename one")
    places: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        places.setdefault(plain_name(name), []).append(place)
    found: dict[str, int] = {}
    for column in wanted:
        fitting = places.get(plain_name(column.name), [])
        if len(fitting) > 1:
            both = " and ".join(_shown(header[place]) for place in fitting[:2])
            raise InputError(f"{path}{where} has two columns for {column.name}: {both}: rename one")
        if fitting:
            found[column.name] = fitting[0]
        elif column.needed:
            advice = f"; name another by {column.option}" if column.option else ""
            has = ", ".join(map(_shown, named[:20])) or "none"
            raise InputError(f"{path}{where} has no column {column.name}: it has {has}{advice}")
    return found


def plain_name(name: str) -> str:
    """A column's name without what does not count."""
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name)).casefold()


def _shown(name: str) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= _LONGEST_NAME and plain.isprintable() else f"({len(name)} characters)"
