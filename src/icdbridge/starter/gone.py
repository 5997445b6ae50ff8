"""What is told to be gone: symptoms that resolved, organs that were taken out, infections of months ago."""

import re

from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said

_BEFORE = 130  # characters of what stands right before a mention
# What is no disease but a symptom, also by other chapters than R.
SYMPTOMS = ("R", "K62.5", "K92", "M25.5", "M54", "N92", "N93", "H53", "H57.1", "G89")
# In the next sentence: "pain in the left shoulder. This has subsequently resolved."
_RESOLVED_THEN = re.compile(
    r"[^.;\n]{0,50}\.\s+(?:this|these|that|it|they|(?:the |his |her )?(?:pain|symptoms?)) (?:all )?"
    r"(?:(?:has|have|had) )?(?:(?:since|now|subsequently|completely|fully|spontaneously|all) )*"
    r"(?:resolved|subsided|abated|gone away|went away)\b",
    re.IGNORECASE,
)
# "Had appendicitis and underwent appendectomy": what an outpatient had before it.
_THEN_OPERATED = re.compile(
    r"[^.;\n]{0,30}?(?:,|\band\b|\bfor which\b|\bs/p\b|\bstatus post\b)[^.;\n]{0,30}?"
    r"\b(?:underwent|had|s/p|status post|requir\w+|treated with) (?:[\w-]+ ){0,4}?"
    r"(?:\w+ectomy|resection|appy|excision)\b",
    re.IGNORECASE,
)
_REMOVED = (
    "K35", "K36", "K37", "K57", "K63.1", "K80", "K81", "D25", "N80", "J35", "N83.2", "D27", "C18", "C64",
)  # fmt: skip
_HAD = re.compile(
    r"\b(?:had|had had|has had|underwent|since (?:her|his|the))\s+(?:(?:a|an|her|his|total|partial) )*\Z",
    re.IGNORECASE,
)
# Infections pass: "pneumonia last month", "last year with pneumonia".
_INFECTIONS = (
    "J0", "J10", "J12", "J13", "J14", "J15", "J18", "J20", "J21", "U07.1", "N10", "N30.0", "N39.0", "A0", "A41",
    "H66", "L03", "K81.0",
)  # fmt: skip
_MONTHS_AGO = (
    r"(?:last (?:month|year|winter|summer|spring|fall)|(?:a|one|two|three|four|five|six|several|\d+)"
    r" (?:months?|years?) ago"
    r"|earlier this year)"
)
_AGO = re.compile(rf"[^.;\n]{{0,40}}\b{_MONTHS_AGO}\b", re.IGNORECASE)
_AGO_WITH = re.compile(
    rf"\b{_MONTHS_AGO}\b[^.;\n]{{0,40}}\b(?:with|for|had)\s+(?:[\w-]+ ){{0,3}}\Z", re.IGNORECASE
)


def text_before(note: Note, said: Said) -> str:
    """What stands right before a mention."""
    return note.text[max(said.start - _BEFORE, 0) : said.start]


def has_resolved(note: Note, said: Said, code: str) -> bool:
    """Whether the next sentence says that a symptom is gone."""
    return code.startswith(SYMPTOMS) and _RESOLVED_THEN.match(note.text, said.end) is not None


def has_had(note: Note, said: Said) -> bool:
    """Whether a patient had an operation: not the one of this report."""
    return not (note.of_operation or note.days_after) and _HAD.search(text_before(note, said)) is not None


def operated_then(note: Note, said: Said, code: str) -> bool:
    """Whether an organ was taken out for what is said, before a visit."""
    past = code.startswith(_REMOVED) and not (note.of_operation or note.days_after)
    return past and _THEN_OPERATED.match(note.text, said.end) is not None


def is_passed(note: Note, said: Said, code: str) -> bool:
    """Whether an infection is told to be months ago."""
    return code.startswith(_INFECTIONS) and bool(
        _AGO.match(note.text, said.end) or _AGO_WITH.search(text_before(note, said))
    )
