"""What a note says about a drug: taken or not, stopped, for how long, its effects, and allergies to it."""

import re
from collections.abc import Iterable

from icdbridge.starter.dictionary import ALLERGIES
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said
from icdbridge.starter.stems import roots
from icdbridge.starter.word_meanings import DUE_TO

_BESIDE, _WORDS = 60, 6  # characters before a drug, and words around it
_ALLERGIC = roots("allergy", "allergic", "allergies", "anaphylaxis", "anaphylactic")


# "PCN - hives", "sulfa (rash as infant)", "prior hives with contrast" are allergies.
_REACTION = r"(?:hives|urticaria|rash(?:es)?|itch\w*|pruritus|anaphyla\w+|angioedema|(?:\w+ )?swelling)\b"
_REACTS = re.compile(rf"\s*(?:[-\u2013=:(]+>?|\u2192|->)\s*(?:\w+ )?{_REACTION}", re.IGNORECASE)
_REACTED = re.compile(
    rf"\b(?:prior|previous|past|history of|hx of|h/o)\s+(?:\w+ )?{_REACTION} (?:with|to|from|after)\s+(?:\w+ )?\Z",
    re.IGNORECASE,
)
_OF_DRUG = (
    r"(?:(?:\w+ )?years of|the|his|her|their|chronic|long[- ]term|recent|taking|use of|high[- ]dose|oral|iv)"
)
_CAUSED = re.compile(rf"(?:{'|'.join(DUE_TO)})\s+(?:{_OF_DRUG}\s+)*$", re.IGNORECASE)
_LEFT_OFF = re.compile(
    r"\b(?:taper|wean|switch|chang|transition|transfer|convert|step|relie|benefi|improve)\w*(?: \w+){0,2}"
    rf" from\s+(?:{_OF_DRUG}\s+)*$",
    re.IGNORECASE,
)
_CAUSING = re.compile(r"[- ](?:induced|related|associated|toxicity|side effects?|cough)\b", re.IGNORECASE)
_UNTAKEN = re.compile(
    r"(?:ran out of|out of|not taking|stopped taking|missed|skipp(?:ed|ing)|(?:nonadheren|noncomplian)(?:t"
    r"|ce) (?:to|with)|forgot)"
    r"\s+(?:(?:his|her|their|the|doses? of|home|any)\s+)*$",
    re.IGNORECASE,
)
_NOT_USED = re.compile(
    r"\b(?:(?:not|never|no longer|previously|formerly) (?:currently |been )?(?:on|tak(?:en|es|ing)|us(?:ed|es|ing))|off"
    r"|stopped(?: taking)?|discontinued|d/c'?ed|interested in (?:starting|taking)"
    r"|used to (?:be on|take|use|wear|have)|(?:requests?|wants?) to start)"
    r"\s+(?:(?:his|her|their|the|any|home|an|a)\s+)*$"
    r"|\b(?:in the past|previously|formerly|tried|failed|intolerant (?:of|to)|(?:not|n't) tolerated?|trials? of)\b"
    r"(?:(?!\b(?:now|currently|is|was|started|switched|changed)\b)[^.;:\n]){0,45}\Z"
    r"|\b(?:s/p|status[- ]post|after|following|completed|finished) (?:\w+ ){0,3}(?:treatment|therapy|course)"
    r" (?:with|of) (?:(?!\b(?:now|currently|is|was|started|switched|changed)\b)[^.;:\n]){0,45}\Z"
    r"|\b(?:previous|prior|past) (?:treatments?|therap(?:y|ies)|medications?|drugs|regimens?)\b"
    r"(?:(?!\b(?:now|currently|is|was|started|switched|changed)\b)[^.;\n]){0,60}\Z"
    r"|\bnon[- ]?\Z",
    re.IGNORECASE,
)
_STOPPED = re.compile(
    r"\s*[-(,:\u2013]?\s*(?:(?:use|therapy|treatment)\b,? )?(?:which |that )?(?:has |have |had )?(?:been )?"
    r"(?:was |were |now )?(?:since )?(?:stopped|discontinued|d/c'?e?d|completed|finished)\b"
    r"|(?:[^.;\n]|\.\d){0,30}\bbut (?:(?:unfortunately|,|she|he|this|it|has|have|was|is|been|since|recently|later|then"
    r"|had|to) )*(?:stop(?:ped)?|discontinued?|quit|(?:did not|didn't|could not|couldn't) tolerate)\b",
    re.IGNORECASE,
)
# Steroids for some days are no long-term use.
STEROIDS = "Z79.52"
_SHORT_BEFORE = re.compile(
    r"\b(?:received|given|treated with|placed on|iv|intravenous|pre-?op\w*|took a|dose of|course of|burst of|taper of"
    r"|injection of|injected)\b[^.;\n]{0,30}\Z",
    re.IGNORECASE,
)
_SHORT_AFTER = re.compile(
    r"[^.;,\n]{0,30}\b(?:dose ?pa[ck]k?|taper|burst|injection|x ?\d+(?:-\d+)? ?(?:d|days?|weeks?|doses?)?\b"
    r"|(?:was |were )?(?:given|administered)\b"
    r"|(?:daily )?for (?:\d+|\w+) (?:more )?days?)\b",
    re.IGNORECASE,
)
# "Aspirin-exacerbated respiratory disease": it is not taken.
_ILL_WITH = re.compile(
    r"[- ](?:exacerbated|sensitiv\w+|intoleran\w+|allerg\w+|naive|free|na\u00efve)\b"
    r"|(?<=insulin) (?:levels?|secretion|production|deficien\w+)\b",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(r"[^.;\n]{0,12}\((?:not taking|ran out|nonadherent|noncompliant)", re.IGNORECASE)
# "Start apixaban in 7 days" is not taken yet, "restart" was.
_TO_START = re.compile(r"\b(?:start|begin|initiate)\s+\Z", re.IGNORECASE)
_LATER = re.compile(r"[^.;\n]{0,20}\b(?:in|after) \w+ (?:days?|weeks?|months?)\b", re.IGNORECASE)
_ONCE = re.compile(
    r"\s*(?:\d[\d.,]* ?m?c?g )?(?:was |were )?(?:given|administered|x ?1|once)\b(?! (?:by|at home|daily))",
    re.IGNORECASE,
)


def is_allergy(note: Note, said: Said) -> bool:
    """Whether a drug is told as an allergy outside their list: "allergic to", or by what it did."""
    first, last = said.places[0], said.places[-1]
    around = range(max(first - _WORDS, 0), min(last + _WORDS + 1, len(note.words)))
    named = any(
        note.sentence[place] == note.sentence[first] and not _ALLERGIC.isdisjoint(note.own[place])
        for place in around
    )
    return named or _reaction(note, said) is not None


def is_cause(note: Note, said: Said, before: str) -> bool:
    """Whether a drug is the cause of something: "due to lithium", "lithium-induced"."""
    caused = _CAUSED.search(before) and not _LEFT_OFF.search(before)
    return bool(caused or _CAUSING.match(note.text, said.end))


def is_untaken(note: Note, said: Said, before: str) -> bool:
    """Whether a drug that the patient should take is not taken."""
    return bool(_UNTAKEN.search(before) or _NOT_TAKEN.match(note.text, said.end))


def is_unused(note: Note, said: Said, before: str) -> bool:
    """Whether a drug or device was stopped, given once, tried in the past, or what makes one ill."""
    after = any(one.match(note.text, said.end) for one in (_STOPPED, _ONCE, _ILL_WITH))
    later = _TO_START.search(before) and _LATER.match(note.text, said.end)
    return bool(after or later or _NOT_USED.search(before))


def is_short(note: Note, said: Said, before: str) -> bool:
    """Whether a drug is taken for days: no long-term use."""
    return bool(_SHORT_BEFORE.search(before) or _SHORT_AFTER.match(note.text, said.end))


def reactions(note: Note, found: Iterable[Said]) -> list[tuple[int, int]]:
    """Where reactions to drugs that are allergies stand, in characters."""
    told = (_reaction(note, said) for said in found if ALLERGIES in said.status)
    return [one for one in told if one]


def _reaction(note: Note, said: Said) -> tuple[int, int] | None:
    """Where the reaction to a drug stands, in characters, if it is told right beside."""
    if after := _REACTS.match(note.text, said.end):
        return after.span()
    before = _REACTED.search(note.text, max(said.start - _BESIDE, 0), said.start)
    return before.span() if before else None
