"""What a note says about a drug: taken or not, stopped, for how long, its effects, and allergies to it."""

from collections.abc import Iterable

from icdbridge.starter.cues import cue
from icdbridge.starter.dictionary import ALLERGIES
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, tells
from icdbridge.starter.stems import roots

_WORDS = 6  # around a drug
_ALLERGIC = roots("allergy", "allergic", "allergies", "anaphylaxis", "anaphylactic")
# Steroids for some days are no long-term use.
STEROIDS = "Z79.52"


def is_allergy(note: Note, said: Said) -> bool:
    """Whether a drug is told as an allergy outside their list: "allergic to", or by what it did."""
    first, last = said.places[0], said.places[-1]
    around = range(max(first - _WORDS, 0), min(last + _WORDS + 1, len(note.words)))
    named = any(
        note.sentence[place] == note.sentence[first] and not _ALLERGIC.isdisjoint(note.own[place])
        for place in around
    )
    return named or _reaction(note, said) is not None


def is_cause(note: Note, said: Said) -> bool:
    """Whether a drug is the cause of something: "due to lithium", "lithium-induced"."""
    return tells(note, said, "drug as cause") and not tells(note, said, "drug left off")


def is_unused(note: Note, said: Said) -> bool:
    """Whether a drug or device was stopped, given once, tried in the past, or what makes one ill ("aspirin-exacerbated
    respiratory disease"); or is to start later, where "start apixaban in 7 days" is not taken yet and "restart" was.
    """
    start = cue("drug to start")
    later = start.before(note.text, said.start) and start.behind(note.text, said.end)
    return bool(later) or tells(note, said, "drug not used")


def reactions(note: Note, found: Iterable[Said]) -> list[tuple[int, int]]:
    """Where reactions to drugs that are allergies stand, in characters."""
    told = (_reaction(note, said) for said in found if ALLERGIES in said.status)
    return [one for one in told if one]


def _reaction(note: Note, said: Said) -> tuple[int, int] | None:
    """Where the reaction to a drug stands, in characters, if it is told right beside: "PCN - hives", "sulfa (rash as
    infant)", "prior hives with contrast".
    """
    reaction = cue("drug reaction")
    found = reaction.behind(note.text, said.end) or reaction.before(note.text, said.start)
    return found.span() if found else None
