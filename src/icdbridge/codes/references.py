"""The codes that a note of the tabular list refers to: ``(C51-C52, C60.-)``, ``(I69.- with final characters -91)``,
``code from category F17``.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

_TOKEN = r"([A-Z][0-9A-Z][0-9A-Z](?:\.[0-9A-Z]{0,4})?\.?)-?\.?"
_REFERENCE = re.compile(rf"(?<![0-9A-Z.]){_TOKEN}(?:\s*(?:-{{1,2}}|to)\s*{_TOKEN})?(?![0-9A-Z])")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
# What tells a code in the text from a vitamin: its dot, or that it is called a category.
_OUTSIDE = re.compile(
    r"\b[A-Z][0-9][0-9A-Z]\.|\bfrom [A-Z][0-9]|\bcategor(?:y|ies)\b|\bclassifi(?:ed|able)\b"
)
_PLACES = {"fifth": 5, "5th": 5, "sixth": 6, "six": 6, "6th": 6, "seventh": 7, "7th": 7}
_NUMBERED = re.compile(
    r"with (?P<place>fifth|5th|sixth|6th|seventh|7th)[ -](?:(?P<other>or six(?:th)?|to sixth) )?characters? "
    r"\.?(?P<value>[0-9A-Z]+(?:-[0-9]+)?)"
)
_DECIMAL = re.compile(r"with \.(?P<low>[0-9A-Z]+)-?(?:\.(?P<high>[0-9A-Z]+))?")
_FINAL = re.compile(r"with final characters? -?(?P<value>[0-9A-Z]+)")

Test = Callable[[str], bool]


class Reference(NamedTuple):
    """A code with all that begin so, or a range, of undotted codes; ``further`` is what their characters must be."""

    low: str
    high: str
    further: Test | None = None

    def includes(self, plain: str) -> bool:
        """Whether an undotted code is meant."""
        return (
            self.low <= plain
            and plain[: len(self.high)] <= self.high
            and (self.further is None or self.further(plain))
        )


@lru_cache(maxsize=20_000)
def references(note: str) -> tuple[Reference, ...]:
    """The codes in the brackets of a note or, where these have none, in its text; none where it names none, or where
    what it says of them cannot be told from a code ("with open fracture 7th character").
    """
    outside = _OUTSIDE.search(note) and not note.rstrip().endswith(":")
    return _named_in(_BRACKETS.findall(note)) or (_named_in([note]) if outside else ())


def _named_in(parts: Iterable[str]) -> tuple[Reference, ...]:
    found = []
    for inside in parts:
        matches = list(_REFERENCE.finditer(inside))
        if not matches:
            continue
        rest = _REFERENCE.sub("", inside)
        further = _further(rest)
        if further is None and "character" in rest and "indicate intent" not in rest:
            continue
        for match in matches:
            low = match[1].replace(".", "")
            found.append(Reference(low, (match[2] or match[1]).replace(".", ""), further))
    return tuple(found)


def _further(text: str) -> Test | None:
    if match := _NUMBERED.search(text):
        low, _, high = match["value"].partition("-")
        place = _PLACES[match["place"]]
        if (match["other"] or "").startswith("to"):
            return lambda plain: plain[place - 1 : place - 1 + len(low)] == low
        either = bool(match["other"])

        def numbered(plain: str) -> bool:
            # of "fifth or sixth" the intent is the sixth, or the fifth where the sixth is a placeholder
            at = 6 if either and plain[5:6] not in ("", "X") else place
            return low <= plain[at - 1 : at] <= (high or low)

        return numbered
    if match := _DECIMAL.search(text):
        low, high = match["low"], match["high"] or match["low"]
        return lambda plain: low <= plain[3 : 3 + len(low)] and plain[3 : 3 + len(high)] <= high
    if match := _FINAL.search(text):
        return lambda plain: plain.rstrip("X").endswith(match["value"])
    return None
