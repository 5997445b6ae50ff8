"""Codes that are said by a way of putting it and not by a name: a vaccine given today, oxygen at home, a child born.

``wordings.csv`` of the knowledge base: ``pattern`` is looked for without regard to case; a match counts where its
sentence has nothing of ``unless``. A row without a pattern only says where names of its code do not count. Several
codes of a row stand with a semicolon between.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.lexical.sentences import sentence_around

OUTCOME = "Z37.0"  # of a delivery: in the mother's record, never in the newborn's


class Wording(NamedTuple):
    """A code said at characters ``start`` to ``end``."""

    code: str
    start: int
    end: int


def wordings(text: str, sentences: Sequence[tuple[int, int]], *, newborn: bool) -> Iterator[Wording]:
    """The codes that a note says by a phrase of ``wordings.csv``, each once, at its first place."""
    for code, pattern, unless in _patterns():
        if pattern is None or (code == OUTCOME and newborn):
            continue
        for found in pattern.finditer(text):
            begin, end = sentence_around(sentences, found.start()) or (0, len(text))
            if unless is None or not unless.search(text, begin, end):
                yield Wording(code, found.start(), found.end())
                break


def is_taken_back(code: str, text: str, start: int, sentences: Sequence[tuple[int, int]]) -> bool:
    """Whether the sentence at ``start`` has what a code's phrases stand without, so that a name does not say it either:
    vaccines that are up to date are none given. Of a disease, but for smoking, only rows without a phrase tell this:
    "depression, not on drugs" is one.
    """
    several = _unless().get(code, ())
    begin, end = (several and sentence_around(sentences, start)) or (0, len(text))
    return any(unless.search(text, begin, end) for unless in several)


_OF_HABITS = ("Z", "F17")


@cache
def _unless() -> dict[str, list[re.Pattern[str]]]:
    found: dict[str, list[re.Pattern[str]]] = {}
    for code, phrase, unless in _patterns():
        if unless is not None and (phrase is None or code.startswith(_OF_HABITS)):
            found.setdefault(code, []).append(unless)
    return found


@cache
def _patterns() -> list[tuple[str, re.Pattern[str] | None, re.Pattern[str] | None]]:
    return [
        (code, _phrase(row["pattern"]), _phrase(row["unless"]))
        for row in read_csv("wordings")
        for code in row["code"].split(";")
    ]


def _phrase(written: str) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{written})", re.IGNORECASE) if written else None
