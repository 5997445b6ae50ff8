"""A query in, codes out: readings matched in every system, one line a family, with why each was found."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from icdbridge.codes.code import Code
from icdbridge.codes.packages import SYSTEMS
from icdbridge.codes.system import CodeSystem
from icdbridge.errors import InputError
from icdbridge.knowledge.search.choices import Choice, choices
from icdbridge.knowledge.search.lookup import by_code
from icdbridge.knowledge.search.match_ranking import Match, matches, resolved, siblings
from icdbridge.knowledge.search.opening import own_index, speller, system_index
from icdbridge.knowledge.search.query import Reading, readings
from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.wordforms import words

_SYSTEM = {
    "icd10pcs": -0.6,
    "icd9cm": -1.5,
    "icd9proc": -2.0,
}  # what another than ICD-10-CM has to be better by
_FOLDED = 1.2  # what the other codes of a family have to be better by than another family
# Words of a query that reads as a title: then the other codes of so many families are lines too.
_TITLE, _UNFOLDED = 4, 3
_SPARE = 15  # lines more than asked for, since some lose by being of a family that is there
_LOOKED_AT = 60  # matches of a reading that are resolved


class Hit(NamedTuple):
    """A code found. ``matched_on``: ``code``, ``title``, ``term`` (another wording), ``abbreviation`` or ``spelling``;
    ``term``: the wording that matched; ``why``: what was taken for what, "" where the words say it themselves.
    ``specify``: what its family differs by, with the code of each choice.
    """

    code: Code
    title: str
    release: str
    matched_on: str
    term: str
    billable: bool
    why: str
    specify: tuple[Choice, ...]


class Results(NamedTuple):
    """``searched``: what was searched for where it is not what was typed; ``suggestions``: what may have been meant."""

    hits: list[Hit]
    searched: str
    suggestions: list[str]


class _Line(NamedTuple):
    score: float
    source: Index
    entry: Entry
    matched_on: str
    term: str
    why: str
    match: Match | None


def search(
    query: str, systems: Sequence[str] | None = None, limit: int = 20, tables: Sequence[CodeSystem] = ()
) -> list[Hit]:
    """The hits of ``find``."""
    return find(query, systems, limit, tables).hits


def find(
    query: str, systems: Sequence[str] | None = None, limit: int = 20, tables: Sequence[CodeSystem] = ()
) -> Results:
    """The best ``limit`` codes for ``query``, best first, each once; the last word may be incomplete.

    Looks through the newest release of ``systems`` and through ``tables``. Without ``systems`` ICD-10 comes first and
    ICD-9 where nothing else is found. Of codes that differ by side, encounter and the like the one comes first that
    the query says, or that is assumed; the others are its ``specify``. Raises ``InputError`` for a query without words
    or an unknown system.
    """
    if not words(query):
        raise InputError("nothing to search for: give words of a title, or the beginning of a code")
    names = SYSTEMS if systems is None else systems
    indexes = [*map(own_index, tables), *map(system_index, sorted(names, key=_order))]
    lines, rest = _by_code(query, indexes)
    lines += [_titled(index, entry) for index in indexes for entry in index.titled(query) if entry.billable]
    if rest.strip():
        lines += _by_words(readings(rest, speller(tuple(tables))), indexes, limit)
    first: dict[Code, _Line] = {}
    for line in sorted(lines, key=lambda one: -one.score):
        first.setdefault(Code(line.source.system, line.entry.code), line)
    chosen = list(first.values())
    if systems is None and any(not line.source.system.startswith("icd9") for line in chosen):
        chosen = [
            one for one in chosen if not one.source.system.startswith("icd9") or one.matched_on == "code"
        ]
    chosen = chosen[:limit]
    hits = [_hit(line) for line in chosen]
    return Results(hits, _searched(chosen), _suggestions(chosen))


def _order(system: str) -> int:
    return ("icd10cm", "icd10pcs", "icd9cm", "icd9proc").index(system) if system in SYSTEMS else 4


def _by_code(query: str, indexes: list[Index]) -> tuple[list[_Line], str]:
    found, rest = by_code(query, indexes)
    lines = [
        _Line(100.0 - place / 100, one.source, one.entry, "code", one.entry.code, one.why, None)
        for place, one in enumerate(found)
    ]
    return lines, rest


def _titled(index: Index, entry: Entry) -> _Line:
    return _Line(90.0 + _SYSTEM.get(index.system, 0.0), index, entry, "title", entry.title, "", None)


def _by_words(meant: Iterable[Reading], indexes: Iterable[Index], limit: int) -> list[_Line]:
    lines: list[_Line] = []
    for index in indexes:
        before = len(lines)
        every = [match for reading in meant for match in matches(index, reading)[:_LOOKED_AT]]
        every.sort(key=lambda match: -match.score)
        families: set[int] = set()
        codes: set[int] = set()
        for match in every[: 2 * _LOOKED_AT]:
            if len(lines) - before >= limit + _SPARE:
                break
            several = [entry for entry in resolved(index, match) if entry.id not in codes]
            codes.update(entry.id for entry in several)
            for entry in several:
                score = match.score + _SYSTEM.get(index.system, 0.0)
                if entry.family >= 0 and entry.family in families:
                    score -= _FOLDED
                lines.append(
                    _Line(score, index, entry, _matched_on(match), match.found.text, _why(match), match)
                )
            families.update(entry.family for entry in several)
            if len(words(match.reading.text)) >= _TITLE and len(families) <= _UNFOLDED:
                for place, other in enumerate(siblings(index, match, several[:1])):
                    if other.id not in codes:
                        codes.add(other.id)
                        below = match.score + _SYSTEM.get(index.system, 0.0) - _FOLDED * 0.5 - place * 0.05
                        lines.append(
                            _Line(
                                below, index, other, _matched_on(match), match.found.text, _why(match), match
                            )
                        )
    return lines


def _line(score: float, index: Index, entry: Entry, match: Match) -> _Line:
    return _Line(score, index, entry, _matched_on(match), match.found.text, _why(match), match)


def _matched_on(match: Match) -> str:
    if match.corrected:
        return "spelling"
    if match.reading.why:
        return "abbreviation"
    return "title" if match.found.source in ("title", "short") else "term"


def _why(match: Match) -> str:
    said = [match.reading.why] if match.reading.why else []
    said += [f"spelt {word}" for word in match.corrected]
    return "; ".join(said)


def _hit(line: _Line) -> Hit:
    return Hit(
        Code(line.source.system, line.entry.code),
        line.entry.title,
        line.source.release,
        line.matched_on,
        line.term,
        line.entry.billable,
        line.why,
        choices(line.source, line.entry),
    )


def _searched(lines: Sequence[_Line]) -> str:
    """What the first hit was found by, where that is not what was typed."""
    if not lines or lines[0].match is None or not lines[0].why:
        return ""
    match = lines[0].match
    return match.found.text if match.corrected else match.reading.text


def _suggestions(lines: Sequence[_Line]) -> list[str]:
    found = dict.fromkeys(word for line in lines if line.match for word in line.match.corrected)
    return list(found)[:3]
