"""Rows of JSON: an object a line, or one list of objects."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from icdbridge.errors import InputError
from icdbridge.tables.cells import encoding_fault
from icdbridge.tables.rows import Column, Row, match_columns
from icdbridge.tables.streams import Unreadable

LARGEST = 128 * 1024 * 1024  # characters of a JSON list, which is read as a whole


def json_rows(path: Path, lines: Iterator[str], columns: Sequence[Column]) -> Iterator[Row]:
    """The objects of a file; what is no object, or lacks a needed column, has a fault.

    Raises ``InputError`` for a list that is not valid JSON or too large, a single object, NUL characters, and no row.
    """
    places: dict[tuple[str, ...], dict[str, str]] = {}
    any_row = False
    for number, value in _values(path, lines):
        any_row = True
        if isinstance(value, _Bad):
            yield Row(path, number, {}, value.what)
            continue
        names = tuple(value)
        try:
            if names not in places:
                found = match_columns(path, names, columns)
                places[names] = {name: names[place] for name, place in found.items()}
        except InputError as error:
            yield Row(path, number, {}, str(error).removeprefix(f"{path} has ").removeprefix(f"{path} "))
            continue
        yield Row(path, number, {name: value[key] for name, key in places[names].items()})
    if not any_row:
        raise InputError(f"{path} is empty: expected an object a line, or a list of objects")


class _Twice(ValueError):
    """An object whose cells cannot be told apart."""


class _Bad(NamedTuple):
    """A line or an element that is no row."""

    what: str


def _values(path: Path, lines: Iterator[str]) -> Iterator[tuple[int, Any]]:
    number = 0
    started = enumerate(lines, start=1)
    try:
        for number, line in started:
            if not line.strip():
                continue
            if line.lstrip().startswith("["):
                yield from _list(path, line, number, (text for _, text in started))
                return
            value = _line(line)
            if isinstance(value, _Bad) and number == 1 and line.strip() == "{":
                raise InputError(
                    f"{path} is one JSON object over many lines: expected one a line, or a list of them"
                )
            yield number, value
            break
        for number, line in started:
            if line.strip():
                yield number, _line(line)
    except Unreadable as error:
        raise InputError(f"{path}, row {number + 1}: {error}") from None


def _line(line: str) -> Any:
    if fault := encoding_fault(line):
        return _Bad(fault)
    try:
        value = _loads(line)
    except json.JSONDecodeError as error:
        return _Bad(f"not valid JSON (column {error.colno}): mend the line")
    except (ValueError, RecursionError) as error:
        return _Bad(f"not valid JSON ({_reason(error)}): mend the line")
    return value if isinstance(value, dict) else _Bad("not a JSON object with the columns as names")


def _list(path: Path, first: str, number: int, rest: Iterator[str]) -> Iterator[tuple[int, Any]]:
    kept, size = [first], len(first)
    for line in rest:
        kept.append(line)
        size += len(line)
        if size > LARGEST:
            raise InputError(f"{path} is too large for one JSON list: save it as JSON lines (.jsonl)")
    text = "".join(kept)
    if fault := encoding_fault(text):
        row = number + next(i for i, line in enumerate(kept) if encoding_fault(line))
        raise InputError(f"{path}, row {row}: {fault}")
    try:
        values = _loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno + number - 1}, column {error.colno}"
        raise InputError(
            f"{path} is not a valid JSON list ({where}): the file is damaged, or cut off"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a valid JSON list ({_reason(error)})") from None
    for place, value in enumerate(values, start=1):
        yield place, value if isinstance(value, dict) else _Bad("not a JSON object with the columns as names")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error) if isinstance(error, _Twice) else "a number is too long"


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice("a name stands twice in an object")
    return made
