"""What a word that no wording has was meant to be, and how a word that is still being typed may end."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache

import rapidfuzz.distance.OSA as osa
from rapidfuzz.process import extract

_SHORTEST = 4  # letters of a word that is looked for among others
_SHORTEST_PART, _COMMON, _NEAR = 3, 8.0, 0.3
_CLOSE = {4: 1, 5: 1, 6: 2, 7: 2}  # letters: edits; of longer words 2, of more than 9 letters 3
_ALIKE = 0.3  # what a word costs less that sounds as the one typed does
# Letters that are heard alike, in this order; all vowels count as one.
_SOUNDS = [
    (re.compile(letters), sound)
    for letters, sound in (
        ("ph", "f"), ("^[pm](?=[snt])", ""), ("x", "ks"), ("c[ck]|q", "k"), ("c(?=z)", "k"),
        ("s?c(?=[eiy])", "s"), ("c", "k"), ("z", "s"), ("gh|(?<!^)h", ""), ("[aeiouyj]+", "a"), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip


class Speller:
    """Looks words up in a vocabulary, the commoner the likelier. ``words``: word -> how common it is."""

    def __init__(self, words: Mapping[str, float]):
        self.words = words
        self._sorted = sorted(words)
        self._by_length: dict[int, list[str]] = {}
        for word in self._sorted:
            if word.isalpha():
                self._by_length.setdefault(len(word), []).append(word)
        self.corrections = lru_cache(10_000)(self._corrections)
        self.endings = lru_cache(10_000)(self._endings)

    def _corrections(self, word: str, most: int = 8) -> tuple[tuple[str, float], ...]:
        """Words that ``word`` may have been meant to be and what each costs (0 to 1), the likeliest first."""
        if len(word) < _SHORTEST or not word.isalpha():
            return ()
        edits = _CLOSE.get(len(word), 2 if len(word) < 10 else 3)
        near = []
        for length in range(len(word) - min(edits, 2), len(word) + min(edits, 2) + 1):
            words = self._by_length.get(length, ())
            near += extract(word, words, scorer=osa.distance, score_cutoff=edits, limit=12)
        ranked = sorted((self._cost(word, other, distance), other) for other, distance, _ in near)
        return tuple((other, cost) for cost, other in ranked[:most])

    def parts(self, word: str) -> list[str]:
        """A word that nobody knows as the two common words that it is made of; else the word itself."""
        if word in self.words or len(word) < 2 * _SHORTEST_PART or not word.isalpha() or self.endings(word):
            return [word]
        halves = [
            (min(self.words.get(word[:at], 0.0), self.words.get(word[at:], 0.0)), at)
            for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
        ]
        often, at = max(halves)
        near = self.corrections(word)
        if often < _COMMON or (near and near[0][1] < _NEAR):
            return [word]
        return [word[:at], word[at:]]

    def _cost(self, word: str, other: str, distance: float) -> float:
        common = min(self.words[other], 400.0)
        first = 0.0 if other[0] == word[0] else 0.2
        sound = _ALIKE if _sound(word) == _sound(other) else 0.0
        return float(distance / len(word) * 2 + first + 0.25 / (1 + common) ** 0.5 - sound)

    def _endings(self, beginning: str, most: int = 12) -> tuple[str, ...]:
        """The commonest words that begin so, the word itself left out."""
        start = bisect_left(self._sorted, beginning)
        end = bisect_left(self._sorted, beginning + "\uffff", start)
        found = [word for word in self._sorted[start:end] if word != beginning]
        return tuple(sorted(found, key=lambda word: -self.words[word])[:most])


@lru_cache(50_000)
def _sound(word: str) -> str:
    """How a word is heard, roughly."""
    for letters, sound in _SOUNDS:
        word = letters.sub(sound, word)
    return word
