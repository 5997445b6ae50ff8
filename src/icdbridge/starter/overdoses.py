"""Drugs and other substances that were taken in overdose or by accident, and whether that was meant to harm oneself."""

import re
from collections.abc import Iterable

from icdbridge.starter.cues import cue
from icdbridge.starter.gone import text_before
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, tells

SELF_HARM = "intentional self-harm"  # in titles
ACCIDENT = "accidental (unintentional)"
_BEFORE = 120  # characters of what stands before a drug
_CLAUSE = re.compile(r"[;:\n]|\.(?=\s)")
# Food that was spoilt, drinks, antidotes, and what one is given to be seen through are told by other words.
_NO_POISONS = ("T51.0", "T61", "T62", "T50.7", "T50.8")
_ATTEMPT = "T14.91"  # of a suicide, where nothing tells how
_ADVERSE, _POISONED = "5", ("1", "2", "3", "4")  # 6th characters of T36 to T50
_UNKNOWN_DRUGS = ("T50.90", "T50.91")


def is_overdosed(note: Note, said: Said, code: str) -> bool:
    """Whether a substance, with the code of its poisoning, was taken in overdose or by accident."""
    if code.startswith(_NO_POISONS):
        return False
    before = _CLAUSE.split(note.text[max(said.start - _BEFORE, 0) : said.start])[-1]
    told = cue("overdose").before(before, len(before)) or cue("overdose").behind(note.text, said.end)
    # who took many tablets did so in overdose where the note says why
    many = cue("many taken").before(before, len(before)) and note.says("why many")
    return bool(told or many)


def overdose_doubt(note: Note, said: Said) -> str | None:
    """Why an overdose is no reason for a code: of another time, of a relative (but not of a relative's drug)."""
    if tells(note, said, "long ago"):
        return "historical"
    before = text_before(note, said)
    if cue("relative took").within(before):
        return "family"
    contexts = ("negated", "hypothetical", "historical", "uncertain", "family")
    doubt = next((name for name in contexts if note.touched(said.places, name)), None)
    return None if doubt == "family" and cue("of a relative").within(before) else doubt


def is_meant(text: str) -> bool:
    """Whether a note tells that its patient meant to harm themselves now."""
    return any(not found["not"] for found in cue("meant to harm").all_within(text))


def is_taken_too_much(code: str, others: Iterable[str]) -> bool:
    """Whether an adverse effect is of a drug that was taken in overdose: that is a poisoning (I.C.19.e.5)."""
    return (
        "T36" <= code[:3] <= "T50"
        and code[6:7] == _ADVERSE
        and any(other[:6] == code[:6] and other[6:7] in _POISONED for other in others)
    )


def is_told_better(code: str, titles: Iterable[str]) -> bool:
    """Whether other titles tell how a suicide was attempted, or which drug was taken in overdose."""
    if code.startswith(_ATTEMPT):
        return any(SELF_HARM in title for title in titles)
    return code.startswith(_UNKNOWN_DRUGS) and any(
        title.startswith("Poisoning by ") and "unspecified drugs" not in title for title in titles
    )
