"""Codes conditions of a newborn in chapter 16 where the index says so, and doubts the mother's conditions.

``newborn.csv`` of the knowledge base: ``codes``, and all that begin with them, are coded as ``then``.
"""

from functools import cache

from icdbridge.knowledge.companions import codes_in
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.starter.lines import Line, asserted, doubt, line_by_rule
from icdbridge.starter.note_reading import Note
from icdbridge.starter.tree import Tree

_OF_THE_MOTHER = ("O", "Z3A", "Z33", "Z34", "Z37", "Z39")
MOTHER = "the record is the newborn's: codes of chapter 15 are the mother's (I.C.15.a.1)"


def code_newborn(note: Note, lines: list[Line], tree: Tree) -> None:
    """Moves what the index codes otherwise in a newborn, and doubts what is the mother's."""
    if not note.of_newborn:
        return
    for line in list(asserted(lines)):
        written = tree.codes[line.code]
        if written.startswith(_OF_THE_MOTHER):
            doubt(line, MOTHER)
            continue
        then, reason = next(
            ((one, why) for codes, one, why in _table() if written.startswith(codes)), ("", "")
        )
        if then in tree.number:
            line_by_rule(lines, tree.number[then], reason, line.said)
            doubt(line, reason)


@cache
def _table() -> list[tuple[tuple[str, ...], str, str]]:
    return [(codes_in(row["codes"]), row["then"], row["source"]) for row in read_csv("newborn")]
