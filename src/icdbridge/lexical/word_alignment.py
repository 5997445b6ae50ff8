"""Aligns the words of notes with those of their translations.

Sentences are paired in order (Gale and Church 1993), by length and similar words. Words within them are aligned by
IBM's first model (Brown et al. 1993), with a preference for the same position as in fast_align (Dyer et al. 2013), in
both directions; links found in both are kept.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.sentences import sentences

ROUNDS = 5
_DIAGONAL = 4.0  # how much more likely a word stands at the same place of its sentence
_NOTHING = 0.08  # share of words that are of no word
_LONGEST = 80  # words of a sentence; longer ones are lists and tables
_ALIKE = 3.0  # how much more likely at first are words that begin alike
_BEGINNING = 4  # letters
_LEAST = 0.003  # pairs that are less likely after two rounds are not looked at again
# Sentences of both that make a pair.
_STEPS = ((1, 1), (1, 2), (2, 1), (1, 0), (0, 1), (1, 3), (2, 2), (3, 1))
_ALONE = -3.0  # a sentence without a partner
_LINE_END = re.compile(r"\n+")


class Segment(NamedTuple):
    """Words of a note, ``first`` to ``last``, and of its translation, ``other_first`` to ``other_last``."""

    first: int
    last: int
    other_first: int
    other_last: int


def align_words(notes: Sequence[tuple[NoteWords, NoteWords]]) -> list[np.ndarray]:
    """For each note, pairs of aligned words of note and translation: int32 [n, 2], ascending."""
    segments = [
        (number, segment) for number, (note, other) in enumerate(notes) for segment in _segments(note, other)
    ]
    pairs = [
        (
            [word for word, _, _ in notes[number][0].words[one.first : one.last]],
            [word for word, _, _ in notes[number][1].words[one.other_first : one.other_last]],
        )
        for number, one in segments
    ]
    there = _best_sources(pairs)
    back = _best_sources([(other, own) for own, other in pairs])
    links: list[list[tuple[int, int]]] = [[] for _ in notes]
    for (number, segment), of_others, of_own in zip(segments, there, back, strict=True):
        forth = {(int(own), other) for other, own in enumerate(of_others) if own >= 0}
        for own, other in _grown(
            forth, {(own, int(other)) for own, other in enumerate(of_own) if other >= 0}
        ):
            links[number].append((segment.first + own, segment.other_first + other))
    return [np.array(sorted(found), np.int32).reshape(-1, 2) for found in links]


def _segments(note: NoteWords, other: NoteWords) -> list[Segment]:
    """Sentences that belong together, one or a few of each."""
    ours, theirs = _ranges(note), _ranges(other)
    own_signs, other_signs = (
        [{_sign(word) for word, _, _ in text.words[first:last]} for first, last in ranges]
        for text, ranges in ((note, ours), (other, theirs))
    )
    ratio = (len(note.words) + 1) / (len(other.words) + 1)
    count, others = len(ours), len(theirs)
    best = np.full((count + 1, others + 1), -np.inf)
    best[0, 0] = 0.0
    step = np.zeros((count + 1, others + 1), np.int8)
    for i, j in np.ndindex(best.shape):
        if best[i, j] == -np.inf or abs(i * others - j * count) > 0.3 * count * others + 3 * max(
            count, others
        ):
            continue
        for number, (more, other_more) in enumerate(_STEPS):
            if i + more > count or j + other_more > others:
                continue
            score = _ALONE
            if more and other_more:
                signs = set().union(*own_signs[i : i + more])
                common = signs & set().union(*other_signs[j : j + other_more])
                size = ours[i + more - 1][1] - ours[i][0]
                other_size = (theirs[j + other_more - 1][1] - theirs[j][0]) * ratio
                score = 2.0 * len(common - {""}) - abs(size - other_size) / np.sqrt(size + other_size + 1)
                score -= 0.5 * (more + other_more - 2)
            if best[i, j] + score > best[i + more, j + other_more]:
                best[i + more, j + other_more] = best[i, j] + score
                step[i + more, j + other_more] = number
    found, i, j = [], count, others
    while (i or j) and best[i, j] > -np.inf:
        more, other_more = _STEPS[step[i, j]]
        i, j = i - more, j - other_more
        if more and other_more:
            segment = Segment(ours[i][0], ours[i + more - 1][1], theirs[j][0], theirs[j + other_more - 1][1])
            if max(segment.last - segment.first, segment.other_last - segment.other_first) <= _LONGEST:
                found.append(segment)
    return found[::-1]


def _ranges(note: NoteWords) -> list[tuple[int, int]]:
    """The words of each sentence, [first, last); a line end ends one too."""
    starts = {start for start, _ in sentences(note.text)}
    starts |= {end.end() for end in _LINE_END.finditer(note.text)}
    cuts = sorted({0, len(note.words), *np.searchsorted(note.spans[:, 0], sorted(starts)).tolist()})
    return list(pairwise(cuts))


def _sign(word: str) -> str:
    """What a word shares with its translation, if any: a number, or how it begins."""
    return word if word.isdigit() else word[:_BEGINNING] if len(word) >= _BEGINNING else ""


def _best_sources(pairs: Sequence[tuple[list[str], list[str]]]) -> list[np.ndarray]:
    """Of each second text the word of the first that each of its words comes from [words], -1: of none."""
    own_number: dict[str, int] = {"": 0}  # the word that words of no word come from
    number: dict[str, int] = {}
    own_words, words, chance, target = [], [], [], []
    place = 0
    for own, others in pairs:
        numbers = np.array([own_number.setdefault(word, len(own_number)) for word in own] + [0])
        where = np.arange(len(others))[:, None] / len(others) - np.arange(len(own)) / max(1, len(own))
        near = np.exp(-_DIAGONAL * np.abs(where))
        near *= (1 - _NOTHING) / near.sum(axis=1, keepdims=True)
        own_words.append(np.tile(numbers, len(others)))
        of_others = np.array([number.setdefault(word, len(number)) for word in others])
        words.append(np.repeat(of_others, len(numbers)))
        chance.append(np.append(near, np.full((len(others), 1), _NOTHING), axis=1).ravel())
        target.append(np.repeat(np.arange(place, place + len(others)), len(numbers)))
        place += len(others)
    if not place:
        return [np.zeros(0, np.int64) for _ in pairs]
    source = [np.tile(np.append(np.arange(len(own)), -1), len(others)) for own, others in pairs]
    of_own, of_other, near, of, came = (
        np.concatenate(each) for each in (own_words, words, chance, target, source)
    )
    weight = _likely(of_own, of_other, near, of, list(own_number), list(number))
    kept = weight > _LEAST
    of, came, weight = of[kept], came[kept], weight[kept]
    order = np.lexsort((weight, of))
    last = np.flatnonzero(np.diff(of[order], append=-1))
    best = np.full(place, -1)
    best[of[order][last]] = came[order][last]
    return np.split(best, np.cumsum([len(others) for _, others in pairs])[:-1])


def _likely(
    own: np.ndarray,
    other: np.ndarray,
    near: np.ndarray,
    of: np.ndarray,
    own_words: list[str],
    words: list[str],
) -> np.ndarray:
    """How likely each word comes from each of its sentence's [n]: expectation maximisation."""
    weight = np.zeros(len(own))
    kept = np.arange(len(own))
    trust = np.ones(0)
    for round_ in range(ROUNDS):
        if round_ in (0, 2):
            if round_:
                kept = kept[weight[kept] > _LEAST]
            pairs, which = np.unique(
                own[kept].astype(np.int64) * len(words) + other[kept], return_inverse=True
            )
            if not round_:
                signs, other_signs = [_sign(word) for word in own_words], [_sign(word) for word in words]
                alike = [
                    signs[pair // len(words)] == other_signs[pair % len(words)] != ""
                    for pair in pairs.tolist()
                ]
                trust = np.where(alike, _ALIKE, 1.0)
        if round_:
            counts = np.bincount(which, weight[kept], len(pairs))
            of_own = pairs // len(words)
            trust = counts / np.maximum(np.bincount(of_own, counts)[of_own], 1e-12)
        found = trust[which] * near[kept]
        total = np.bincount(of[kept], found, int(of.max()) + 1)
        weight[:] = 0
        weight[kept] = found / total[of[kept]]
    return weight


def _grown(forth: set[tuple[int, int]], back: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The links of both ways, and those of one that touch them and bring in a word without any (Och and Ney 2003)."""
    links, rest = forth & back, (forth | back) - (forth & back)
    own, others = {one for one, _ in links}, {other for _, other in links}
    growing = True
    while growing:
        growing = False
        for one, other in sorted(rest):
            touching = any((one + i, other + j) in links for i in (-1, 0, 1) for j in (-1, 0, 1))
            if touching and (one not in own or other not in others):
                links.add((one, other))
                own.add(one)
                others.add(other)
                rest.discard((one, other))
                growing = True
    return links
