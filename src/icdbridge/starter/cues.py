"""Cues: the wordings by which a note tells how it means what it names ("ran out of", "s/p", "has since resolved").

``cues.csv`` has a row a wording: the ``cue`` that it is one of, where it stands, and the ``wording``. It stands
``before`` a mention (the wording ends where that begins), ``behind`` it (begins where that ends), or ``within`` a text.
Upper and lower case are the same. ``(a|b c|)`` is one of several, or nothing; ``o?`` an ``o`` or none; ``taper*`` every
word that begins so. A wording begins and ends with whole words, unless ``*`` stands there. ``<30>`` stands for up to 30
characters of a clause, ``<30.>`` for such that may hold decimals, ``<2 words>`` for up to two words, ``<name>`` for the
wordings of that ``part``. All else is as in regular expressions.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from icdbridge.packed import packed_rows

REACH = 130  # characters of what stands before a mention
_CHARACTERS, _WITH_DECIMALS, _WORDS = r"[^.;\n]{0,%s}", r"(?:[^.;\n]|\.\d){0,%s}", r"(?:[\w-]+ ){0,%s}"
_SIGN = re.compile(
    r"\\.|\[[^\]]*\]"  # as in regular expressions
    r"|<(?P<number>\d+)(?P<kind>\.| words?)?>|(?<!\?P)<(?P<part>[a-z][a-z ]*)>|\((?!\?)|(?<!\\.)(?<=[A-Za-z])\*"
)
_EDGE = r"\b"  # of a word
_NEVER = r"(?!)"


class Cue(NamedTuple):
    """The wordings of a cue, by where they stand."""

    of_before: re.Pattern[str]
    of_behind: re.Pattern[str]
    of_within: re.Pattern[str]

    def before(self, text: str, place: int, reach: int = REACH) -> re.Match[str] | None:
        """The wording that ends at a character."""
        return self.of_before.search(text, max(place - reach, 0), place)

    def behind(self, text: str, place: int) -> re.Match[str] | None:
        """The wording that begins at a character."""
        return self.of_behind.match(text, place)

    def beside(self, text: str, start: int, end: int) -> bool:
        """Whether one stands right before, or right behind, characters ``start`` to ``end``."""
        return (self.before(text, start) or self.behind(text, end)) is not None

    def within(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """The first wording in a text, or between two of its characters."""
        return self.of_within.search(text, start, len(text) if end is None else end)

    def all_within(self, text: str) -> Iterator[re.Match[str]]:
        """All wordings in a text."""
        return self.of_within.finditer(text)


@cache
def cue(name: str) -> Cue:
    """The cue of a name."""
    places = _wordings()[name]
    before, behind, within = (places.get(place, []) for place in ("before", "behind", "within"))
    return Cue(
        _compiled(before, begin=True, end=False, tail=r"\Z"),
        _compiled(behind, begin=False, end=True),
        _compiled(within, begin=True, end=True),
    )


def part(name: str) -> str:
    """The wordings of a part, as one regular expression."""
    return "|".join(expression(one) for one in _wordings()[name]["part"])


@cache
def _wordings() -> dict[str, dict[str, list[str]]]:
    """The wordings of each cue, and of each part, by where they stand."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, place, wording in packed_rows(__package__, "data/cues.csv"):
        found.setdefault(name, {}).setdefault(place, []).append(wording)
    return found


def _compiled(wordings: Iterable[str], *, begin: bool, end: bool, tail: str = "") -> re.Pattern[str]:
    """Any of the wordings, each of which begins, and ends, with a whole word, unless it says otherwise."""
    parts = []
    # neighbours that begin alike together: whether a word begins is asked once for all of them
    for begins, several in groupby(wordings, lambda one: begin and one[0] != "*"):
        any_of = "|".join(_ended(one.removeprefix("*"), end) for one in several)
        parts.append(f"{_EDGE * begins}(?:{any_of}){tail}")
    return re.compile("|".join(parts) or _NEVER, re.IGNORECASE)


def _ended(wording: str, end: bool) -> str:
    ends = _EDGE if end and not wording.endswith("*") else ""
    return f"(?:{expression(wording.removesuffix('*') if end else wording)}){ends}"


def expression(wording: str) -> str:
    """A wording as a regular expression."""
    return _SIGN.sub(_read, wording)


def _read(sign: re.Match[str]) -> str:
    if sign["part"]:
        return f"(?:{part(sign['part'])})"
    if sign["number"]:
        return {None: _CHARACTERS, ".": _WITH_DECIMALS}.get(sign["kind"], _WORDS) % sign["number"]
    return {"(": "(?:", "*": r"\w*"}.get(sign[0], sign[0])
