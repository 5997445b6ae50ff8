"""The quadrant of a breast, told by the hours of a clock's face: "left breast, 7 o'clock" is lower inner."""

import re

_HOUR = re.compile(r"\b(1[0-2]|[1-9])(?::[0-5]\d)? ?-?o[\u2019' ]?clock\b", re.IGNORECASE)
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_BREAST = re.compile(r"\bbreasts?\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;\n]|\.(?!\d)")
_REACH = 80  # characters around an hour
# As one sees it from the front: the hours of a half are outer in one breast and inner in the other.
_HALVES = {"right": ((7, 8, 10, 11), (1, 2, 4, 5)), "left": ((1, 2, 4, 5), (7, 8, 10, 11))}
_UPPER = (1, 2, 10, 11)


def quadrant(text: str, side: str) -> str:
    """The quadrant of the breast of a side by the only hour told of it ("lower inner"), "overlapping" for one between
    two quadrants, empty where none or several are told.
    """
    told = {int(found[1]) for found in _HOUR.finditer(text) if _side(text, *found.span()) == side}
    if len(told) != 1:
        return ""
    hour = told.pop()
    half = next(
        (name for name, hours in zip(("outer", "inner"), _HALVES[side], strict=True) if hour in hours), ""
    )
    return f"{'upper' if hour in _UPPER else 'lower'} {half}" if half else "overlapping"


def _side(text: str, start: int, end: int) -> str:
    """The side of the breast that an hour is told of, by the words around it; empty where they tell none or both."""
    before = _CLAUSE.split(text[max(start - _REACH, 0) : start])[-1]
    around = f"{before} {_CLAUSE.split(text[end : end + _REACH])[0]}"
    sides = {found.lower() for found in _SIDE.findall(around)}
    return sides.pop() if len(sides) == 1 and _BREAST.search(around) else ""
