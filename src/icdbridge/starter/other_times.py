"""Finds mentions of another time: past conditions, long past ones, and those of another encounter."""

import re
from collections.abc import Iterable

from icdbridge.knowledge.companions import history_of
from icdbridge.starter.cues import cue
from icdbridge.starter.gone import SYMPTOMS
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, tells
from icdbridge.starter.surgical_status import OF_SURGERY, is_of_this_surgery
from icdbridge.starter.tree import Tree

# Injuries, fractures of ill bones, and external causes: past ones leave no disease that stays.
_INJURIES = ("S", "T", "M48.5", "M80", "M84", "V", "W", "X")
_ORGANISMS = ("B95", "B96", "B97")  # of an earlier culture
_MENDABLE = ("K40", "K41", "K42", "K43", "K44", "K45", "K46", "Q")
_PASSING = (
    "R", "K92.0", "K92.1", "K92.2", "K62.5", "N93.9", "F10.23", "A0", "A4", "J0", "J1", "J20", "J21", "J22", "J80",
    "J96.0", "K35", "K81.0", "K85", "L03", "N10", "N17", "N30.0", "N39.0", "E86", "E87", "G00", "I30", "U07.1", "O",
)  # fmt: skip
_NEXT_WORD = 12  # characters
# What one comes for is over where it is past: "s/p sterilization", "after circumcision".
_COME_FOR = ("Z30.2", "Z40", "Z41")
_DELIVERIES = ("O80", "O82")
_OF_DELIVERY = (
    "O24.4",
    "O6",
    "O70",
    "O71",
    "O72",
    "O73",
    "O74",
    "O75",
    "O76",
    "O77",
)  # over at a later visit
_EARLY = "P07"  # born early or small: of a newborn; later it is how the child was born
_IN_YEAR = re.compile(
    r"\s*(?:from (?:an? )?\w+ )?(?:[(\[](?:CMS[/ -])?HCC[)\]])?\s*(?:[(,]|in|since|back in|circa)?\s*"
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?(?: of)?\s+)?((?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def is_of_another_time(note: Note, said: Said, code: str) -> bool:
    """Whether a code is not this encounter's: of a pregnancy where the note tells of none, what an operation leaves in
    the report of that operation, or what one came for at another time.
    """
    if code.startswith("O"):
        born = code.startswith(_DELIVERIES) and (
            not note.says("delivery") or note.says("long after a delivery")
        )
        past = code.startswith(_OF_DELIVERY) and note.says("long after a delivery")
        return (
            born
            or past
            or note.of_newborn
            or not note.of_pregnancy
            or tells(note, said, "at birth")
            or long_ago(note, said)
        )
    if code.startswith(("Z33", "Z34")):
        return note.of_newborn or note.marked(said.places, "historical")
    if code.startswith(_EARLY):
        born = tells(note, said, "at birth") or "born" in note.text[said.start : said.end].lower()
        once = cue("once early").within(note.text, max(said.start - 12, 0), said.end)
        later = once and note.says("infant")
        # what is left of it, for which it is coded also later (I.C.16.d)
        return bool(born or later) and not (note.of_newborn or note.says("left by early birth"))
    if not code.startswith((*_COME_FOR, *OF_SURGERY)):
        return False
    past = note.touched(said.places, "historical") or tells(note, said, "over")
    return past if code.startswith(_COME_FOR) else not past and is_of_this_surgery(note, said, code)


def now_resolved(note: Note, found: Iterable[Said]) -> set[int]:
    """The codes that an assessment calls resolved: what stands of them before is past too."""
    return {
        said.code
        for said in found
        if said.named >= 0
        and note.section[said.places[0]] in ("assessment", "diagnoses")
        and (gone := cue("resolved").behind(note.text, said.end))
        # "resolved with labetalol": it was there in this encounter
        and not cue("treated now").behind(note.text, gone.end())
    }


def is_over(note: Note, said: Said, code: str) -> bool:
    """Whether what is past, and not yet gone, leaves nothing to code: an injury, a fracture, what has healed."""
    section = note.section[said.places[0]]
    mended = note.says("days after an operation") and tells(note, said, "mended")  # in this stay
    return (
        (code.startswith(_INJURIES) and not code.endswith("D") and not mended)
        or code.startswith(_ORGANISMS)
        or section == "resolved"
        or tells(note, said, "healed")
        or cue("operation done").within(note.text, said.start, said.end + _NEXT_WORD) is not None
        or ((code.startswith("R") or section == "past_medical") and tells(note, said, "resolved"))
        or (code.startswith(_PASSING) and long_ago(note, said))
    )


def is_repaired(note: Note, said: Said, code: str) -> bool:
    """Whether a hernia or a malformation was mended before this encounter."""
    return code.startswith(_MENDABLE) and not note.says("operation report") and tells(note, said, "repaired")


def is_cured(note: Note, said: Said, code: str) -> bool:
    """Whether a cancer of an organ is told not to have come back ("s/p ablation 2022, no recurrence"), and not to be
    treated: then it is there (I.C.2.m).
    """
    if not "C00" <= code[:3] <= "C75":
        return False
    if tells(note, said, "years after"):
        return True
    found = cue("no recurrence").behind(note.text, said.end)
    return found is not None and not cue("being treated").within(note.text, said.end, found.end())


# Who smokes, drinks or takes drugs in a list of past diseases does so, if nothing right beside says that this is past.
_HABITS = ("F1", "Z72.0")  # F10 to F19
# An infarction of the last four weeks is still acute (I.C.9.e.1).
_OF_FOUR_WEEKS, _FOUR_WEEKS = ("I21", "I22"), 28  # days
_AGO = re.compile(
    r"[\s,(]{1,2}(?:about |approx\w* |~ ?)?(\d{1,2}) ?-?(d|w)(?:ays?|eeks?|ks?)? (?:ago|prior|post)\b",
    re.IGNORECASE,
)
# Chronic leukemia and myeloma stay, also among past diseases, if none is told to be in remission or cured.
_STAYING = ("C90.0", "C91.1", "C92.1", "C94.6", "D45", "D46", "D47")
_SECONDARY = ("C77", "C78", "C79")
# characters before a metastasis, before another cancer, and behind one "that has metastasized"
_SPREAD_TO, _SPREADING, _HAS_SPREAD = 60, 15, 30


def is_still_there(note: Note, said: Said, code: str) -> bool:
    """Whether what stands among past things is there: a symptom that one came with ("admitted with a history of rectal
    bleeding"), a cancer that has spread.
    """
    if code.startswith(SYMPTOMS):
        return tells(note, said, "came with")
    if code.startswith(_HABITS):
        return tells(note, said, "list of the past") and not tells(note, said, "given up")
    if code.startswith(_OF_FOUR_WEEKS):
        ago = _AGO.match(note.text, said.end)
        return ago is not None and int(ago[1]) * (7 if ago[2].lower() == "w" else 1) <= _FOUR_WEEKS
    if code.startswith(_STAYING):
        return not note.says("cured")
    if not code.startswith("C"):
        return False
    before = _SPREAD_TO if code.startswith(_SECONDARY) else _SPREADING
    return cue("spread").within(note.text, max(said.start - before, 0), said.end + _HAS_SPREAD) is not None


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
