"""What is told to be gone: symptoms that resolved, organs that were taken out, infections of months ago."""

from icdbridge.starter.cues import REACH
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, tells

# What is no disease but a symptom, also by other chapters than R.
SYMPTOMS = ("R", "K62.5", "K92", "M25.5", "M54", "N92", "N93", "H53", "H57.1", "G89")
_REMOVED = (
    "K35", "K36", "K37", "K57", "K63.1", "K80", "K81", "D25", "N80", "J35", "N83.2", "D27", "C18", "C64",
)  # fmt: skip
# Injuries and their causes; what comes in episodes.
_INJURIES = ("S", "T", "V", "W", "X")
_EPISODES = ("F32", "F33", "F50", "J45", "G40", "R56")
# Infections pass: "pneumonia last month", "last year with pneumonia".
_INFECTIONS = (
    "J0", "J10", "J12", "J13", "J14", "J15", "J18", "J20", "J21", "U07.1", "N10", "N30.0", "N39.0", "A0", "A41",
    "H66", "L03", "K81.0",
)  # fmt: skip


def text_before(note: Note, said: Said) -> str:
    """What stands right before a mention."""
    return note.text[max(said.start - REACH, 0) : said.start]


def is_gone(note: Note, said: Said, code: str) -> bool:
    """Whether what is said is over: a symptom that the next sentence says is gone ("pain in the left shoulder. This has
    since resolved."), an infection of months ago, or why one was operated on before ("cholecystectomy for gallstones").
    """
    return (
        (code[:1] != "Z" and tells(note, said, "gone in a year"))
        or (code.startswith(SYMPTOMS) and tells(note, said, "resolved then"))
        or (code.startswith(_INJURIES) and tells(note, said, "at an age"))
        or (code.startswith(_EPISODES) and tells(note, said, "treated once"))
        or (code.startswith(_INFECTIONS) and tells(note, said, "months ago"))
        or (not note.says("operation report") and tells(note, said, "operated for"))
    )


def operated_then(note: Note, said: Said, code: str) -> bool:
    """Whether an organ was taken out for what is said before a visit: "had appendicitis and underwent appendectomy"."""
    return code.startswith(_REMOVED) and not _of_this_operation(note) and tells(note, said, "operated then")


def has_had(note: Note, said: Said) -> bool:
    """Whether a patient had an operation: not the one of this report."""
    return not _of_this_operation(note) and tells(note, said, "had")


def _of_this_operation(note: Note) -> bool:
    """Whether a note is of an operation, or of the days after it in the same stay."""
    return note.says("operation report") or note.says("days after an operation")
