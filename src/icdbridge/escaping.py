"""Text of notes and names where other programs read it: cells of CSV files, and what terminals and pages show."""

import re
from typing import Any

# What a terminal obeys rather than shows: control characters but tab and line end, and those that turn the order of
# the text round or are never seen (Unicode TR36); lone surrogates too, which no terminal can be sent.
_HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f"
_IN_TEXT, _IN_LINE = re.compile(f"[{_HIDDEN}]"), re.compile(f"[\t\n{_HIDDEN}]")
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def cell(value: Any) -> Any:
    """A value as the cell of a CSV file: text that a spreadsheet would run as a formula gets an apostrophe before it.

    As OWASP says of CSV injection: text that begins with ``= + - @``, their full-width forms, a tab or a line end.
    Numbers stay numbers, as text too (``-0.5``).
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def visible(text: str, *, one_line: bool = False) -> str:
    r"""The text with what a terminal would obey, or hide, written as ``\u001b``; in JSON the same string.

    Tabs and line ends stay unless it is to be ``one_line``.
    """
    return (_IN_LINE if one_line else _IN_TEXT).sub(_escaped, text)


def shown(value: Any) -> Any:
    """``visible`` for a template's values: text that is not markup made here."""
    return visible(value) if type(value) is str else value


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
