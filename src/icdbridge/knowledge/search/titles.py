"""Titles as they are typed: nearly whole, with words left out, in another order or misspelt.

Here every word counts, however small: "other", "of" and "encounter" tell titles apart that mean the same to a search
for what is meant. How far a query is from a title is how much must be put in or moved to make it the title.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from icdbridge.knowledge.abbreviations import abbreviations
from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.slots import telling
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.wordforms import root

_LOOKED_AT = 60  # titles with all words of a query, those that tell least besides first
_TYPED = 0.1  # what a word costs that is still being typed, or cut short
_ENDINGS = 40  # of a word that is cut short
_ABBREVIATED = 0.5  # what such a word costs more that is an abbreviation of several words
_MOVED = 2.0  # what a word costs that stands elsewhere in the title
_PRIOR, _PRIOR_BEGUN = 0.1, 0.6  # what it counts how likely a code is; where words are cut short


class Title(NamedTuple):
    """A title with all words of a query. ``distance``: what the title tells besides, words that stand elsewhere, what
    was misspelt; ``explained``: share of what it tells that the query has; ``in_order``: as in the query; ``begun``:
    how many of its words the query only begins.
    """

    distance: float
    explained: float
    in_order: bool
    entry: Entry
    corrected: tuple[str, ...]
    begun: int


class _Word(NamedTuple):
    """A word of a query: the roots that it may be, with what each costs, and the words that it was taken for."""

    roots: dict[str, float]
    spelt: dict[str, str]


def near_titles(index: Index, said: Sequence[str], speller: Speller) -> list[Title]:
    """The titles of billable codes that have all the words ``said``, the nearest first.

    The last word may be unfinished; where no title has them all as they are spelt, every word may be cut short
    ("chr kid dis").
    """
    asked = [_word(index, word, speller, place == len(said) - 1) for place, word in enumerate(said)]
    found = _with_all(index, asked)
    if all(title.corrected for title in found):
        found += _with_all(index, [_cut_short(index, word, speller) for word in said])
    return sorted(found, key=lambda title: title.distance)


def _with_all(index: Index, asked: Sequence[_Word]) -> list[Title]:
    if not all(word.roots for word in asked):
        return []
    found = [_title(entry, asked) for entry in index.whole_titles([word.roots for word in asked], _LOOKED_AT)]
    return [title for title in found if title]


def _word(index: Index, word: str, speller: Speller, typing: bool) -> _Word:
    roots, spelt = {root(word): 0.0}, {}
    if typing:
        for other in speller.endings(word):
            roots.setdefault(root(other), _TYPED if len(word) > 1 else 2 * _TYPED)
    if word not in index.words:
        for other, cost in speller.corrections(word):
            if root(other) not in roots:
                roots[root(other)] = cost
                spelt[root(other)] = other
    return _Word({one: cost for one, cost in roots.items() if index.in_titles(one)}, spelt)


def _cut_short(index: Index, word: str, speller: Speller) -> _Word:
    """A word or its beginning; of one that is written often only itself."""
    roots = {root(word): 0.0}
    initials = word in abbreviations() and not any(
        sense.text.lower().startswith(word) for sense in abbreviations()[word]
    )
    cost = _TYPED + (_ABBREVIATED if initials else 0.0)
    for other in speller.endings(word, _ENDINGS) if len(word) > 1 else ():
        roots.setdefault(root(other), cost)
    return _Word({one: cost for one, cost in roots.items() if index.in_titles(one)}, {})


def _title(entry: Entry, asked: Sequence[_Word]) -> Title | None:
    """The title by the words of a query; none where it lacks one, since two of them are the same word of it."""
    own = _telling(entry.title)
    free = list(range(len(own)))
    taken, spent, corrected, begun = [], 0.0, [], 0
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
        begun += 0 < word.roots[name] <= _TYPED and name not in word.spelt
        if name in word.spelt:
            corrected.append(word.spelt[name])
    left, every = sum(own[place][1] for place in free), sum(weight for _, weight in own)
    moved = len(taken) - LCSseq.similarity(taken, [name for name, _ in own])
    distance = left + _MOVED * moved + spent - (_PRIOR_BEGUN if begun else _PRIOR) * entry.prior
    return Title(distance, 1 - left / every, not moved, entry, tuple(corrected), begun)


_telling = lru_cache(20_000)(telling)
