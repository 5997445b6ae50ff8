"""Queries in Spanish, put into English: by phrases and words of ``data/search_spanish.csv``, whatever their gender."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.wordforms import LISTS, phrases, words

_JOINING = LISTS["spanish"]
_LONGEST = 5  # words of a phrase, those that join left out
_SHORTEST_FORM, _SHORTEST_TYPED, _SHORTEST_ALONE = 5, 3, 4  # letters


class _Table(NamedTuple):
    """English by the forms of a phrase's words, and the words as they are written, those of one word first."""

    phrases: dict[tuple[str, ...], str]
    written: dict[str, None]
    forms: frozenset[str]


def in_english(said: Sequence[str], speller: Speller) -> list[str]:
    """The words of a Spanish query in English, the last one perhaps unfinished; none where it is no Spanish.

    It is Spanish where a word of the table is none that codes are called by; "apendicitis" alone is misspelt English.
    """
    table = _table()
    if _misspelt(said, table, speller):
        return []
    if not any(_spanish(word, table, speller) for word in said):
        last = said[-1] if said else ""
        if len(last) < _SHORTEST_ALONE or last in speller.words or speller.endings(last):
            return []
        if not _finished(last, table):
            return []
    return _put([word for word in said if word not in _JOINING], table)


def of_two_languages(said: Sequence[str], speller: Speller) -> list[str]:
    """English for a query that is a Spanish phrase of the table to the letter, whatever else it may be ("tos")."""
    table = _table()
    meant = table.phrases.get(tuple(map(_form, said)))
    if not meant or _misspelt(said, table, speller) or any(word not in table.written for word in said):
        return []
    return words(meant)


def _misspelt(said: Sequence[str], table: _Table, speller: Speller) -> bool:
    """Whether it is one word that may as well be its own translation, misspelt."""
    return len(said) == 1 and table.phrases.get((_form(said[0]),)) in dict(speller.corrections(said[0]))


def _spanish(word: str, table: _Table, speller: Speller) -> bool:
    if word in speller.words or word in _JOINING or _form(word) not in table.forms:
        return False
    return word in table.written or not speller.endings(word)


def _put(said: list[str], table: _Table) -> list[str]:
    english: list[str] = []
    for written, place, meant in phrases(
        said, _LONGEST, lambda text: table.phrases.get(tuple(map(_form, text.split())))
    ):
        last = "" if meant or place < len(said) - 1 else _finished(written[0], table)
        english += words(meant or table.phrases.get((_form(last),), written[0]))
    return english


def _finished(word: str, table: _Table) -> str:
    """The first word of the table that begins so."""
    if len(word) < _SHORTEST_TYPED:
        return ""
    return next((one for one in table.written if one.startswith(word) and (_form(one),) in table.phrases), "")


def _form(word: str) -> str:
    """A word without the ending that says gender and number."""
    one = word.removesuffix("s") if len(word) >= _SHORTEST_FORM - 1 else word
    return one[:-1] if len(one) >= _SHORTEST_FORM and one[-1] in "aoe" else one


@cache
def _table() -> _Table:
    phrases: dict[tuple[str, ...], str] = {}
    written: dict[str, None] = {}
    for row in read_csv("search_spanish"):
        said = [word for word in words(row["said"]) if word not in _JOINING]
        phrases.setdefault(tuple(map(_form, said)), row["meant"])
        written |= dict.fromkeys(said)
    return _Table(phrases, written, frozenset(map(_form, written)))
