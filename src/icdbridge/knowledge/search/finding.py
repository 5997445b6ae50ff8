"""Search: the readings of a query are matched in every system; the result has one line a family, with the reason."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from icdbridge.codes.code import Code
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import declaration, known_systems
from icdbridge.errors import InputError
from icdbridge.knowledge.search.body_parts import at_body_part
from icdbridge.knowledge.search.choices import Choice, choices
from icdbridge.knowledge.search.drug_queries import with_drug
from icdbridge.knowledge.search.lookup import by_code
from icdbridge.knowledge.search.match_ranking import Match, matches, resolved
from icdbridge.knowledge.search.merging import Line, merged
from icdbridge.knowledge.search.opening import own_index, speller, system_index
from icdbridge.knowledge.search.query import Reading, as_written, readings
from icdbridge.knowledge.search.search_index import Index
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.titles import Title, near_titles
from icdbridge.knowledge.search.wordforms import words

_FOLDED = 1.2  # what the other codes of a family have to be better by than another family
_SPARE = 15  # lines more than asked for, since some lose by being of a family that is there
_LOOKED_AT = 60  # matches of a reading that are resolved


class Hit(NamedTuple):
    """A code found.

    ``matched_on``: ``code``, ``title``, ``term`` (another wording), ``abbreviation`` or ``spelling``; ``term``: the
    wording that matched; ``why``: how the query was interpreted, "" if literally; ``specify``: what distinguishes its
    family, with the code of each choice.
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
    """``searched``: what was searched for, if it differs from the query; ``suggestions``: other possible queries."""

    hits: list[Hit]
    searched: str
    suggestions: list[str]


def search(
    query: str, systems: Sequence[str] | None = None, limit: int = 20, tables: Sequence[CodeSystem] = ()
) -> list[Hit]:
    """The hits of ``find``."""
    return find(query, systems, limit, tables).hits


def find(
    query: str, systems: Sequence[str] | None = None, limit: int = 20, tables: Sequence[CodeSystem] = ()
) -> Results:
    """The best ``limit`` codes for ``query``, best first, each once; the last word may be incomplete.

    Searches the newest release of ``systems`` and ``tables``. Without ``systems`` it searches ICD-10, and ICD-9 if
    nothing else is found. Of codes that differ by side, encounter and the like, the one named in the query, or the
    default, comes first; the others are its ``specify``. Raises ``InputError`` for a query without words or an unknown
    system.
    """
    if not words(query):
        raise InputError("nothing to search for: give words of a title, or the beginning of a code")
    names = known_systems() if systems is None else systems
    indexes = [*map(own_index, tables), *sorted(map(system_index, names), key=_behind)]
    exact, rest = by_code(query, indexes)
    certain = [Line(one.source, one.entry, "code", one.entry.code, one.why) for one in exact]
    certain += [
        Line(index, entry, "title", entry.title)
        for index in indexes
        for entry in index.titled(query)
        if entry.billable
    ]
    lines = list(certain)
    if words(rest):
        spelt = speller(tuple(tables))
        if systems is None and (better := [index for index in indexes if not _legacy(index)]):
            lines += _by_words(rest, better, limit, spelt)
        if not lines:
            lines += _by_words(rest, indexes, limit, spelt)
    first: dict[Code, Line] = {}
    for line in lines:
        first.setdefault(Code(line.source.system, line.entry.code), line)
    chosen = list(first.values())
    if systems is None and not all(_legacy(line.source) for line in chosen):
        chosen = [one for one in chosen if not _legacy(one.source) or one.matched_on == "code"]
    chosen = chosen[:limit]
    found = dict.fromkeys(word for line in chosen for word in line.corrected)
    return Results([_hit(line) for line in chosen], chosen[0].searched if chosen else "", list(found)[:3])


def _behind(index: Index) -> float:
    return declaration(index.system).behind


def _legacy(index: Index) -> bool:
    return declaration(index.system).legacy


def _by_words(query: str, indexes: Sequence[Index], limit: int, spelt: Speller) -> list[Line]:
    """The lines of what the words may mean, of titles that are near them, and of a drug that they name."""

    def ask(other: str) -> list[Line]:
        return _of_words(other, indexes, limit, spelt)

    return with_drug(ask(query), query, indexes, spelt, ask)


def _of_words(query: str, indexes: Sequence[Index], limit: int, spelt: Speller) -> list[Line]:
    several = readings(query, spelt)
    scored = [one for index in indexes for one in _by_meaning(index, several, limit)]
    scored.sort(key=lambda one: -one[0])
    said = as_written(query, spelt)
    near = [(index, title) for index in indexes for title in near_titles(index, said, spelt)]
    near.sort(key=lambda one: one[1].distance + _behind(one[0]))
    by_title = [(_by_title(index, title), title) for index, title in near[:limit]]
    return merged([line for _, line in scored], by_title, said)


def _by_meaning(index: Index, several: Iterable[Reading], limit: int) -> list[tuple[float, Line]]:
    lines: list[tuple[float, Line]] = []
    every = [match for reading in several for match in matches(index, reading)[:_LOOKED_AT]]
    every.sort(key=lambda match: -match.score)
    families: set[int] = set()
    codes: set[int] = set()
    for match in every[: 2 * _LOOKED_AT]:
        if len(lines) >= limit + _SPARE:
            break
        meant, nearer = at_body_part(index, match, resolved(index, match))
        chosen = [entry for entry in meant if entry.id not in codes]
        codes.update(entry.id for entry in chosen)
        for entry in chosen:
            score = match.score + nearer - _behind(index)
            if entry.family >= 0 and entry.family in families:
                score -= _FOLDED
            why = "; ".join(filter(None, (match.reading.why, _spelt(match.corrected))))
            text = match.found.text
            searched = "" if not why else text if match.corrected else match.reading.text
            lines.append(
                (score, Line(index, entry, _matched_on(match), text, why, searched, match.corrected))
            )
        families.update(entry.family for entry in chosen)
    return lines


def _by_title(index: Index, title: Title) -> Line:
    corrected = title.corrected
    matched_on, why = ("spelling", _spelt(corrected)) if corrected else ("title", "")
    searched = title.entry.title if corrected else ""
    return Line(index, title.entry, matched_on, title.entry.title, why, searched, corrected)


def _matched_on(match: Match) -> str:
    if match.corrected:
        return "spelling"
    if match.reading.why:
        return "abbreviation"
    return "title" if match.found.source in ("title", "short") else "term"


def _spelt(corrected: Iterable[str]) -> str:
    return "; ".join(f"spelt {word}" for word in corrected)


def _hit(line: Line) -> Hit:
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
