"""Names the axis of an ICD-10-PCS code that its evidence supports: operation, body part, approach and so on."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from icdbridge.codes.axes import AxisValue
from icdbridge.knowledge.words import stems
from icdbridge.lexical.contexts import doubt
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.name_index import FADE, MENTION, NEAR
from icdbridge.lexical.note import NoteWords

SAID = 0.5  # nearness from which on a note says an axis's value

Words = tuple[tuple[str, float], ...]  # of a value, with their weights


def with_axes(
    note: NoteWords, values: Sequence[Sequence[AxisValue]], evidence: Sequence[Sequence[Evidence]]
) -> list[list[Evidence]]:
    """The evidence of each of some codes with those ``values``: each span with its axis, then words of the note for
    axes that no span supports (their weight is 0).
    """
    told, further = [], []
    for number, (own, found) in enumerate(zip(values, evidence, strict=True)):
        said = {
            value.axis: places
            for value, words in zip(own, _weighted(tuple(one.value for one in own)), strict=True)
            if (places := _said(note.meanings, words))
        }
        spans = {axis: [note.words[place][1:] for place in places] for axis, places in said.items()}
        named = [next((axis for axis, there in spans.items() if _overlap(one, there)), None) for one in found]
        told.append(
            [replace(one, axis=axis) if axis else one for one, axis in zip(found, named, strict=True)]
        )
        unnamed = (axis for axis in said if axis not in named)
        further += [(number, axis, place) for axis in unnamed for place in said[axis]]
    if not further:
        return told
    contexts = note.contexts.of(np.array([note.words[place][1:] for *_, place in further]))
    for (number, axis, place), context in zip(further, contexts, strict=True):
        _, start, end = note.words[place]
        told[number].append(Evidence.of(note.text, start, end, 0.0, doubt(context), axis))
    return told


@lru_cache(maxsize=4_096)
def _weighted(values: tuple[str, ...]) -> list[Words]:
    """The words of each value, weighted as in a ``NameIndex`` of these values."""
    words = [stems(value) for value in values]
    having = Counter(word for own in words for word in own)
    number = {word: place for place, word in enumerate(having)}
    weight = {word: math.log((len(values) + 1) / (often + 0.5)) for word, often in having.items()}
    return [tuple((word, weight[word]) for word in sorted(own, key=number.__getitem__)) for own in words]


def _said(meanings: Mapping[str, list[int]], words: Words) -> list[int]:
    """The words of a note, by their ``meanings``, that name the value with some ``words``; none if it is not named. A
    simpler form of ``NameIndex.match``, which is slow for few words.
    """
    there = [(meanings[word], weight) for word, weight in words if word in meanings]
    whole = sum(weight for _, weight in words)
    if not there or sum(weight for _, weight in there) < SAID * whole:
        return []
    rarest = max(weight for _, weight in there)
    hearts = next(places for places, weight in there if weight == rarest)
    near = [
        sum(weight * _closeness(abs(_nearest(places, heart) - heart)) for places, weight in there) / whole
        for heart in hearts
    ]
    if max(near) < SAID:
        return []
    heart = next(heart for heart, own in zip(hearts, near, strict=True) if own >= MENTION * max(near))
    found = (_nearest(places, heart) for places, _ in there)
    return sorted({place for place in found if abs(place - heart) <= NEAR + FADE})


def _nearest(places: list[int], heart: int) -> int:
    at = bisect_left(places, heart)
    return min(places[max(at - 1, 0) : at + 1], key=lambda place: abs(place - heart))


def _closeness(distance: int) -> float:
    return math.exp(-max(distance - NEAR, 0) / FADE)


def _overlap(one: Evidence, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < one.end and end > one.start for start, end in spans)
