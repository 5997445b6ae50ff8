"""Titles as they are typed: nearly whole, with words left out, in another order or misspelt.

Here every word counts, however small: "other", "of" and "encounter" tell titles apart that mean the same to a search
for what is meant. How far a query is from a title is how much must be put in or moved to make it the title.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.slots import telling
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.wordforms import root

_LOOKED_AT = 60  # titles with all words of a query, those that tell least besides first
_TYPED = 0.1  # what a word costs that is still being typed
_MOVED = 2.0  # what a word costs that stands elsewhere in the title
_PRIOR = 0.1


class Title(NamedTuple):
    """A title with all words of a query. ``distance``: what the title tells besides, words that stand elsewhere, what
    was misspelt; ``explained``: share of what it tells that the query has; ``in_order``: as in the query.
    """

    distance: float
    explained: float
    in_order: bool
    entry: Entry
    corrected: tuple[str, ...]


class _Word(NamedTuple):
    """A word of a query: the roots that it may be, with what each costs, and the words that it was taken for."""

    roots: dict[str, float]
    spelt: dict[str, str]


def near_titles(index: Index, said: Sequence[str], speller: Speller) -> list[Title]:
    """The titles of billable codes that have all the words ``said``, the nearest first."""
    asked = [_word(index, word, speller, place == len(said) - 1) for place, word in enumerate(said)]
    if not all(word.roots for word in asked):
        return []
    found = [_title(entry, asked) for entry in index.whole_titles([word.roots for word in asked], _LOOKED_AT)]
    return sorted((title for title in found if title), key=lambda title: title.distance)


def _word(index: Index, word: str, speller: Speller, typing: bool) -> _Word:
    roots, spelt = {root(word): 0.0}, {}
    if typing:
        for other in speller.endings(word):
            roots.setdefault(root(other), _TYPED)
    if word not in index.words:
        for other, cost in speller.corrections(word):
            if root(other) not in roots:
                roots[root(other)] = cost
                spelt[root(other)] = other
    return _Word({one: cost for one, cost in roots.items() if index.in_titles(one)}, spelt)


def _title(entry: Entry, asked: Sequence[_Word]) -> Title | None:
    """The title by the words of a query; none where it lacks one, since two of them are the same word of it."""
    own = _telling(entry.title)
    free = list(range(len(own)))
    taken, spent, corrected = [], 0.0, []
    for word in asked:
        place = min(
            (place for place in free if own[place][0] in word.roots),
            key=lambda place: word.roots[own[place][0]],
            default=None,
        )
        if place is None:
            return None
        name = own[place][0]
        free.remove(place)
        taken.append(name)
        spent += word.roots[name]
        if name in word.spelt:
            corrected.append(word.spelt[name])
    left, every = sum(own[place][1] for place in free), sum(weight for _, weight in own)
    moved = len(taken) - LCSseq.similarity(taken, [name for name, _ in own])
    distance = left + _MOVED * moved + spent - _PRIOR * entry.prior
    return Title(distance, 1 - left / every, not moved, entry, tuple(corrected))


_telling = lru_cache(20_000)(telling)
