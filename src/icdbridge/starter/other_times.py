"""Finds mentions of another time: past conditions, long past ones, and those of another encounter."""

import re
from collections.abc import Iterable

from icdbridge.knowledge.companions import history_of
from icdbridge.starter.gone import SYMPTOMS, has_resolved, is_passed, operated_then, text_before
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said
from icdbridge.starter.surgical_status import OF_SURGERY, is_of_this_surgery
from icdbridge.starter.tree import Tree

# Injuries, fractures of ill bones, and external causes: past ones leave no disease that stays.
_INJURIES = ("S", "T", "M48.5", "M80", "M84", "V", "W", "X")
_ORGANISMS = ("B95", "B96", "B97")  # of an earlier culture
_MENDED = re.compile(
    r"\b(?:ORIF|CRPP|fixation|nail(?:ing)?|pinning|repair|hemiarthroplasty|THA)\b[^.;\n]{0,30}\Z",
    re.IGNORECASE,
)
_MENDABLE = ("K40", "K41", "K42", "K43", "K44", "K45", "K46", "Q")
_REPAIRED = re.compile(
    r"[\s,(-]{1,3}(?:(?:was|were|has been|have been|now|surgically|bl|b/l|bilaterally|left|right|[lr]) )*"
    r"(?:repaired|corrected)\b(?! (?:today|tomorrow|next))",
    re.IGNORECASE,
)
_HEALED = re.compile(
    r"[\s,(-]{1,3}(?:(?:is|has|now|well|fully|completely|since|been) )*healed\b", re.IGNORECASE
)
_PASSING = ("R", "K92.0", "K92.1", "K92.2", "K62.5", "N93.9")
_NEXT_WORD = 12  # characters
_DONE = re.compile(
    r"\b(?:surgery|repair(?:ed)?|extraction|removal|removed|resection|excision|excised|phaco\w*)\b",
    re.IGNORECASE,
)
# "Resolved with labetalol": it was there in this encounter.
_TREATED_NOW = re.compile(r"\s+(?:w/|with|after|following|s/p)\s", re.IGNORECASE)
RESOLVED = re.compile(
    r"[\s,(-]{1,3}(?:(?!not |un)\w+ ){0,2}(?:resolved|subsided|abated|gone)\b", re.IGNORECASE
)
# What one comes for is over where it is past: "s/p sterilization", "after circumcision".
_COME_FOR = ("Z30.2", "Z40", "Z41")
_OVER = re.compile(
    r"\b(?:s/p|status[- ]post|after|following|since|previous|prior|past|history of|hx of|h/o)\b"
    r"[^.;\n]{0,40}\Z",
    re.IGNORECASE,
)
_EARLY = "P07"  # born early or small: of a newborn; later it is how the child was born
_AT_BIRTH = re.compile(r"\b(?:birth history|born|(?:his|her) birth)\b[^.;\n]{0,40}\Z", re.IGNORECASE)
_ONCE_EARLY = re.compile(r"\b(?:ex|former|formerly|history of|h/o)\b", re.IGNORECASE)
_INFANT = re.compile(
    r"\b(?:[2-9]|[1-9]\d)[- ]?mo(?:nth)?s?[- ]?(?:old|o)\b"
    r"|\b\d{1,2}[- ](?:year|yr)s?[- ]old (?:\w+ ){0,3}(?:boy|girl|child|toddler)\b",
    re.IGNORECASE,
)
# What is left of it, for which it is coded also later (I.C.16.d).
_BY_BIRTH = re.compile(
    r"of prematurity\b|bronchopulmonary dysplasia|\bBPD\b|\bROP\b|chronic lung disease|intraventricular hemorrhage",
    re.IGNORECASE,
)
# "Cholecystectomy in 2008 for gallstones": they are gone with the gallbladder; "prior C-section for breech".
_OPERATED_FOR = re.compile(
    r"(?:\b(?:\w+ectomy|RAI|radioiodine|radioactive iodine)\b"
    r"|\b(?:(?:liver|kidney|renal|heart|lung|pancreas) )?transplant\w*|\b(?:DD|LD|LR|DR)[RK]T|\bOLT|\bOHT"
    r"|\b(?:prior|previous|past|h/o|hx of|history of|s/p|status[- ]post) (?:[\w-]+ ){0,2}"
    r"(?:c[-/ ]?sections?|c(?:es|aes)arean\w*|c/?s|ltcs)\b)"
    r"[^.;\n]{0,90}\b(?:for|due to|secondary to|because of)\s+(?:\w+ ){0,3}\Z",
    re.IGNORECASE,
)
_IN_YEAR = re.compile(
    r"\s*(?:[(\[](?:CMS[/ -])?HCC[)\]])?\s*(?:[(,]|in|since|back in|circa)?\s*"
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?(?: of)?\s+)?((?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def is_of_another_time(note: Note, said: Said, code: str) -> bool:
    """Whether a code is not this encounter's: of a pregnancy where the note tells of none, what an operation leaves in
    the report of that operation, or what one came for at another time.
    """
    before = text_before(note, said)
    if code.startswith("O"):
        return not note.of_pregnancy or _AT_BIRTH.search(before) is not None
    if code.startswith(("Z33", "Z34")):
        return note.of_newborn or note.marked(said.places, "historical")
    if code.startswith(_EARLY):
        born = _AT_BIRTH.search(before) or "born" in note.text[said.start : said.end].lower()
        later = note.says(_INFANT) and _ONCE_EARLY.search(note.text, max(said.start - 12, 0), said.end)
        return bool(born or later) and not (note.of_newborn or note.says(_BY_BIRTH))
    if not code.startswith((*_COME_FOR, *OF_SURGERY)):
        return False
    past = note.touched(said.places, "historical") or _OVER.search(before) is not None
    return past if code.startswith(_COME_FOR) else not past and is_of_this_surgery(note, said, code)


def now_resolved(note: Note, found: Iterable[Said]) -> set[int]:
    """The codes that an assessment calls resolved: what stands of them before is past too."""
    return {
        said.code
        for said in found
        if said.named >= 0
        and note.section[said.places[0]] in ("assessment", "diagnoses")
        and (gone := RESOLVED.match(note.text, said.end))
        and not _TREATED_NOW.match(note.text, gone.end())
    }


def is_over(note: Note, said: Said, code: str) -> bool:
    """Whether what is past leaves nothing to code: an injury, a fracture, what has healed or was operated on, a symptom
    that has resolved.
    """
    mended = note.days_after and _MENDED.search(text_before(note, said)) is not None  # in this stay
    return (
        (code.startswith(_INJURIES) and not code.endswith("D") and not mended)
        or code.startswith(_ORGANISMS)
        or _HEALED.match(note.text, said.end) is not None
        or _DONE.search(note.text, said.start, said.end + _NEXT_WORD) is not None
        or operated_for(note, said)
        or (code.startswith("R") and RESOLVED.match(note.text, said.end) is not None)
        or has_resolved(note, said, code)
        or operated_then(note, said, code)
        or is_passed(note, said, code)
        or (code.startswith(_PASSING) and long_ago(note, said))
    )


def is_repaired(note: Note, said: Said, code: str) -> bool:
    """Whether a hernia or a malformation was mended before this encounter."""
    return (
        code.startswith(_MENDABLE)
        and not note.of_operation
        and _REPAIRED.match(note.text, said.end) is not None
    )


def operated_for(note: Note, said: Said) -> bool:
    """Whether what is said is why an organ was taken out before this encounter."""
    return not note.of_operation and _OPERATED_FOR.search(text_before(note, said)) is not None


# "Carcinoma s/p ablation 2022, no recurrence"; while it is treated it is there (I.C.2.m).
_NO_RECURRENCE = re.compile(
    r"(?:[^.;\n]|\.\d){0,60}\b(?:(?:no|without) (?:evidence of )?(?:recurren\w+|residual disease)|NED"
    r"|no evidence of disease|disease[- ]free|cured)\b",
    re.IGNORECASE,
)
_TREATED = re.compile(r"\b(?:on|adjuvant|maintenance|continu\w+|taking|cycle)\b", re.IGNORECASE)


def is_cured(note: Note, said: Said, code: str) -> bool:
    """Whether a cancer of an organ is told not to have come back, and not to be treated."""
    found = _NO_RECURRENCE.match(note.text, said.end) if "C00" <= code[:3] <= "C75" else None
    return found is not None and not _TREATED.search(note.text, said.end, found.end())


# "Admitted with a history of rectal bleeding" has it still, as a symptom is why one came.
_CAME_WITH = re.compile(
    r"\b(?:admitted|presents?|presented|presenting|came|comes|brought|seen|referred)\b[^.;\n]{0,40}"
    r"\bwith (?:an? )?(?:[\w-]+ ){0,3}history of [^.;\n]{0,40}\Z",
    re.IGNORECASE,
)
# Who smokes, drinks or takes drugs in a list of past diseases does so, if nothing right beside says that this is past.
_HABITS = ("F1", "Z72.0")  # F10 to F19
_LIST_OF_PAST = re.compile(r"\b(?:history|p?m?hx?)(?: ?:| (?!of\b))[^\n]*\Z", re.IGNORECASE)
_GIVEN_UP = re.compile(
    r"\b(?:former|ex|quit|stopped|remote|prior|previous|past|used to be an?|(?:history|hx|h/o)(?: of)?)"
    r"[\s-]+(?:\w+ )?\Z",
    re.IGNORECASE,
)
_GIVEN_UP_LATER = re.compile(
    r"[^.;\n]{0,20}\b(?:former\w*|quit|stopped|ago|years?|pk|not any ?more|sober|clean|remission|recover\w+|abstinen\w+"
    r"|last (?:drink|use)|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
# An infarction of the last four weeks is still acute (I.C.9.e.1).
_OF_FOUR_WEEKS, _FOUR_WEEKS = ("I21", "I22"), 28  # days
_AGO = re.compile(
    r"[\s,(]{1,2}(?:about |approx\w* |~ ?)?(\d{1,2}) ?-?(d|w)(?:ays?|eeks?|ks?)? (?:ago|prior|post)\b",
    re.IGNORECASE,
)
# Chronic leukemia and myeloma stay, also among past diseases, if none is told to be in remission or cured.
_STAYING = ("C90.0", "C91.1", "C92.1", "C94.6", "D45", "D46", "D47")
_CURED = re.compile(
    r"\bremission\b|\bcured\b|\b(?:marrow|stem cell) transplant|\b(?:BMT|SCT|HSCT)\b", re.IGNORECASE
)
_SPREAD = re.compile(r"\bmeta?sta\w+|\bmets\b", re.IGNORECASE)
_SECONDARY = ("C77", "C78", "C79")
# characters before a metastasis, before another cancer, and behind one "that has metastasized"
_SPREAD_TO, _SPREADING, _HAS_SPREAD = 60, 15, 30


def is_still_there(note: Note, said: Said, code: str) -> bool:
    """Whether what stands among past things is there: a symptom that one came with, a cancer that has spread."""
    if code.startswith(SYMPTOMS):
        return _CAME_WITH.search(text_before(note, said)) is not None
    if code.startswith(_HABITS):
        given_up = _GIVEN_UP.search(text_before(note, said)) or _GIVEN_UP_LATER.match(note.text, said.end)
        return given_up is None and _LIST_OF_PAST.search(text_before(note, said)) is not None
    if code.startswith(_OF_FOUR_WEEKS):
        ago = _AGO.match(note.text, said.end)
        return ago is not None and int(ago[1]) * (7 if ago[2].lower() == "w" else 1) <= _FOUR_WEEKS
    if code.startswith(_STAYING):
        return not note.says(_CURED)
    if not code.startswith("C"):
        return False
    before = _SPREAD_TO if code.startswith(_SECONDARY) else _SPREADING
    return _SPREAD.search(note.text, max(said.start - before, 0), said.end + _HAS_SPREAD) is not None


def is_remitted(tree: Tree, said: Said) -> bool:
    """Whether a mention is of a disease in remission with a code of its own: such a disease is not past (I.C.2.n)."""
    return said.named >= 0 and "in remission" in tree.titles[said.code].lower()


def past_code(tree: Tree, code: int) -> int:
    """The code of a past disease, -1 where it has none of its own."""
    then = history_of(tree.codes[code])
    return -1 if then is None else tree.number.get(then, -1)


def long_ago(note: Note, said: Said) -> bool:
    """Whether a year stands behind the mention that is earlier than the latest year of the note."""
    found = _IN_YEAR.match(note.text, said.end)
    return found is not None and (int(found[1]) < note.year or note.years == 1)
