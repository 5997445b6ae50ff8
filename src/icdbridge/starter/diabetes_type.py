"""Applies the diabetes type that a note states to all its diabetes (I.C.4.a): "type 1 diabetes … diabetic foot".

Diabetes without a type is coded as type 2, so "diabetic foot ulcer" alone is E11.621.
"""

from collections.abc import Sequence

from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import Note
from icdbridge.starter.tree import Tree

UNSAID = "E11"
STATED = ("E08", "E09", "E10", "E13")
_TYPE_2 = "type2"
_BY_CAUSE = ("E08", "E09", "E13")


def of_one_type(note: Note, lines: Sequence[Line], tree: Tree) -> list[Line]:
    """The lines, those of diabetes without a type moved to the one other type that the note states."""
    asserted = [line for line in lines if line.said and line.origin == "said"]
    # "type 2 diabetes with steroid-induced hyperglycemia" is no diabetes by a drug
    typed = {
        place for line in asserted if _says_type_2(note, line) for one in line.said for place in one.places
    }
    for line in asserted:
        if tree.codes[line.code].startswith(_BY_CAUSE):
            line.said = [one for one in line.said if typed.isdisjoint(one.places)]
    lines = [line for line in lines if line.mentions or line not in asserted]
    asserted = [line for line in asserted if line.said]
    stated = {
        category
        for line in asserted
        for category in STATED
        if any(one.named >= 0 and tree.codes[one.named].startswith(category) for one in line.said)
    }
    untyped = [line for line in asserted if tree.codes[line.code].startswith(UNSAID)]
    if len(stated) != 1 or any(_says_type_2(note, line) for line in untyped):
        return list(lines)
    category = stated.pop()

    def moved(code: int) -> int:
        written = tree.codes[code]
        return tree.number.get(category + written[3:], code) if written.startswith(UNSAID) else code

    kept = {line.code: line for line in lines if line not in untyped}
    for line in untyped:
        line.code = moved(line.code)
        line.alternatives = {moved(code): None for code in line.alternatives}
        into = kept.setdefault(line.code, line)
        if into is not line:
            into.take_over(line)
    return list(kept.values())


def _says_type_2(note: Note, line: Line) -> bool:
    return any(_TYPE_2 in note.written(place) for one in line.said for place in one.places)
