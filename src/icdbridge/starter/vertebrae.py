"""Compression fractures of vertebrae after a fall or crash are injuries, of the vertebra that is named (index:
Fracture, vertebra); without one they are collapsed vertebrae.
"""

import re
from collections.abc import Iterator

from icdbridge.starter.cues import cue
from icdbridge.starter.lines import Line, asserted, line_by_rule
from icdbridge.starter.note_reading import Note
from icdbridge.starter.said import Said, sentence_of
from icdbridge.starter.tree import Tree

_COLLAPSED = {"M48.54XA": "thoracic", "M48.56XA": "lumbar"}
_EXTERNAL = ("V", "W0", "W1", "W2", "W5", "X8", "Y0")  # crashes, falls, blows
_AROUND = 40  # characters
_LEVEL = re.compile(r"\b([TL])-?(\d{1,2})\b(?!-weighted)")
_LUMBAR = ("first", "second", "third", "fourth", "fifth")
_PAIRS = {5: "T5-T6", 7: "T7-T8", 9: "T9-T10", 11: "T11-T12"}
_TITLE = "wedge compression fracture of {} vertebra, initial encounter for closed fracture"


def code_vertebrae(note: Note, lines: list[Line], tree: Tree) -> None:
    """Moves collapsed vertebrae of a note that tells of a fall or crash to the fractures of its vertebrae."""
    if not any(tree.codes[line.code].startswith(_EXTERNAL) for line in asserted(lines)):
        return
    without_force = cue("fracture without force").within
    for line in asserted(lines):
        region = _COLLAPSED.get(tree.codes[line.code])
        spans = [_around(note, one) for one in line.said]
        if region is None or any(without_force(note.text, *span) for span in spans):
            continue
        named = dict.fromkeys(one for span in spans for one in _vertebrae(note.text[slice(*span)], region))
        codes = [tree.by_title.get(_TITLE.format(one).lower()) for one in named or [f"unspecified {region}"]]
        known = [code for code in codes if code is not None]
        if known:
            line.code = known[0]
            for code in known[1:]:
                line_by_rule(lines, code, "", line.said)


def _around(note: Note, said: Said) -> tuple[int, int]:
    """What stands around a mention in its sentence, in characters."""
    begin, end = sentence_of(note, said)
    return max(said.start - _AROUND, begin), min(said.end + _AROUND, max(end, said.end))


def _vertebrae(text: str, region: str) -> Iterator[str]:
    """How titles call the vertebrae of a region that a text names."""
    for found in _LEVEL.finditer(text):
        number = int(found[2])
        if region == "lumbar" and found[1] == "L" and 1 <= number <= 5:
            yield f"{_LUMBAR[number - 1]} lumbar"
        elif region == "thoracic" and found[1] == "T" and 1 <= number <= 4:
            yield f"{_LUMBAR[number - 1]} thoracic"
        elif region == "thoracic" and found[1] == "T" and 5 <= number <= 12:
            yield _PAIRS[number - 1 + number % 2]
