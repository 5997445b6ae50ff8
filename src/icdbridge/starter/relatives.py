"""Who a note is about: the patient's sex, and sentences about a relative that only a pronoun tells: "Her brother has
COPD. He is a smoker.".
"""

import re
from collections.abc import Iterator, Sequence

from icdbridge.starter.cues import cue

_HIS = "brother|father|dad|son|uncle|grandfather|grandson|nephew|husband|boyfriend"
_HER = "sister|mother|mom|mum|daughter|aunt|grandmother|granddaughter|niece|wife|girlfriend"
_OF_RELATIVE = re.compile(
    rf"\W*(?:(?:family(?: history| hx)?|fhx?)\W+)?(?:(?P<whose>his|her|my|the|patient's|one|a)\s+)?(?:\w+\s+)?"
    rf"(?:(?P<he>{_HIS})|(?P<she>{_HER}))\b(?!'s)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\W*(?P<who>he|she)\b", re.IGNORECASE)
_PATIENT = re.compile(
    r"\b(?:(?P<she>female|woman|lady|girl|mrs|ms|gravida)|(?P<he>male|man|gentleman|boy|mr))\b"
    r"|\b\d{1,3}[ -]?(?:y/?o|yrs?)?[ -]?(?:(?P<f>f)|(?P<m>m))\b",
    re.IGNORECASE,
)

# Strictly told, for codes of the other sex: "98.6 F" is no woman.
_SEX = re.compile(
    r"(?:\b\d{1,3}[ -]?(?:y(?:ea)?rs?|y[/.]?o|months?|m/?o|wks?|weeks?|days?)\.?(?:[ -]?(?:old|o)\b)?"
    r"[ -]*(?:(?<=[ -])(?:\w+[ -]){0,2})?(?<![A-Za-z](?=[A-Za-z]))"
    r"|(?:\A|[.\n])\W*(?:[\w&/]+[: ]+){0,3}\d{1,3}(?:[ -](?=\w+(?: \w/| with| who| pt| here| present)|\w{4}))?"
    r"|\b(?:sex|gender)\W{1,3})(?:(?P<female>female|f|woman|lady|girl)|(?P<male>male|m|man|gentleman|boy))\b",
    re.IGNORECASE,
)
_AGE, _ADULT = re.compile(r"\b(\d{1,3})[ -]?(?:y(?:ea)?rs?\b|y[/.]?o\b|[MF]\b)", re.IGNORECASE), 18
_BEFORE_AGE = 60  # characters
_EITHER = re.compile(r"\btrans(?:gender|sexual)?\b|\bintersex\b|\bFTM\b|\bMTF\b|assigned", re.IGNORECASE)


def patient_sex(text: str) -> str:
    """The sex of the patient as the note tells it beside the age: female or male; "" where it does not, or both."""
    told = {"female" if found["female"] else "male" for found in _SEX.finditer(text)}
    return told.pop() if len(told) == 1 and not _EITHER.search(text) else ""


def is_adult(text: str) -> bool:
    """Whether the note gives the patient's age, the first one that it names, in years, 18 or more of them."""
    mothers = cue("age of a mother").before
    found = next((age for age in _AGE.finditer(text) if not mothers(text, age.start(), _BEFORE_AGE)), None)
    return found is not None and int(found[1]) >= _ADULT


def of_relatives(text: str, sentences: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The sentences that begin with "he" or "she" and are about the relative of the sentence before, as the patient is
    of the other sex.
    """
    found = _PATIENT.search(text)
    patient = "" if found is None else "she" if found["she"] or found["f"] else "he"
    relative = ""
    for start, end in sentences:
        named, goes_on = _OF_RELATIVE.match(text, start, end), _PRONOUN.match(text, start, end)
        if named:
            relative = "he" if named["he"] else "she"
            whose = {"his": "he", "her": "she"}.get((named["whose"] or "").lower(), patient)
            relative = relative if whose and whose != relative else ""
        elif not goes_on or goes_on["who"].lower() != relative:
            relative = ""
        elif relative:
            yield start, end
