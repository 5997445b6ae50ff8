"""What operations leave behind: not there yet, no longer there, or of this very operation, when it is no status yet."""

import re
from collections.abc import Iterable

from icdbridge.starter.cues import cue
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, sentence_of, tells
from icdbridge.starter.tree import Tree

# What an operation leaves: in its own report it is no status yet. "Previous", "status post" and a past tense tell it.
_STATUSES = ("Z90", "Z93", "Z94", "Z95", "Z96", "Z98")
_ANY_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DOING = ("procedures", "findings", "diagnoses")  # sections of what is done and found
# A stent of this stay is no status yet.
_STENT = "Z95.5"
_BEFORE_SURGERY = "Z01.81"  # the examination before it is another encounter
OF_SURGERY = (_BEFORE_SURGERY, *_STATUSES)
_IMPLANTED = ("Z93", "Z94", "Z95", "Z96", "Z97")  # in a plan they are what will be done
_OPERATED = ("Z89", "Z90", "Z98.84", *_IMPLANTED)


def is_not_there(note: Note, said: Said, named: str, tree: Tree) -> bool:
    """Whether what a mention stands for is planned, or was taken out again. ``named``: the code that its words name."""
    codes = (named, *(tree.codes[code] for code in said.status.values()))
    if named.startswith(_IMPLANTED) and note.section[said.places[0]] == "plan":
        return not note.touched(said.places, "historical")
    if any(code.startswith(_OPERATED) for code in codes) and tells(note, said, "not yet there"):
        return True
    return any(code.startswith(_IMPLANTED) for code in codes) and tells(note, said, "no longer there")


def is_of_this_surgery(note: Note, said: Said, code: str) -> bool:
    """Whether a code of ``OF_SURGERY`` tells what the operation of this note, or of this stay, does."""
    if code == _STENT and note.says("stented now"):
        return True
    return bool(cue("this operation").within(note.text, *sentence_of(note, said))) or (
        note.says("operation report") and (code.startswith(_BEFORE_SURGERY) or _is_done_now(note, said))
    )


def left_now(note: Note, found: Iterable[Said], tree: Tree, *, inpatient: bool) -> set[int]:
    """The statuses that operations of this encounter leave, those that its own section of procedures names without a
    year: the next encounter has them."""
    of_today = inpatient or note.says("procedure of today")
    named_there = [
        said
        for said in found
        if _is_this_delivery(note, said)
        or (
            of_today
            and note.section[said.places[0]] == "procedures"
            and not note.touched(said.places, "historical")
            and not _has_year(note, said)
        )
    ]
    codes = {code for said in named_there for code in (said.code, *said.status.values())}
    return {code for code in codes if code >= 0 and tree.codes[code].startswith(_STATUSES)}


def _is_this_delivery(note: Note, said: Said) -> bool:
    """Whether a cesarean is how the child of this note was born: it has left no scar before."""
    begin, end = sentence_of(note, said)
    return (
        bool(cue("cesarean").within(note.text, said.start, said.end))
        and bool(cue("this delivery").within(note.text, begin, end))
        and not cue("earlier delivery").within(note.text, begin, end)
    )


def _has_year(note: Note, said: Said) -> bool:
    return _ANY_YEAR.search(note.text, *sentence_of(note, said)) is not None


def _is_done_now(note: Note, said: Said) -> bool:
    """Whether a mention stands where a report tells what is done and found, or in a sentence of doing."""
    return note.section[said.places[0]] in _DOING or bool(
        cue("operating").within(note.text, *sentence_of(note, said))
    )
