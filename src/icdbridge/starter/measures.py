"""Numbers of a note that a code stands for: body mass index, weeks of gestation, birth weight, burned skin, NIHSS."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.starter.cues import cue

_BMI = re.compile(
    r"\b(?:BMI|body mass index)\b[^\d\n]{0,20}(\d{2}(?:\.\d{1,2})?)(?!\s*(?:th\s+)?%|\d|\s?[-–]\s?\d)",
    re.IGNORECASE,
)
_WEEKS = re.compile(
    r"\b(\d{1,2})(?:\s*(?:and|&|,)\s*|\s+)[0-6]/7(?:ths?)?(?:\s*(?:weeks?|wks?|wga))?\b"
    r"|\b([1-4]\d)-[0-6](?:/7)?\s*(?:weeks?|wks?|wga)\b"
    r"|\b(?<!/)(\d{1,2})(?:(?: and |[ -])1/2)?\s*"
    r"(?:(?:\+|w|wk|wks|weeks?)[\s,&]*(?:and\s*)?[0-6]\s*(?:/7|d|days?)?(?![\d.])"
    r"|\s?[-–]?\s?(?:weeks?|wks?|wga)\b)"
    r"|\b(?:G\dP\d{1,4}|IUP|at|@),? (?:at )?([1-4]\d)w\b",
    re.IGNORECASE,
)
_EXACT = re.compile(r"/7|\d\s?(?:\+|w|wks?|weeks?)\s?[0-6](?!\d)", re.IGNORECASE)
_NEAR = 25  # characters
_BIRTH_WEIGHT = re.compile(
    r"\b(?:BW|birth ?weight)\b[^\d\n]{0,10}(\d{3,4}) ?(?:g|gm|gms|grams?)\b", re.IGNORECASE
)
_NIHSS = re.compile(r"\bNIH(?:SS| stroke scale)\b[^\d\n]{0,25}(\d{1,2})\b", re.IGNORECASE)
_BMI_PERCENTILE = re.compile(
    r"\b(?:BMI|body mass index)\b[^\n;]{0,40}?\b(\d{1,2})(?:st|nd|rd|th)?(?:\.\d+)?\s*(?:percentile|%ile|th ?%)",
    re.IGNORECASE,
)
_BURNED = re.compile(
    r"\bTBSA\b[^\d\n]{0,12}(\d{1,2}(?:\.\d)?)\s?%|\b(\d{1,2}(?:\.\d)?)\s?%\s*(?:of )?(?:TBSA|total body surface)",
    re.IGNORECASE,
)
_MEASURES = (
    (_BMI_PERCENTILE, "bmi percentile"),
    (_BMI, "bmi"),
    (_WEEKS, "weeks of gestation"),
    (_BIRTH_WEIGHT, "birth weight in grams"),
    (_NIHSS, "nihss"),
    (_BURNED, "burned surface"),
)


class Measure(NamedTuple):
    """A code for a number written at characters ``start`` to ``end``."""

    code: str
    start: int
    end: int


def measures(text: str, *, newborn: bool = False) -> Iterator[Measure]:
    """Codes of all such numbers: Z68, Z3A, P07, R29.7, T31. Whether they are coded depends on the other codes.

    Weeks are those of a pregnancy, or of a ``newborn`` at birth.
    """
    for pattern, measure in _MEASURES:
        of_birth = newborn and pattern is _WEEKS
        measure = "weeks at birth" if of_birth else measure
        for found in _weeks(text) if pattern is _WEEKS and not newborn else pattern.finditer(text):
            number = next(group for group in found.groups() if group)
            if code := _code(measure, float(number)):
                yield Measure(code, found.start(), found.end())


def _weeks(text: str) -> list[re.Match[str]]:
    """Weeks of a pregnancy, those that say so first; not "recheck in 2 weeks", "6 weeks postpartum"."""
    found = [
        one
        for one in _WEEKS.finditer(text)
        if not cue("other weeks").before(text, one.start(), _NEAR)
        and (_EXACT.search(one.group()) or not cue("other weeks").behind(text, one.end()))
    ]
    of_pregnancy = cue("weeks of pregnancy").within
    return sorted(
        found, key=lambda one: not of_pregnancy(text, max(one.start() - _NEAR, 0), one.end() + _NEAR)
    )


def _code(measure: str, value: float) -> str | None:
    return next(
        (code for name, least, below, code in _table() if name == measure and least <= value < below), None
    )


@cache
def _table() -> list[tuple[str, float, float, str]]:
    rows = read_csv("measurements")
    return [(row["measure"], float(row["at_least"]), float(row["below"]), row["code"]) for row in rows]
