"""One list of two: codes by what a query means, and codes whose whole titles are near to how it is written."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.titles import Title
from icdbridge.knowledge.search.wordforms import EMPTY, root, words

_LONG = 4  # words of a query that reads as a title, or fewer with an empty word among them
# Words, share of the title, distance: then the nearest title comes first.
_SURE, _EXPLAINED, _NEARER = (5, 0.6, 0.5)
_BEGUN = 0.45  # share of the title where words of the query are cut short
_RARER = 1.0  # by how much a title may be the rarer meaning of such words
_MEANT_FIRST = 3  # lines by meaning before those by title where a query does not read as one


class Line(NamedTuple):
    """A line of the answer, as ``finding.Hit`` has it. ``searched``: what it was found by, "" for what was typed;
    ``corrected``: words as they are spelt right.
    """

    source: Index
    entry: Entry
    matched_on: str
    term: str
    why: str = ""
    searched: str = ""
    corrected: tuple[str, ...] = ()


def merged(meant: Sequence[Line], near: Sequence[tuple[Line, Title]], said: Sequence[str]) -> list[Line]:
    """The lines by meaning and those by title, best first, where ``said`` are the words of the query."""
    titles = [line for line, _ in near]
    if near and near[0][1].begun:
        titles = _others(titles, ())
    if not near or not meant:
        return [*meant, *titles]
    if _first(meant[0], near, said):
        return [*titles, *meant]
    if len(said) < _LONG and not EMPTY.intersection(said):
        in_turn = chain.from_iterable(zip_longest(_others(titles, meant), meant[_MEANT_FIRST:]))
        return [*meant[:_MEANT_FIRST], *filter(None, in_turn)]
    return [meant[0], *titles, *meant[1:]]


def _first(meant: Line, near: Sequence[tuple[Line, Title]], said: Sequence[str]) -> bool:
    """Whether the nearest title is what was typed rather than what is best by meaning."""
    best = near[0][1]
    own = next((title.distance for line, title in near if line[:2] == meant[:2]), float("inf"))
    if not best.in_order or own - best.distance < _NEARER:
        return False
    if best.begun and not best.corrected and len(said) > 1:
        rarer = best.entry.prior < meant.entry.prior - _RARER
        return best.explained >= _BEGUN and not rarer and not _finished(said, meant.term)
    return len(said) >= _SURE and best.explained >= _EXPLAINED


def _finished(said: Sequence[str], term: str) -> bool:
    """Whether a wording is just what was typed, its words finished or others of their meaning."""
    own, typed = ([word for word in several if word not in EMPTY] for several in (words(term), said))
    return len(own) == len(typed) and all(
        one.startswith(word) or root(one) == root(word) for one, word in zip(own, typed, strict=True)
    )


def _others(titles: Iterable[Line], meant: Iterable[Line]) -> list[Line]:
    """Those of ``titles`` that are not choices of a line that is there: one of each other family."""
    there = {(line.source, line.entry.family) for line in meant}
    others = []
    for line in titles:
        family = (line.source, line.entry.family)
        if line.entry.family < 0 or family not in there:
            there.add(family)
            others.append(line)
    return others
