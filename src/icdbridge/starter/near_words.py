"""The words near a mention, which say more of it: how much each counts, and of which side it is."""

from collections.abc import Collection, Sequence

import numpy as np

from icdbridge.lexical.contexts import CONTEXTS
from icdbridge.starter.note_reading import REACH, Note
from icdbridge.starter.stems import PAIRED, SIDES, root, roots

_NEGATED, _UNCERTAIN = CONTEXTS.index("negated"), CONTEXTS.index("uncertain")
_NEAR, _NEARER = 0.7, 60  # weight of words further than so many tenths of words
_AS_WRITTEN = roots("open")  # a laceration, an open wound, makes no fracture beside it an open one
# Of the bowel they name its part; a diverticulum is only small.
_SIZES, _SIZED = (
    roots("small", "large"),
    roots("bowel", "intestine", "intestinal", "gut", "cell", "vessel", "artery"),
)
_ONE_SIDE = root("unilateral")


def near_words(
    note: Note, places: Sequence[int], own: Sequence[str] = (), unheard: Collection[int] = ()
) -> dict[str, float]:
    """Stems of the same sentence with a weight that falls with distance; of the sides only the nearest; ``unheard``
    words say nothing.
    """
    weights = dict.fromkeys(own, 1.0)
    first, last = int(note.where[places[0]]), int(note.where[places[-1]])
    begin, end = np.searchsorted(note.where, (first - REACH, last + REACH + 1))
    sides: dict[str, int] = {}
    inside = set(places)
    denied = {one[1:] for one in own if one.startswith("-")}
    # what is only thought of says nothing of what is sure
    sure = not note.touched(tuple(places), "uncertain")
    for place in range(int(begin), int(end)):
        if place not in inside and (
            note.marks[place, _NEGATED] or (sure and note.marks[place, _UNCERTAIN]) or place in unheard
        ):
            continue
        here = int(note.where[place])
        distance = max(first - here, here - last, 0)
        meant = (_lent(sense) for sense, share in note.senses[place] if share >= 0.5)
        for one in note.own[place].union(*meant) - denied:
            if one in _SIZES and place + 1 < len(note.own) and _SIZED.isdisjoint(note.own[place + 1]):
                continue
            if one in SIDES:
                # what stands before belongs to it rather than what comes after
                apart = distance + (1 if here > last else 0)
                sides[one] = min(sides.get(one, apart), apart)
            else:
                weights[one] = max(weights.get(one, 0.0), 1.0 if distance <= _NEARER else _NEAR)
    for side in SIDES:
        weights.pop(side, None)
    organs = PAIRED.intersection(own)
    if not sides and note.only_side and (not organs or not organs.isdisjoint(note.beside_sides)):
        sides[note.only_side] = 0
    if sides:
        weights[min(sides, key=lambda side: sides[side])] = 1.0
    if "left" in own or "right" in own or "bilateral" in own:
        for side in SIDES:
            weights.pop(side, None)
        weights |= {side: 1.0 for side in SIDES if side in own}
    if not weights.keys().isdisjoint(SIDES[:2]):
        weights[_ONE_SIDE] = 1.0
    return weights


def _lent(sense: frozenset[str]) -> frozenset[str]:
    """What an abbreviation says of what stands beside it: not on which sides one was operated on."""
    operated = any(stem.endswith("ectom") for stem in sense)
    return sense - _AS_WRITTEN - (frozenset(SIDES) if operated else frozenset())
