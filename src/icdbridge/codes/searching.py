"""Finding codes by the words of their titles and synonyms, or by how they begin."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from icdbridge.codes.code import Code
from icdbridge.codes.packages import SYSTEMS, load_system
from icdbridge.codes.system import CodeSystem
from icdbridge.errors import InputError
from icdbridge.folding import fold

_WORD = re.compile(r"[a-z0-9]+")
_NOT_NARROWER = {"unspecified", "nos"}  # words that may be added to a title without narrowing it
_Rank = tuple[int, ...]


class Hit(NamedTuple):
    """A code found. ``matched_on``: ``code``, ``title`` or ``synonym``; ``term``: the text that matched."""

    code: Code
    title: str
    release: str
    matched_on: str
    term: str
    billable: bool


class _Entry(NamedTuple):
    text: str  # the term in lower case, without accents
    code: str
    matched_on: str
    term: str


def search(
    query: str, systems: Sequence[str] | None = None, limit: int = 20, tables: Sequence[CodeSystem] = ()
) -> list[Hit]:
    """The best ``limit`` codes and categories for ``query``, best first, each once.

    A query that codes begin with (``I21``, ``4280``, ``42.8``) finds these. Any other finds titles and
    synonyms that have all its words, the last one as the beginning of a word. Whole words come before
    beginnings of words, then exact wordings, then those with fewer further words ("unspecified" is not
    counted), then those that have the query in one piece, then billable codes before categories, at last ICD-10
    before ICD-9. Looks through the newest release of ``systems`` (of all installed, if None) and through ``tables``.
    Raises ``InputError`` for a query without words or an unknown system.
    """
    words = _WORD.findall(_fold(query))
    if not words:
        raise InputError("nothing to search for: give words of a title, or the beginning of a code")
    best: dict[Code, tuple[tuple[object, ...], Hit]] = {}
    for table in (*tables, *map(load_system, SYSTEMS if systems is None else systems)):
        for rank, entry in (*_by_code(query, table), *_by_words(words, table)):
            code = Code(table.name, entry.code)
            billable = entry.code in table.titles
            last = (len(entry.term), table.version == "icd9", entry.code)
            order = (*rank, not billable, entry.matched_on == "synonym", *last)
            if code not in best or order < best[code][0]:
                hit = Hit(
                    code, table.title(code.code) or "", table.release, entry.matched_on, entry.term, billable
                )
                best[code] = order, hit
    return [hit for _, hit in sorted(best.values(), key=lambda found: found[0])[:limit]]


def _by_code(query: str, table: CodeSystem) -> Iterator[tuple[_Rank, _Entry]]:
    start = query.strip().upper().removesuffix(".")
    if len(start) < 2 or not any(character.isdigit() for character in start):
        return
    for code in (*table.titles, *table.headings):
        if code.startswith(start) or code.replace(".", "").startswith(start):
            yield (0, len(code), 0), _Entry("", code, "code", code)


def _by_words(words: list[str], table: CodeSystem) -> Iterator[tuple[_Rank, _Entry]]:
    *whole, beginning = words
    phrase = re.compile(r"\b" + " ".join(words))
    for entry in _entries(table):
        # Most entries fail this test by substring, which is much faster than splitting them into words.
        if not all(word in entry.text for word in words):
            continue
        found = _WORD.findall(entry.text)
        if not set(whole).issubset(found) or not any(word.startswith(beginning) for word in found):
            continue
        further = sum(word not in _NOT_NARROWER for word in found) - len(words)
        joined = phrase.search(" ".join(found))
        apart = 2 if joined is None else 1 if joined.start() else 0
        exact = found == words
        yield (1 if beginning in found else 2, 0 if exact else 1 + max(further, 0), apart), entry


@cache
def _entries(table: CodeSystem) -> list[_Entry]:
    titles = (pair for texts in (table.titles, table.headings) for pair in texts.items())
    synonyms = ((code, term) for code, terms in table.synonyms.items() for term in terms)
    return [_Entry(_fold(text), code, "title", text) for code, text in titles] + [
        _Entry(_fold(text), code, "synonym", text) for code, text in synonyms
    ]


def _fold(text: str) -> str:
    """Folded and in lower case, so that "meniere" finds "Ménière"."""
    return fold(text).text.lower()
