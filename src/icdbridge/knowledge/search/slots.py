"""What titles of one family differ by: side, encounter, trimester and the like, said in fixed words.

Codes whose titles are the same but for these words are one family. A query needs to find the family only; which of its
codes is meant follows from the side and so on that the query gives, and from what is assumed where it gives none.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from icdbridge.knowledge.packed_tables import DATA
from icdbridge.knowledge.search.wordforms import EMPTY, phrases, root, words

# titles, cues, what is assumed and what a query says, by axis
_TABLES: dict[str, dict[str, Any]] = tomllib.loads((DATA / "search_axes.toml").read_text("utf-8"))
_KEPT = {"count": "coronary artery"}  # words of an axis that stay in the name of the family
_OPEN_TYPE = {"i or ii": "open I or II", "iiia, iiib, or iiic": "open III", "iiia, iiib or iiic": "open III"}
_PATTERNS = {
    axis: tuple(
        (re.compile(rf"(?<![\w-]){pattern}(?!\w)", re.IGNORECASE), value)
        for pattern, value in table["titles"]
    )
    for axis, table in _TABLES.items()
}
# Parts of words of which a title has one if it says anything of the axis: quicker to look for than the patterns.
_CUES = tuple((cue, axis) for axis, table in _TABLES.items() for cue in table["cues"])
AXES = tuple(_TABLES)
_UNSAID = frozenset({"unspecified", "of", "the", "a", "and", "for", "in", "to"})
_PAIRED = frozenset({"eye", "eyes", "ear", "ears"})
# What is assumed where a query says nothing: the better value first; others are equal behind these.
ASSUMED: dict[str, tuple[str, ...]] = {axis: tuple(table["assumed"]) for axis, table in _TABLES.items()}


def take(title: str) -> tuple[dict[str, str], str]:
    """What a title says of each axis, and the title without it."""
    said: dict[str, str] = {}
    for axis in _cued(title):
        if first := _first(axis, title):
            value, found = first
            if "fracture type" in found.re.pattern:
                value = _OPEN_TYPE.get(found[0].lower().partition(" type ")[2], "open")
            elif found.lastindex:
                value = value.format(found[1].lower())
            if value:
                said[axis] = value
            title = found.re.sub(f" {_KEPT.get(axis, '')} ", title)
    return said, title


def _cued(title: str) -> list[str]:
    """The axes of which a title may say something, in their order."""
    lower = title.lower()
    return list(dict.fromkeys(axis for cue, axis in _CUES if cue in lower))


def _first(axis: str, title: str) -> tuple[str, re.Match[str]] | None:
    """The value of the first pattern of an axis that fits, as in ``_PATTERNS``, and where it fits."""
    for pattern, value in _PATTERNS[axis]:
        if found := pattern.search(title):
            return value, found
    return None


def skeleton(rest: str, said: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a title without its axes, by which codes of one family are known.

    Titles say "right eye" and "bilateral": the organ goes without saying where there is a side.
    """
    unsaid = _UNSAID | _PAIRED if "side" in said or "unspecified" in words(rest) else _UNSAID
    return tuple(sorted({root(word) for word in words(rest) if word not in unsaid}))


# What is meant where nobody says it, and what a word of it tells; what an empty word tells, where others tell 1.
_TACIT = {("encounter", "initial"), ("fracture", "closed"), ("healing", "routine")}
_TELLS_TACIT, _TELLS_EMPTY = 0.1, 0.5


def telling(title: str) -> tuple[tuple[str, float], ...]:
    """The words of a title as roots, in order, each with how much it tells: hardly anything where tacitly meant."""
    tacit: Counter[str] = Counter()
    rest = title
    for axis in _cued(title):
        if first := _first(axis, rest):
            value, found = first
            if not value or (axis, value) in _TACIT:
                tacit.update(words(found[0]))
            rest = found.re.sub(" ", rest)
    told = []
    for word in reversed(words(title)):  # encounter and healing are said last
        weight = _TELLS_TACIT if tacit[word] > 0 else _TELLS_EMPTY if word in EMPTY else 1.0
        tacit[word] -= 1
        told.append((root(word), weight))
    return tuple(reversed(told))


def distance(said: Mapping[str, str]) -> tuple[int, ...]:
    """How far a code of a family is from what is assumed where nothing is said; the lowest first."""
    return tuple(
        assumed.index(value) if (value := said.get(axis, "")) in assumed else len(assumed)
        for axis, assumed in ASSUMED.items()
    )


# What a query says of an axis: words or phrases.
_SAID: dict[str, dict[str, str]] = {
    axis: {phrase: value for value, phrases in _TABLES[axis]["said"].items() for phrase in phrases}
    for axis in ("side", *AXES)  # of words of two axes the later one counts
}
SAYING = frozenset(word for phrases in _SAID.values() for phrase in phrases for word in phrase.split())
_LONGEST = 7


def said_in(query: Sequence[str]) -> list[tuple[str, str, range]]:
    """What the words of a query say of each axis: axis, value, the places of its words."""
    found: list[tuple[str, str, range]] = []
    for axis, values in _SAID.items():
        for written, place, value in phrases(query, _LONGEST, values.get):
            if value and not (axis == "side" and _not_a_side(query, place)):
                found.append((axis, value, range(place, place + len(written))))
    return found


def _not_a_side(query: Sequence[str], place: int) -> bool:
    following = query[place + 1][:5] if place + 1 < len(query) else ""
    return following in ("heart", "ventr", "atriu", "atria", "bundl", "main")
