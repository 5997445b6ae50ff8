"""The kinds of cells: text, an id, a list of codes."""

import datetime
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from icdbridge.errors import InputError

EXACT = 2**53  # a float beyond this does not hold every whole number
ANY_SEPARATOR = r"[\s;,|]+"
_WRAPPED = re.compile(r"\[(.*)\]|\((.*)\)|\{(.*)\}", re.DOTALL)
_ITEM = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)"|([^\s,;|'"()\[\]{}]+))\s*(?:[,;|]\s*|(?=\s|['"])|$)""")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MISSING = ("none", "null", "nan")
_KINDS: tuple[tuple[Any, str], ...] = (
    (type(None), "missing"),
    (bool, "true or false"),  # before numbers, as it is one
    ((int, float, Decimal), "a number"),
    ((datetime.date, datetime.time), "a date or time"),
    ((list, tuple), "a list"),
    (dict, "an object"),
    (str, "text"),
)


class Fault(InputError):
    """One row or note that cannot be used; those around it can. ``str`` gives place and fault, ``what`` the fault."""

    def __init__(self, place: str, what: str, column: str | None = None) -> None:
        super().__init__(f"{place}, column {column}: {what}" if column else f"{place}: {what}")
        self.what = f"column {column}: {what}" if column else what


def check_text(text: object, what: str = "the text") -> str:
    """``text`` itself where it is whole text; ``InputError`` for another type and for half a character."""
    if not isinstance(text, str):
        raise InputError(f"{what} is {kind_of(text)}: expected text")
    if fault := encoding_fault(text):
        raise InputError(f"{what}: {fault}")
    return text


def encoding_fault(text: str) -> str | None:
    """Names what is not Unicode in a text: a byte that was not UTF-8 when it was read, or a lone surrogate."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        sign = ord(text[error.start])
        if 0xDC80 <= sign <= 0xDCFF:
            return not_utf8(sign - 0xDC00)
        return "half a character (a lone surrogate): write the text anew"
    return None


def not_utf8(byte: int) -> str:
    """What to say of a byte that is not UTF-8."""
    return f"the byte 0x{byte:02X} is not UTF-8 (is it Latin-1 or Windows-1252?): save the file as UTF-8"


def kind_of(value: object) -> str:
    """What a value is, in words, without showing it."""
    return next((said for kind, said in _KINDS if isinstance(value, kind)), "no text")


def as_text(value: Any) -> str | None:
    """Text as it stands; None where there is none. Raises ``ValueError`` saying what is wrong."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="surrogateescape")
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str):
        zeros = " (numbers lose zeros)" if kind_of(value) == "a number" else ""
        raise ValueError(f"expected text, found {kind_of(value)}{zeros}")
    if fault := encoding_fault(value):
        raise ValueError(fault)
    if "\0" in value:
        raise ValueError("a NUL character: the file is damaged, or was no text")
    return value


def as_identifier(value: Any) -> str | None:
    """Text without the blanks around it, or a whole number (3.0 is 3); None where there is none."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        whole = math.isfinite(value) and value == int(value)
        if not whole or (isinstance(value, float) and abs(value) >= EXACT):
            raise ValueError("expected text or a whole number")
        return str(int(value))
    if not isinstance(value, str | bytes | None):
        raise ValueError(f"expected text or a whole number, found {kind_of(value)}")
    text = (as_text(value) or "").strip()
    if _CONTROL.search(text):
        raise ValueError("a control character (a line break?) in an id")
    return text or None


def as_texts(value: Any, split: Callable[[str], list[str]]) -> list[str]:
    """A list of texts, or one text that ``split`` takes apart; empty ones are left out."""
    if isinstance(value, list | tuple):
        texts = [item for item in value if item is not None]
        if not all(isinstance(item, str) for item in texts):
            raise ValueError("expected text or a list of texts (numbers lose zeros)")
    else:
        text = as_text(value)
        texts = split(text) if text else []
    return [text for item in texts if (text := (as_text(item) or "").strip())]


def split_codes(text: str, separator: str | None = None) -> list[str]:
    """The codes in a cell, separated by ``separator`` (default: blanks, commas, semicolons or bars).

    A list as Python, JSON, numpy or PostgreSQL writes it is read too. Raises ``ValueError`` for a list of numbers.
    """
    wrapped = _WRAPPED.fullmatch(text.strip())
    if wrapped is None:
        return re.split(re.escape(separator) if separator else ANY_SEPARATOR, text)
    inner = next(group for group in wrapped.groups() if group is not None).strip()
    codes, place = [], 0
    while place < len(inner):
        item = _ITEM.match(inner, place)
        if item is None:
            raise ValueError("a list of codes that cannot be read: write ['I10', 'E11.9'], or I10; E11.9")
        bare = item[3]
        # PostgreSQL writes text without quotes, Python and JSON only numbers
        if bare and wrapped[3] is None and _NUMBER.fullmatch(bare):
            raise ValueError("a list of numbers (numbers lose zeros): write the codes as text")
        if bare is None or bare.lower() not in _MISSING:
            codes.append(next(group for group in item.groups() if group is not None))
        place = item.end()
    return codes
