"""Checks the arguments of the Coder before anything is computed, with one line for each error."""

import operator
import os
from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from icdbridge.codes import parse_key
from icdbridge.coding.suggestion import Suggestion
from icdbridge.errors import InputError
from icdbridge.tables import check_text


def check_path(path: Any) -> Path:
    """A path as a ``Path``."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise InputError(f"a run is named by the path of its folder, not by {_kind(path)}")
    return Path(path)


def check_choice(what: str, value: Any, known: Iterable[str]) -> None:
    """One of the names ``known``."""
    if value not in tuple(known):
        raise InputError(f"unknown {what} {value!r}: expected {' or '.join(known)}")


def check_texts(texts: Any) -> list[str]:
    """Notes as a list of strings."""
    if isinstance(texts, str | bytes):
        raise InputError(f"code_many takes a list of texts, not {_kind(texts)}: use code for one note")
    if isinstance(texts, Mapping | Set) or not isinstance(texts, Iterable):
        raise InputError(f"code_many takes a list of texts, not {_kind(texts)}")
    found = list(texts)
    for number, text in enumerate(found, 1):
        where = f"text {number}" if len(found) > 1 else "the text"
        if isinstance(text, bytes):
            raise InputError(f"{where} is bytes: decode it first")
        check_text(text, where)
    return found


def check_note(text: Any) -> str:
    """One note as a string."""
    return check_texts([text])[0]


def check_suggestions(found: Any) -> list[Suggestion]:
    """Suggestions as a list."""
    if isinstance(found, str | bytes | Mapping | Set) or not isinstance(found, Iterable):
        raise InputError(f"suggestions are a list of them, as code gives, not {_kind(found)}")
    suggestions = list(found)
    for number, one in enumerate(suggestions, 1):
        if not isinstance(one, Suggestion):
            raise InputError(f"suggestion {number} is none, as code gives, but {_kind(one)}")
    return suggestions


def check_options(version: Any, top: Any, codes: Any, **switches: Any) -> None:
    """Checks that ``version`` is a name or None, ``top`` a whole number of at least 1, ``codes`` a mapping or None
    (with it no version can be chosen), and switches are true or false.
    """
    if version is not None and not isinstance(version, str):
        raise InputError(f"a version is a name such as icd10, not {_kind(version)}")
    if codes is not None and not isinstance(codes, Mapping):
        raise InputError(f"codes are a mapping of key to description, not {_kind(codes)}")
    if codes is not None and version is not None:
        raise InputError("give a version or codes of your own, not both: codes take the place of a version's")
    try:
        least = 0 if isinstance(top, bool) else operator.index(top)
    except TypeError:
        least = 0
    if least < 1:
        raise InputError(f"top is how many codes a note gets: a whole number from 1 on, not {top!r:.20}")
    for name, value in switches.items():
        if not isinstance(value, bool | np.bool_):
            raise InputError(f"{name} is true or false, not {_kind(value)}")


def check_day(day: Any) -> date | None:
    """A date from a day or time in ISO 8601."""
    try:
        if isinstance(day, str):
            return date.fromisoformat(day.strip()[:10])
    except ValueError:
        pass
    if day is not None and not isinstance(day, date):
        told = repr(day)[:40] if isinstance(day, str) else _kind(day)
        raise InputError(f"a day is written as 2025-11-02, not {told}")
    return day.date() if isinstance(day, datetime) else day


def check_codes(codes: Mapping[Any, Any]) -> dict[str, str]:
    """Candidate codes with normalised keys, each once and with a non-empty description."""
    if not codes:
        raise InputError("the set of codes to choose from is empty")
    first: dict[str, str] = {}
    known: dict[str, str] = {}
    for key, description in codes.items():
        if not isinstance(key, str):
            raise InputError(f"a code's key is text such as icd10cm:I21.4, not {_kind(key)}")
        ours = str(parse_key(key))
        other = first.setdefault(ours, key)
        if other != key:
            raise InputError(f"{other} and {key} are the same code: give it once")
        if not check_text(description, f"the description of {key}").strip():
            raise InputError(f"{key} has no description: the codes are chosen by what they mean")
        known[ours] = description
    return known


def _kind(value: Any) -> str:
    named = {str: "a string", bytes: "bytes", type(None): "None"}
    return named.get(type(value)) or f"a value of type {type(value).__name__}"
