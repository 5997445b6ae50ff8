"""What operations leave behind: not there yet, no longer there, or of this very operation, when it is no status yet."""

import re
from collections.abc import Iterable

from icdbridge.lexical.sentences import sentence_around
from icdbridge.starter.gone import text_before
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said
from icdbridge.starter.tree import Tree

# What an operation leaves: in its own report it is no status yet. "Previous", "status post" and a past tense tell it.
_STATUSES = ("Z90", "Z93", "Z94", "Z95", "Z96", "Z98")
_ANY_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DOING = ("procedures", "findings", "diagnoses")  # sections of what is done and found
_DONE_NOW = re.compile(
    r"\b(?:implant(?:ed|ation|ing)?|plac(?:ed|ement|ing)|insert(?:ed|ion|ing)?|deploy\w*|stent(?:ed|ing)|inject(?:ed|ion)|pulled|tied|sutured|secured|remov(?:ed|al|ing)"
    r"|excis\w+|resect\w*|specimens?|cement\w*|component|prosthesis|delivered|creat\w+|anastomos\w+|procedures?)\b"
    r"|(?:->|\u2192|with|receiv\w+|x ?\d) ?DES\b|\bDES x ?\d",
    re.IGNORECASE,
)
# "PROCEDURE:" of a short report; several "procedures" may be those of the past.
_OF_TODAY = re.compile(
    r"\b(?:procedure|operation)s? ?(?:performed|done|note|in detail)?\s?:(?<!s:)", re.IGNORECASE
)
_CESAREAN = re.compile(r"\b(?:c[-/ ]?sections?|c/s|cs|l[ts]?cs|pltcs|c(?:es|aes)arean\w*)\b", re.IGNORECASE)
_THIS_DELIVERY = re.compile(
    r"\bprimary\b|\bat \d\d ?(?:\d/7|w|\+)|\bpost-?partum\b|\bPPD|\bPOD"
    r"|\b(?:for|due to|secondary to) (?:\w+ )?(?:arrest|fail\w+|NRFHT|non-?reassuring|fetal)",
    re.IGNORECASE,
)
_EARLIER_DELIVERY = re.compile(
    r"\b(?:prior|previous|hx|history|h/o|x ?\d|repeat|TOLAC|VBAC|desires|now pregnant|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
# A stent of this stay is no status yet.
_STENT = "Z95.5"
_STENTED_NOW = re.compile(
    r"\bN?STEMI\b[^.;\n]{0,40}\b(?:pci|des|stent\w*|bms)\b"
    r"|\b(?:taken|brought|went|rushed|transferred) (?:\w+ ){0,2}to (?:the )?(?:cath|cardiac cath\w*)\b"
    r"|\b(?:emergent|emergency|urgent|primary) (?:cath\w*|pci|left heart cath\w*|coronary angiogra\w+)",
    re.IGNORECASE,
)
_BEFORE_SURGERY = "Z01.81"  # the examination before it is another encounter
OF_SURGERY = (_BEFORE_SURGERY, *_STATUSES)
_IMPLANTED = ("Z93", "Z94", "Z95", "Z96", "Z97")  # in a plan they are what will be done
_OPERATED = ("Z89", "Z90", "Z98.84", *_IMPLANTED)
_NOT_YET = re.compile(
    r"\s+(?:(?:is|was|being|now|to be) )*(?:candida(?:te|cy)|eval(?:uation)?|work-?up|wait(?:ing )?-?list"
    r"|list(?:ing|ed)?|referral|planned|scheduled|pending|anticipated|recommended|offered|consult|tomorrow"
    r"|next (?:week|month))\b",
    re.IGNORECASE,
)
# "Would like an IUD", "to discuss IUD": it is not there.
_WISHED = re.compile(
    r"\b(?:wants?|wanting|would like|desir(?:es?|ing)|request(?:s|ed|ing)?|interested in|consider(?:s|ed|ing)?|options?"
    r"|discuss(?:ed|ing|ion)?(?: about| of)?|talk(?:ed|ing)? about|declin(?:es?|ed)|refus(?:es?|ed)|offer(?:s|ed|ing)?"
    r"|counsel\w+"
    r"|thinking (?:about|of)|candidate for|refer(?:red|ral)? for|(?:to|will) (?:get|have|undergo)|recommend(?:s|ed)?)"
    r"(?: (?:to|getting|having|on|about|regarding|a|an|the|her|his|possible|new|receive|get|have|discuss|undergo"
    r"|for)\b)*"
    r"\s+(?:\w+ ){0,1}\Z",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\s+(?:(?:has|have|had|was|been|is|now|since|tube) )*(?:removed|out\b|d/?c'?e?d|discontinued|decannulated"
    r"|explanted|reversed|taken down)",
    re.IGNORECASE,
)


def is_not_there(note: Note, said: Said, named: str, tree: Tree) -> bool:
    """Whether what a mention stands for is planned, or was taken out again. ``named``: the code that its words name."""
    codes = (named, *(tree.codes[code] for code in said.status.values()))
    if named.startswith(_IMPLANTED) and note.section[said.places[0]] == "plan":
        return not note.touched(said.places, "historical")
    not_yet = _NOT_YET.match(note.text, said.end) or _WISHED.search(text_before(note, said))
    planned = any(code.startswith(_OPERATED) for code in codes) and not_yet
    removed = any(code.startswith(_IMPLANTED) for code in codes) and _NO_LONGER.match(note.text, said.end)
    return bool(planned or removed)


def is_of_this_surgery(note: Note, said: Said, code: str) -> bool:
    """Whether a code of ``OF_SURGERY`` tells what the operation of this note, or of this stay, does."""
    if code == _STENT and _STENTED_NOW.search(note.text):
        return True
    return note.of_operation and (code.startswith(_BEFORE_SURGERY) or _is_done_now(note, said))


def left_now(note: Note, found: Iterable[Said], tree: Tree, *, inpatient: bool) -> set[int]:
    """The statuses that operations of this encounter leave, those that its own section of procedures names without a
    year: the next encounter has them."""
    of_today = inpatient or _OF_TODAY.search(note.text)
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
    begin, end = sentence_around(note.sentences, said.start) or (said.start, said.end)
    return (
        _CESAREAN.search(note.text, said.start, said.end) is not None
        and _THIS_DELIVERY.search(note.text, begin, end) is not None
        and not _EARLIER_DELIVERY.search(note.text, begin, end)
    )


def _has_year(note: Note, said: Said) -> bool:
    begin, end = sentence_around(note.sentences, said.start) or (said.start, said.end)
    return _ANY_YEAR.search(note.text, begin, end) is not None


def _is_done_now(note: Note, said: Said) -> bool:
    """Whether a mention stands where a report tells what is done and found, or in a sentence of doing."""
    begin, end = sentence_around(note.sentences, said.start) or (said.start, said.end)
    return note.section[said.places[0]] in _DOING or _DONE_NOW.search(note.text, begin, end) is not None
