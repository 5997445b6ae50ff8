"""Drugs and other substances that were taken in overdose or by accident, and whether that was meant to harm oneself."""

import re
from collections.abc import Iterable

from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said

SELF_HARM = "intentional self-harm"  # in titles
ACCIDENT = "accidental (unintentional)"
_BEFORE = 120  # characters of what stands before a drug
_CLAUSE = re.compile(r"[;:\n]|\.(?=\s)")
# What may stand between "ingested" and the drug: amounts, whose it is, and other things of the same list.
_TO_DRUG = (
    r"(?:[\s,~()x/&+'’-]|\b(?:\d[\d.,]*|(?:\d+ ?)?m?c?gs?|ml|oz|liters?|tab(?:let)?s?|pills?|cap(?:sule)?s?|bottles?"
    r"|handfuls?|packs?|box(?:es)?|tubs?|doses?|amounts?|quantit(?:y|ies)|of|on|with|by|about|approximately|around|roughly"
    r"|over|up|to|an?|the|his|her|their|some|several|multiple|many|too|much|all|entire|whole|full|unknown|large|half|rest"
    r"|remaining|extra|double|old|home|own|prescribed|prescription|mixed|additional|extended|immediate|release"
    r"|in a suicide attempt|intentionally|accidentally|and|or|plus|then|\w+['’]s)\b"
    r"|\b[\w-]+(?=\s*(?:\d[\d.,]* ?m?c?gs?\b(?:\s?x ?\d+)?\s*)?(?:,|and\b|&|\+|/)))*\Z"
)
_TAKEN = re.compile(
    r"\b(?:(?:over-?dos(?:e[ds]?|ing|age)|OD(?:'?e?d)?|poison(?:ed|ing))(?: \w+ly)? (?:on|of|with|by|from)"
    rf"|ingest(?:ed|ions?|s|ing)|swallowed|drank)\b{_TO_DRUG}",
    re.IGNORECASE,
)
_TAKEN_AFTER = re.compile(
    r"\s*(?:\d+ ?mg )?(?:tablets? |pills? )?(?:over-?dos(?:e|age)|OD|ingestion|poisoning)\b", re.IGNORECASE
)
# Who took many tablets did so in overdose where the note says why.
_MANY = re.compile(
    r"\b(?:took|taken|taking|takes)\s+(?=(?:(?:about|approximately|roughly|around|up to|over|an?|the|her|his|their|all"
    r"|of|entire|whole|full|~|\s)+)?(?:\d\d+|(?:(?:bottle|handful|box|pack|overdose|rest|bunch|entire|multiple|several|many"
    rf"|extra|double|unknown|unspecified|all)\b|too (?:much|many)\b))){_TO_DRUG}",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"over-?dos|\bsuicid|\bkill|self[- ]harm|intentional|\bend (?:his|her|their|it)\b|poison|charcoal|\bN-?acetyl"
    r"|\bNAC\b|by mistake|accident|\btoxic",
    re.IGNORECASE,
)
# Food that was spoilt, drinks, antidotes, and what one is given to be seen through are told by other words.
_NO_POISONS = ("T51.0", "T61", "T62", "T50.7", "T50.8")
_AGO = re.compile(
    r"(?:[^.;\n]|\.\d){0,40}\b(?:(?:years?|yrs?|months?) (?:ago|prior)|(?:in|of) (?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_OTHERS = r"m(?:other|om)|father|dad|sister|brother|wife|husband|partner|friend|roommate"
_OF_RELATIVE = re.compile(rf"\b(?:{_OTHERS}|grand\w+)['’]?s\s", re.IGNORECASE)
_RELATIVE_TOOK = re.compile(
    rf"\b(?:{_OTHERS}|son|daughter) (?:\w+ )?"
    r"(?:over-?dosed|OD'?d|took|ingested|swallowed|drank)\b",
    re.IGNORECASE,
)
_MEANT = re.compile(
    r"(?P<not>\b(?:no|not|non|denie[sd](?: any)?|without|never|history of|hx of|h/o|prior|previous|past|multiple|\d|two"
    r"|three|several|family|mother|father|brother|sister)\b[^.;\n]{0,30})?"
    r"\b(?:intentional(?:ly)?|suicid(?:e|al) (?:attempt|gesture|overdose|ingestion|intent)s?"
    r"|attempt(?:ed|ing)? (?:at )?suicide|to (?:kill|harm) (?:him|her|them)sel(?:f|ves)|to end (?:his|her|their|it)"
    r"|wanted to die|deliberate(?:ly)?|on purpose|self-?(?:poison\w*|harm))\b",
    re.IGNORECASE,
)
_ATTEMPT = "T14.91"  # of a suicide, where nothing tells how
_UNKNOWN_DRUGS = ("T50.90", "T50.91")


def is_overdosed(note: Note, said: Said, code: str) -> bool:
    """Whether a substance, with the code of its poisoning, was taken in overdose or by accident."""
    if code.startswith(_NO_POISONS):
        return False
    before = _CLAUSE.split(note.text[max(said.start - _BEFORE, 0) : said.start])[-1]
    many = _MANY.search(before) is not None and note.says(_WHY)
    return many or bool(_TAKEN.search(before) or _TAKEN_AFTER.match(note.text, said.end))


def overdose_doubt(note: Note, said: Said, before: str) -> str | None:
    """Why an overdose is no reason for a code: of another time, of a relative (but not of a relative's drug)."""
    if _AGO.match(note.text, said.end):
        return "historical"
    if _RELATIVE_TOOK.search(before):
        return "family"
    contexts = ("negated", "hypothetical", "historical", "uncertain", "family")
    doubt = next((name for name in contexts if note.touched(said.places, name)), None)
    return None if doubt == "family" and _OF_RELATIVE.search(before) else doubt


def is_meant(text: str) -> bool:
    """Whether a note tells that its patient meant to harm themselves now."""
    return any(not found["not"] for found in _MEANT.finditer(text))


def is_told_better(code: str, titles: Iterable[str]) -> bool:
    """Whether other titles tell how a suicide was attempted, or which drug was taken in overdose."""
    if code.startswith(_ATTEMPT):
        return any(SELF_HARM in title for title in titles)
    return code.startswith(_UNKNOWN_DRUGS) and any(
        title.startswith("Poisoning by ") and "unspecified drugs" not in title for title in titles
    )
