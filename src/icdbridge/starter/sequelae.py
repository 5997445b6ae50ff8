"""Sequelae of a stroke: what stays behind is coded I69, not as a deficit of its own (guideline I.C.9.d)."""

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.starter.cues import cue
from icdbridge.starter.lines import Line, asserted, doubt, line_by_rule
from icdbridge.starter.note_reading import Note
from icdbridge.starter.tree import Tree

_STROKE = ("I63", "I64", "Z86.73", "I69.3")
# Deficit -> its code after a cerebral infarction, and whether the deficit is coded beside it.
_AFTER = {row["deficit"]: (row["after"], row["kept"] == "1") for row in read_csv("sequelae")}
_OF_NOW = {after: deficit for deficit, (after, _) in _AFTER.items()}  # of a stroke of this stay
# Weakness of one side after a stroke is hemiparesis; where dominance is not said, the right side is (I.C.6.a).
_WEAKNESS, _HEMIPARESIS = "R53.1", {"right": "G81.91", "left": "G81.94"}
_SIDED = 3  # words before or after weakness that say its side
_REASON_NOW = "deficit of a cerebral infarction of this stay"
REASON = "sequela of a cerebral infarction (I.C.9.d)"


def code_sequelae(note: Note, lines: list[Line], tree: Tree) -> None:
    """Turns deficits said to be left by a stroke, or all of them in rehabilitation and long-term care, into I69."""
    strokes = [line for line in asserted(lines) if tree.codes[line.code].startswith(_STROKE)]
    if not strokes:
        return
    named = [line for line in strokes if tree.codes[line.code].startswith("I69.3") and line.origin == "said"]
    later = note.of_later_care
    infarction = any(tree.codes[line.code].startswith("I63") for line in strokes)
    # of a stroke that has just been, what is left at discharge are its own deficits
    if infarction and not later and note.says("stroke just now"):
        for line in asserted(lines):
            if (deficit := _OF_NOW.get(tree.codes[line.code])) is not None:
                line_by_rule(lines, int(tree.default[tree.number[deficit]]), _REASON_NOW, line.said)
                doubt(line, _REASON_NOW)
        return
    found = any(tree.codes[line.code] != "I69.30" for line in named)
    for line in list(asserted(lines)):
        code = tree.codes[line.code]
        if code == _WEAKNESS:
            code = _HEMIPARESIS.get(_side(note, line), code)
        after = next((then for deficit, then in _AFTER.items() if code.startswith(deficit)), None)
        if after is None or not (later or any(_left_behind(note, one.start, one.end) for one in line.said)):
            continue
        found = True
        line_by_rule(lines, tree.number[after[0]], REASON, line.said)
        if not after[1]:  # the deficit is not coded beside it
            doubt(line, REASON)
    for line in strokes if found or later else ():
        code = tree.codes[line.code]
        if code.startswith("I63") or (found and (line not in named or code == "I69.30")):
            doubt(line, REASON)


def _side(note: Note, line: Line) -> str:
    """The only side of the body that is said of a line's mentions; empty where there is none."""
    around = {
        side
        for one in line.said
        for place in range(max(one.places[0] - _SIDED, 0), min(one.places[-1] + _SIDED + 1, len(note.words)))
        for side in _HEMIPARESIS
        if side in note.own[place] and note.sentence[place] == note.sentence[one.places[0]]
    }
    return around.pop() if len(around) == 1 else ""


def _left_behind(note: Note, start: int, end: int) -> bool:
    """Whether the sentence around a mention says that a stroke left it."""
    before = max(note.text.rfind(mark, 0, start) for mark in ("\n", ". ", ";"))
    after = min(
        (place for mark in ("\n", ". ", ";") if (place := note.text.find(mark, end)) >= 0),
        default=len(note.text),
    )
    return bool(cue("left by a stroke").within(note.text, before + 1, after))
