"""Which axis of a code of ICD-10-PCS the words of its evidence speak for: what was done, to which part, how."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from icdbridge.codes import Name
from icdbridge.codes.axes import AxisValue
from icdbridge.lexical.contexts import CONTEXTS, DOUBTFUL
from icdbridge.lexical.evidence import SPAN_CHARACTERS, Evidence
from icdbridge.lexical.name_index import NameIndex
from icdbridge.lexical.note import NoteWords

SAID = 0.5  # nearness from which on a note says an axis's value; coverage is never less
ROUNDING = 0.01


def with_axes(note: NoteWords, values: Sequence[AxisValue], evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence of a code with those ``values``, each span with the axis that its words name, and then the words of
    the note that name an axis of which no span speaks (their weight is 0).
    """
    index = _index(tuple(one.value for one in values))
    found = index.match(note, SAID - ROUNDING)
    said: dict[str, list[tuple[int, int]]] = {}
    for place, number in enumerate(found.codes.tolist()):
        mention = index.mention(note, found, place) if found.features[place, 1] >= SAID else None
        if mention is not None:
            said[values[number].axis] = mention.spans
    told = [
        replace(one, axis=next((axis for axis, spans in said.items() if _overlap(one, spans)), None))
        for one in evidence
    ]
    named = {one.axis for one in told}
    missing = [(axis, *span) for axis, spans in said.items() if axis not in named for span in spans]
    return told + (_added(note, missing) if missing else [])


@lru_cache(maxsize=4_096)
def _index(values: tuple[str, ...]) -> NameIndex:
    return NameIndex([[Name(value, "title")] for value in values])


def _overlap(one: Evidence, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < one.end and end > one.start for start, end in spans)


def _added(note: NoteWords, spans: Sequence[tuple[str, int, int]]) -> list[Evidence]:
    """Words that weigh nothing: axis, start and end of each span."""
    found = []
    holding = note.contexts.of(np.array([span for _, *span in spans]))
    for (axis, start, end), told in zip(spans, holding, strict=True):
        shown = min(end, start + SPAN_CHARACTERS)
        context = next((name for name in DOUBTFUL if told[CONTEXTS.index(name)]), None)
        found.append(Evidence(start, shown, note.text[start:shown], 0.0, context, shown < end, axis))
    return found
