"""Excludes1: pairs of codes that cannot both be right for one condition."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, finding
from icdbridge.rules.tabular_notes import Line, Note, lineage, notes, title_of

_COMBINED = re.compile(
    r"\b(?:(?<!classified )in|due to|associated with|complicating|following|during)\b", re.IGNORECASE
)
_OF_SKIN = ("C43", "C44", "D03", "D04", "D22", "D23")
_ASKED = re.compile(r"\b[A-Z][0-9][0-9A-Z.]*-? with ([a-z]+)$")


def check_excludes(codes: CodeSet) -> Iterator[Finding]:
    """Finds pairs of codes where an Excludes1 note at or above one names the other. Excludes2 is no fault."""
    for code, other in combinations(codes.diagnoses, 2):
        if found := excludes1(code, other):
            yield found


def excludes1(one: str, two: str) -> Finding | None:
    """The Excludes1 finding for two ICD-10-CM codes (dotted), from the notes at and above them; None: nothing. It is an
    ``error``, or a ``warning`` if the note is about one condition in the other.
    """
    return _found(one, two) if _concerns(one, two[:3]) or _concerns(two, one[:3]) else None


def _concerns(code: str, category: str) -> bool:
    """Whether an Excludes1 note at or above a code may name codes of a category: most pairs end here."""
    return any(low <= category <= high for low, high in _named(code))


@lru_cache(maxsize=50_000)
def _named(code: str) -> tuple[tuple[str, str], ...]:
    """The ranges of categories that the Excludes1 notes at and above a code name."""
    several = (one for note in notes(code, "excludes1") for line in note.lines for one in line.references)
    return tuple(dict.fromkeys((one.low[:3], one.high[:3]) for one in several))


@lru_cache(maxsize=200_000)
def _found(one: str, two: str) -> Finding | None:
    if _of_other_skin(one, two):
        return None
    for code, other in ((one, two), (two, one)):
        if named := _excluding(code, other, other.replace(".", "")):
            note, line = named
            combined = _is_combined(line.text, other)
            above = "" if note.place == code else f", at {note.place}"
            kind = "excluded if due" if combined else "excluded"
            return finding(kind, code, other, other=other, above=above, line=line.text, place=note.place)
    return None


def _of_other_skin(one: str, other: str) -> bool:
    """Whether two tumours of the skin are at different sites and so unrelated: the 4th character is the site."""
    return one.startswith(_OF_SKIN) and other.startswith(_OF_SKIN) and one[3:5] != other[3:5]


@lru_cache(maxsize=50_000)
def _is_combined(line: str, other: str) -> bool:
    """Whether a line is about one condition in another ("coma in diabetes (E08-E13)"), and a code says only the other:
    such a code is excluded only where the condition is due to it.
    """
    said = _COMBINED.search(line.partition("(")[0])
    return said is not None and not any(_COMBINED.search(title_of(place)) for place in (other, other[:3]))


def _said_so(line: str, other: str) -> bool:
    """Whether a code says what a line asks of the codes that it names ("E11, E13 with ketoacidosis")."""
    asked = _ASKED.search(line)
    return asked is None or asked[1] in title_of(other).lower()


def _excluding(code: str, other: str, plain: str) -> tuple[Note, Line] | None:
    """The note and line by which a code excludes another, the plainest first; never from a note above the other."""
    found = [
        (note, line)
        for note in notes(code, "excludes1")
        if note.place not in lineage(other)
        for line in note.lines
        if line.includes(plain) and _said_so(line.text, other)
    ]
    return min(found, key=lambda pair: _is_combined(pair[1].text, other), default=None)
