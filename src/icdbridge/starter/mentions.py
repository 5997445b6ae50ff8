"""Finds every phrase of the dictionary in a note, and keeps those that no longer phrase contains."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from icdbridge.starter.dictionary import Dictionary
from icdbridge.starter.stems import Word

STEP = 10  # of the scale on which places are measured: one word that counts
PIECE = 1500  # words
_GAP = {1: 0, 2: 20}  # further words that may stand within a phrase of so many stems
_LONG_GAP = 30
# "due to", "related to", "without", "complicated by", "associated with", ...
_LINKS = re.compile(r"\b(?:d/t|r/t|2/2|b/c|w/o|c/b|a/w|c/w)\b|\bw/", re.IGNORECASE)
PAUSE, BREAK = 15, 200  # comma, bracket or dash between; semicolon
_PAUSES = re.compile(r"[,()/\[\]:]|\s[-\u2013\u2014]\s")
_LINKING, _SENTENCE = 3, 1000  # a word that says nothing; a sentence's end


class Occurrences(NamedTuple):
    """Stems of a note that the dictionary has: ``stems`` int32 [n], at words ``places`` int32 [n] (ascending)."""

    stems: np.ndarray
    places: np.ndarray


class Mention(NamedTuple):
    """A phrase found: its number in the dictionary, the words of the note it stands on (ascending), how many further
    words (in tenths) stand between them, and the word that each of its stems stands on (in the dictionary's order).
    """

    phrase: int
    places: tuple[int, ...]
    gap: int
    of_stems: tuple[int, ...]


def positions(
    text: str,
    words: Sequence[Word],
    empty: frozenset[str],
    sentences: Sequence[tuple[int, int]],
    joined: Sequence[tuple[int, int]] = (),
) -> np.ndarray:
    """Where each word stands, int32 [T], in tenths of words: empty words count little, sentences lie far apart. In
    ``joined`` stretches of the text neither commas nor words count.
    """
    ends = np.array([end for _, end in sentences], np.int64)
    starts = np.array([word.start for word in words], np.int64)
    sentence = np.searchsorted(ends, starts, side="right") if len(words) else starts
    steps = np.full(len(words), STEP, np.int64)
    linking = {
        number
        for found in _LINKS.finditer(text)
        for number in range(*np.searchsorted(starts, found.span()).tolist())
    }
    for first, last in joined:
        begin, end = np.searchsorted(starts, (first, last))
        linking.update(range(int(begin), int(end) + 1))
    for number, word in enumerate(words):
        if word.text in empty or number in linking:
            steps[number] = _LINKING
        between = text[words[number - 1].end : word.start] if number else ""
        if ";" in between:
            steps[number] += BREAK
        elif _PAUSES.search(between) and number not in linking:
            steps[number] += PAUSE
    return (np.cumsum(steps) + sentence * _SENTENCE).astype(np.int32)


def find_mentions(dictionary: Dictionary, found: Occurrences, where: np.ndarray) -> list[Mention]:
    """The phrases all of whose stems stand close together in one sentence; ``where`` [T] as ``positions`` gives
    them."""
    mentions = []
    for first, last in _pieces(where):
        begin, end = np.searchsorted(found.places, (first, last))
        here = Occurrences(found.stems[begin:end], found.places[begin:end] - first)
        for mention in _find_in_piece(dictionary, here, where[first:last]):
            places, of_stems = (tuple(p + first for p in own) for own in (mention.places, mention.of_stems))
            mentions.append(Mention(mention.phrase, places, mention.gap, of_stems))
    return mentions


def _pieces(where: np.ndarray) -> Iterator[tuple[int, int]]:
    """Words in pieces of whole sentences, of about ``PIECE`` words: memory is bounded by the piece."""
    breaks = np.flatnonzero(np.diff(where) >= _SENTENCE) + 1
    first = 0
    while len(where) - first > PIECE:
        later = breaks[(breaks > first) & (breaks <= first + PIECE)]
        last = int(later[-1]) if len(later) else first + PIECE
        yield first, last
        first = last
    yield first, len(where)


def _find_in_piece(dictionary: Dictionary, found: Occurrences, where: np.ndarray) -> list[Mention]:
    if not len(found.stems):
        return []
    present, local = np.unique(found.stems, return_inverse=True)
    begins, ends = dictionary.posting_starts[present], dictionary.posting_starts[present + 1]
    candidates = np.concatenate([dictionary.postings[a:b] for a, b in zip(begins, ends, strict=True)])
    covered = np.bincount(candidates, minlength=len(dictionary.starts) - 1)
    phrases = np.flatnonzero((covered > 0) & (covered == dictionary.sizes))
    if not len(phrases):
        return []
    local_of = np.full(len(dictionary.weights), -1, np.int32)
    local_of[present] = np.arange(len(present))
    nearest = _nearest(local, found.places, len(present), where)
    by_stem = np.argsort(local, kind="stable")
    often = np.bincount(local, minlength=len(present))
    first = np.cumsum(often) - often
    mentions = []
    sizes = dictionary.sizes[phrases]
    for size in np.unique(sizes).tolist():
        group = phrases[sizes == size]
        stems = local_of[dictionary.words[dictionary.starts[group][:, None] + np.arange(size)]]  # [G, size]
        centre = stems[:, 0]  # the rarest
        times = often[centre]
        owner = np.repeat(np.arange(len(group)), times)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(times) - times, times)
        centre_place = found.places[by_stem[first[centre][owner] + within]]
        places = np.column_stack([centre_place, nearest[stems[owner, 1:], centre_place[:, None]]])
        at = where[places]
        gap = at.max(axis=1) - at.min(axis=1) - STEP * (_distinct(places) - 1)
        near = gap <= _GAP.get(size, _LONG_GAP)
        for number in np.flatnonzero(near).tolist():
            of_stems = tuple(places[number].tolist())
            own = tuple(sorted(set(of_stems)))
            mentions.append(Mention(int(group[owner[number]]), own, int(max(gap[number], 0)), of_stems))
    return mentions


def longest(mentions: Sequence[Mention]) -> list[Mention]:
    """Drops mentions whose words are a part of another mention's words. Mentions on the same words all stay."""
    by_place: dict[int, list[frozenset[int]]] = {}
    sets = {mention.places: frozenset(mention.places) for mention in mentions}
    for places, own in sets.items():
        for place in places:
            by_place.setdefault(place, []).append(own)
    inner = {places for places, own in sets.items() if any(own < other for other in by_place[places[0]])}
    return [mention for mention in mentions if mention.places not in inner]


def _distinct(places: np.ndarray) -> np.ndarray:
    """How many different places each row has."""
    ordered = np.sort(places, axis=1)
    return 1 + (np.diff(ordered, axis=1) > 0).sum(axis=1)


def _nearest(local: np.ndarray, places: np.ndarray, size: int, where: np.ndarray) -> np.ndarray:
    """For each stem and each word of the note the place of that stem which is nearest: int32 [size, T]."""
    length = len(where)
    before = np.full((size, length), -1, np.int32)
    before[local, places] = places
    after = np.full((size, length), length, np.int32)
    after[local, places] = places
    np.maximum.accumulate(before, axis=1, out=before)
    np.minimum.accumulate(after[:, ::-1], axis=1, out=after[:, ::-1])
    padded = np.concatenate([where, [2**30]]).astype(np.int64)
    back = np.where(before >= 0, where[None, :] - padded[before], 2**30)
    ahead = padded[after] - where[None, :]
    nearest: np.ndarray = np.where(back <= ahead, before, after)
    nearest[nearest >= length] = length - 1
    return nearest
