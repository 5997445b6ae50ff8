"""The search index of a code system, opened: rows by their words, codes by how they begin, members of a family."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from icdbridge.knowledge.search.wordforms import title_number

_ENTRY = "SELECT code.id, code.code, title, billable, family, said, meant, prior, place FROM "
_MEMBERS = _ENTRY + "code WHERE "
_WHOLE = (
    _ENTRY + "in_title CROSS JOIN whole ON whole.id = in_title.rowid CROSS JOIN code ON code.id = whole.code "
    "WHERE in_title MATCH ? LIMIT ?"
)


class Found(NamedTuple):
    """A wording that was found. ``code`` numbers its code or category, ``meant`` the billable code that is assumed;
    ``axes`` is what the family of ``meant`` differs by (" side:left side:right"); ``weight`` sums those of ``roots``.
    """

    row: int
    text: str
    roots: str
    code: int
    source: str
    weight: float
    meant: int
    prior: float
    axes: str


class Entry(NamedTuple):
    """A code or category of the index; ``said`` what its title says of each axis; ``family`` -1: of none;
    ``place`` in the family, whose first code is the one that is assumed.
    """

    id: int
    code: str
    title: str
    billable: bool
    family: int
    said: Mapping[str, str]
    meant: int
    prior: float
    place: int


class Lead(NamedTuple):
    """A code of another system, or of an earlier release, that leads to one of this index."""

    system: str
    title: str
    code: int
    exact: bool


class Index:
    """One system's index. Any thread may ask; each has a connection of its own to a file on disk."""

    def __init__(self, file: Path | sqlite3.Connection):
        self._file = file
        self._own = threading.local()
        facts = dict(self._rows("SELECT name, value FROM fact"))
        self.system, self.release, self.version = facts["system"], facts["release"], facts["version"]
        self.weight = lru_cache(100_000)(self._weight)
        self.in_titles = lru_cache(100_000)(self._in_titles)
        self.entry = lru_cache(20_000)(self._entry)
        self.family = lru_cache(2_000)(self._family)

    def _connection(self) -> sqlite3.Connection:
        if isinstance(self._file, sqlite3.Connection):
            return self._file
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(f"{self._file.as_uri()}?mode=ro&immutable=1", uri=True)
        return self._own.connection

    def _rows(self, query: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        return self._connection().execute(query, values).fetchall()

    @cached_property
    def words(self) -> dict[str, float]:
        """The words of all wordings and how common each is."""
        return dict(self._rows("SELECT word, often FROM word"))

    def _weight(self, root: str) -> float | None:
        """How much a root tells; None where no wording has it."""
        found = self._rows("SELECT weight FROM root WHERE root = ?", root)
        return found[0][0] if found else None

    def _in_titles(self, root: str) -> bool:
        """Whether the title of a billable code has this root."""
        return bool(self.whole_titles([[root]], 1))

    def matching(self, groups: Sequence[Iterable[str]], limit: int) -> list[Found]:
        """The ``limit`` best rows that have one root of every group."""
        query = (
            "SELECT term.* FROM found CROSS JOIN term ON term.id = found.rowid WHERE found MATCH ? LIMIT ?"
        )
        return [Found(*row) for row in self._rows(query, _all_of(groups), limit)]

    def whole_titles(self, groups: Sequence[Iterable[str]], limit: int) -> list[Entry]:
        """``limit`` billable codes whose titles have one root of every group, those that tell least besides first."""
        return [_entry(row) for row in self._rows(_WHOLE, _all_of(groups), limit)]

    def beginning(self, plain: str, limit: int = 500) -> list[Entry]:
        """The codes and categories that begin with ``plain`` (without a dot, in capitals), sorted."""
        query = _MEMBERS + "plain >= ? AND plain < ? ORDER BY plain LIMIT ?"
        return [_entry(row) for row in self._rows(query, plain, plain + "\uffff", limit)]

    def titled(self, title: str) -> list[Entry]:
        """The codes and categories of just this title, whatever its case and punctuation."""
        return [_entry(row) for row in self._rows(_MEMBERS + "titled = ?", title_number(title))]

    def _family(self, number: int) -> dict[frozenset[tuple[str, str]], Entry]:
        """The codes of a family by what they say of the axes, the one that is assumed first."""
        rows = self._rows(_MEMBERS + "family = ? ORDER BY place", number)
        return {frozenset(one.said.items()): one for one in map(_entry, rows)}

    def _entry(self, number: int) -> Entry:
        return _entry(self._rows(_MEMBERS + "id = ?", number)[0])

    def leading(self, plain: str) -> list[Lead]:
        """Where a code of another system or of an earlier release leads, exact equivalents first."""
        query = "SELECT system, title, code, exact FROM leading WHERE plain = ? ORDER BY exact DESC"
        return [Lead(*row) for row in self._rows(query, plain)]


def _all_of(groups: Sequence[Iterable[str]]) -> str:
    return " AND ".join("(" + " OR ".join(f'"{root}"' for root in group) + ")" for group in groups)


def _entry(row: tuple) -> Entry:  # type: ignore[type-arg]
    number, code, title, billable, family, said, meant, prior, place = row
    return Entry(number, code, title, bool(billable), family, _axes(said), meant, prior, place)


_axes: Callable[[str], Mapping[str, str]] = lru_cache(20_000)(
    json.loads
)  # most titles say the same few things
