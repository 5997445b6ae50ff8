"""What took the place of a retired code, and what notes with a new code had before: no package has the tables.

``divided``: codes of the newest release begin as the retired one, or the new one begins as a code that was billable.
``title``: inferred, the codes of its category whose titles share most words.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from icdbridge.codes import Code, CodeSystem, load_system, releases
from icdbridge.codes.code import shorter
from icdbridge.codes.systems import kept_by_code
from icdbridge.codes.validity import validity
from icdbridge.knowledge.families import default_child
from icdbridge.knowledge.words import stems

_PLACEHOLDERS = re.compile(r"([^X]+)X+([A-Z0-9])")
MOST_DIVIDED, MOST_ALIKE = 12, 3


class Succession(NamedTuple):
    """A code that another leads to; ``how``: ``divided``, which the codes show, or ``title``, which is inferred."""

    code: Code
    how: Literal["divided", "title"]

    @property
    def inferred(self) -> bool:
        return self.how == "title"


@kept_by_code(10_000)
def successors(code: Code) -> tuple[Succession, ...]:
    """The codes of the newest release for what a retired code meant, the likeliest first; none for any other code."""
    valid = validity(code)
    table = load_system(code.system) if valid else None
    if valid is None or table is None or table.assigns(code.code):
        return ()
    if joined := _of_parts(code, successors):
        return joined
    if below := _below(code, table):
        return tuple(Succession(Code(code.system, one), "divided") for one in below[:MOST_DIVIDED])
    title = load_system(code.system, valid.last).titles[code.code]
    return tuple(Succession(one, "title") for one in _alike(code, title, table))


@kept_by_code(10_000)
def predecessors(code: Code) -> tuple[Succession, ...]:
    """The codes that were used before a code came, by the release before its first; none where that is not known."""
    valid = validity(code)
    known = releases(code.system) if valid else []
    if valid is None or valid.first == known[0]:
        return ()
    if joined := _of_parts(code, predecessors):
        return joined
    before = load_system(code.system, known[known.index(valid.first) - 1])
    for above in _above(code, load_system(code.system, valid.first)):
        if above in before.titles:
            return (Succession(Code(code.system, above), "divided"),)
    title = load_system(code.system, valid.first).titles[code.code]
    return tuple(Succession(one, "title") for one in _alike(code, title, before))


def _of_parts(code: Code, others: Callable[[Code], tuple[Succession, ...]]) -> tuple[Succession, ...]:
    """Of a code that joins several: the one that joins the likeliest of their ``others``; none of a single code."""
    parts = code.declaration.parts(code.code)
    if len(parts) == 1:
        return ()
    found = {part: next(iter(others(Code(code.system, part))), None) for part in parts}
    others_of = {part: part if one is None else one.code.code for part, one in found.items()}
    text = re.sub("|".join(map(re.escape, parts)), lambda part: others_of[part[0]], code.code)
    inferred = any(one is not None and one.inferred for one in found.values())
    return (Succession(Code(code.system, text), "title" if inferred else "divided"),)


def _above(code: Code, table: CodeSystem) -> Iterator[str]:
    """What a table has above a code, the nearest first, then the beginnings of the code."""
    yield from reversed(table.ancestors(code.code))
    above = shorter(code)
    while above is not None:
        yield above.code
        above = shorter(above)


def _below(code: Code, table: CodeSystem) -> list[str]:
    """The billable codes below a code, the default first; where placeholders were filled, with its 7th character."""
    if below := [other for other in table.below(code.code) if other in table.titles]:
        return list(dict.fromkeys([default_child(code.code, table.name), *below]))
    if not (filled := _PLACEHOLDERS.fullmatch(code.code)):
        return []
    below = [other for other in table.below(filled[1]) if other in table.titles and other.endswith(filled[2])]
    return sorted(below, key=lambda other: (other[:-1] != default_child(filled[1], table.name)[:-1], other))


def _alike(code: Code, title: str, table: CodeSystem) -> list[Code]:
    """The codes of the same category whose titles are nearest."""
    said = set(stems(title))
    siblings = [other for other in table.below(code.category.code) if other in table.titles]

    def alike(other: str) -> float:
        theirs = set(stems(table.titles[other]))
        return len(said & theirs) / max(1, len(said | theirs))

    return [Code(code.system, one) for one in sorted(siblings, key=alike, reverse=True)[:MOST_ALIKE]]
