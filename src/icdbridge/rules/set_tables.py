"""Sets of codes from a table: one row a code, or several codes in a cell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.rules.code_set import Given
from icdbridge.rules.findings import encounter
from icdbridge.tables import Column, Row, read_rows

FACTS = ("date", "sex", "age", "setting")
_COLUMNS = [
    Column("code"),
    *(Column(name, needed=False) for name in ("encounter", "order", "poa", "certainty", *FACTS)),
]
_AGE = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)?) ?(?P<unit>d|days?|w|weeks?|m|months?|y|years?)?", re.IGNORECASE
)
_GIVEN = frozenset({"female", "male", "f", "m", "unknown", "other", "u", "x", ""})
_A_YEAR = {"d": 365.25, "w": 52.18, "m": 12, "y": 1}


@dataclass
class TableSet:
    """The codes of one encounter, in their order, and what the table says of it."""

    name: str
    codes: list[Given] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def read_sets(path: Path | str) -> Iterator[TableSet]:
    """The sets of a table, one an ``encounter`` (without that column the table is one set).

    Columns: ``code`` and, if wanted, ``encounter``, ``order`` (1 is the principal diagnosis), ``poa``, ``certainty``,
    ``date``, ``sex``, ``age`` (years, or ``3 d``, ``5 months``), ``setting``. Raises ``InputError`` naming row and
    column, and where rows of one encounter disagree.
    """
    found: dict[str, TableSet] = {}
    ordered: dict[str, list[tuple[float, Given]]] = {}
    for row in read_rows(path, _COLUMNS):
        name = row.identifier("encounter") or ""
        one = found.setdefault(name, TableSet(name))
        _add_facts(one, row)
        place = _number(row, "order")
        for text in row.codes("code"):
            given = Given(text, row.identifier("poa"), row.text("certainty"))
            ordered.setdefault(name, []).append((place, given))
    for name, one in found.items():
        one.codes = [given for _, given in sorted(ordered.get(name, []), key=lambda pair: pair[0])]
        yield one


def years(text: str) -> float:
    """An age in years; ``InputError`` where it is none."""
    match = _AGE.fullmatch(text.strip())
    if not match:
        raise InputError(f"{text!r} is no age: give years, or such as 3 d, 5 months")
    return float(match["number"]) / _A_YEAR[(match["unit"] or "y")[0].lower()]


def sex_given(text: str) -> str:
    """A sex as a person types it; ``InputError`` where it is none, so that a slip does not leave the rule out."""
    if text.strip().lower() not in _GIVEN:
        raise InputError(f"{text!r} is no sex: give female, male or unknown")
    return text


def _add_facts(one: TableSet, row: Row) -> None:
    for name in FACTS:
        cell = row.cells.get(name)
        text = str(cell.date() if hasattr(cell, "date") else cell) if cell is not None else ""
        if not text.strip():
            continue
        try:
            value: Any = years(text) if name == "age" else text.strip().lower()
            encounter(**{"day" if name == "date" else name: value})
        except InputError as error:
            raise row.refusal(str(error), name) from None
        if one.facts.setdefault(name, value) != value:
            raise row.refusal(f"another row of this encounter has another {name}", name)


def _number(row: Row, column: str) -> float:
    text = row.identifier(column)
    try:
        return float(text) if text else float("inf")
    except ValueError:
        raise row.refusal("the order is no number", column) from None
