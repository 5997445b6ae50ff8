"""The starter's answer for codes in a note, as features that a trained run weighs.

The starter's memory of published notes is left out, because the run may be trained on them.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from icdbridge.caches import cache_folder
from icdbridge.lexical.contexts import NoteContexts
from icdbridge.starter.language import foreign_language
from icdbridge.starter.line_features import FEATURES, line_features
from icdbridge.starter.lines import DOUBTS
from icdbridge.starter.starter import Starter

# features of a line that are neither remembered nor known of the code without the note
_KEPT = [
    place
    for place, name in enumerate(FEATURES)
    if not name.startswith(("known", "practice", "chapter_", "section_", "item"))
    and name not in ("open", "other", "length", "frequency")
]
OPINIONS = (
    "starter", "asserted", "doubt", "alternative", "category_line", "above_line",
    *(f"line_{FEATURES[place]}" for place in _KEPT),
)  # fmt: skip
SILENT = -10.0  # where no line says anything; below what any line gets
_DOUBTS = {"": 0, **{name: number for number, name in enumerate((*DOUBTS, "integral"), 1)}}
_BY_RULE = len(_DOUBTS)  # another code is coded in its place


class Opinion(NamedTuple):
    """A line of a note: its ``code``, what the ranking's trees say of it, whether anything asserts it, why not, the
    codes that stand behind it and those above it, how it was said, and the characters that assert it.
    """

    code: str
    raw: float
    asserted: bool
    doubt: int
    alternatives: Sequence[str]
    above: Sequence[str]
    line: np.ndarray
    spans: Sequence[tuple[int, int]] = ()


@cache
def reading_starter(system: str) -> Starter:
    """The starter, opened once for each system."""
    return Starter(system, cache_folder())


def opinions(starter: Starter, text: str, contexts: NoteContexts | None = None) -> list[Opinion]:
    """What the starter says in a note; nothing in a note that is not in English. ``contexts``: where they are known."""
    note, lines = starter.lines(text, contexts=contexts)
    if not lines or foreign_language(note.words):
        return []
    tree = starter.prepared.tree
    told = [starter.known(line, starter.ranking)._replace(published=(0, 0)) for line in lines]
    features = line_features(note, lines, tree, starter.frequency, told, {})
    return [
        Opinion(
            tree.codes[line.code],
            float(raw),
            line.asserted,
            _DOUBTS.get(line.doubt, _BY_RULE),
            [tree.codes[code] for code in line.alternatives],
            [tree.codes[code] for code in tree.above(line.code)],
            own[_KEPT],
            sorted({(one.start, one.end) for one in line.said} | ({line.span} if line.span else set())),
        )
        for line, raw, own in zip(lines, starter.ranking.raw(features), features, strict=True)
    ]


def opinion_features(found: Sequence[Opinion], codes: Sequence[str]) -> np.ndarray:
    """Float32 [len(codes), len(OPINIONS)] of some codes of the starter's system: ``starter`` what its trees say of the
    line, ``asserted`` (1, -1: only doubted), ``doubt`` why; ``alternative``, ``category_line`` and ``above_line`` what
    they say of the best line behind which the code stands, of another code of its category, and of a code below it; and
    how the line was said.
    """
    table = np.zeros((len(codes), len(OPINIONS)), np.float32)
    table[:, [0, 3, 4, 5]] = SILENT
    rows: dict[str, int] = {code: row for row, code in enumerate(codes)}
    by_category: dict[str, list[int]] = {one.code[:3]: [] for one in found}
    for row, code in enumerate(codes):
        if code[:3] in by_category:
            by_category[code[:3]].append(row)
    for one in found:
        row = rows.get(one.code, -1)
        if row >= 0:
            table[row, :3] = one.raw, 1 if one.asserted else -1, one.doubt
            table[row, -len(one.line) :] = one.line
        for column, others in ((3, one.alternatives), (5, one.above)):
            for code in others:
                if code in rows:
                    table[rows[code], column] = max(table[rows[code], column], one.raw)
        for other in by_category[one.code[:3]]:
            if other != row:
                table[other, 4] = max(table[other, 4], one.raw)
    return table
