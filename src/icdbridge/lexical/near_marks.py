"""Words of a note that nearly match marked ones: in any order and inflection, with others between.

Marked words form an index of names; they are hashed, so training notes are not kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from icdbridge.codes.naming import OWN, Name
from icdbridge.knowledge.words import stem
from icdbridge.lexical.associations import hash_word
from icdbridge.lexical.contexts import NoteContexts
from icdbridge.lexical.name_index import FADE, FEATURES, NEAR, Matches, NameIndex
from icdbridge.lexical.note import NoteWords

_KEPT = ("coverage", "nearness", "weight", "rarity", "length", "mentions", "place")
NEAR_MARKS = ("near_strength", "near_sure", *(f"near_{name}" for name in _KEPT))
LEAST = 0.6  # nearness below which a mark is no evidence
_COLUMNS = [FEATURES.index(name) for name in _KEPT]
_NEARNESS, _WEIGHT = FEATURES.index("nearness"), FEATURES.index("weight")
_INFLECTION = re.compile(r"(?:[aeo]|[ao]s|es)$")  # of Latin's descendants
_REACH = int(NEAR + FADE)  # words
_LONG = 5  # letters of a word that is inflected


@cache
def word_hash(word: str) -> int:
    """The hash of a word without what inflection adds to it."""
    if len(word) >= _LONG and word.isalpha():
        word = _INFLECTION.sub("", word)
    return hash_word(stem(word))


def _written(hashes: Sequence[int]) -> str:
    return " ".join(f"0{one:016x}" for one in hashes)  # the 0 keeps it from being taken for a word


@cache
def _written_word(word: str) -> str:
    return _written([word_hash(word)])


class _HashedWords(NoteWords):
    """A note whose words are their hashes."""

    def __init__(self, note: NoteWords) -> None:
        super().__init__(note.text, note.max_words)
        self._note = note

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        return [(_written_word(word), start, end) for word, start, end in self._note.words]

    @cached_property
    def stems(self) -> list[str]:
        return [word for word, _, _ in self.words]

    @cached_property
    def contexts(self) -> NoteContexts:
        return self._note.contexts


@dataclass(frozen=True)
class NearMarks:
    """Phrases by their ``words`` (hashes uint64, one phrase after another, ``starts`` int64 [P + 1]) and, of each pair
    of a phrase and a code that it was marked for, the ``phrase``, the ``code`` and how ``sure`` it is [M].
    """

    words: np.ndarray
    starts: np.ndarray
    phrase: np.ndarray
    code: np.ndarray
    sure: np.ndarray

    @cached_property
    def _names(self) -> tuple[np.ndarray, list[dict[str, float]]]:
        """The codes, ascending, and how sure each of their phrases is."""
        codes, number = np.unique(self.code, return_inverse=True)
        texts = [
            _written(self.words[start:end].tolist())
            for start, end in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]
        found: list[dict[str, float]] = [{} for _ in codes]
        for place, phrase, sure in zip(
            number.tolist(), self.phrase.tolist(), self.sure.tolist(), strict=True
        ):
            text = texts[phrase]
            if text:
                found[place][text] = max(sure, found[place].get(text, 0.0))
        return codes, found

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex([[Name(text, OWN[0]) for text in phrases] for phrases in self._names[1]])

    def match(self, note: NoteWords) -> tuple[np.ndarray, np.ndarray, list[tuple[float, tuple[int, int]]]]:
        """Codes [n], ascending, for which a note nearly has a marked phrase, with ``NEAR_MARKS`` [n, len(NEAR_MARKS)],
        how sure the nearest phrase is, and its first and last characters.

        ``near_strength``: nearness² · weight of the nearest phrase; ``near_sure``: how sure it is where it stands
        exactly as marked; the others as in ``name_index.Matches``.
        """
        codes, sure = self._names
        if not len(codes):
            return np.zeros(0, np.int32), np.zeros((0, len(NEAR_MARKS)), np.float32), []
        read = _HashedWords(note)
        found = self._index.match(read, LEAST)
        found = Matches(*(each[found.features[:, _NEARNESS] >= LEAST] for each in found))
        table = np.zeros((len(found.codes), len(NEAR_MARKS)), np.float32)
        table[:, 0] = found.features[:, _NEARNESS] ** 2 * found.features[:, _WEIGHT]
        table[:, 2:] = found.features[:, _COLUMNS]
        spans = []
        for row, (code, link, heart) in enumerate(
            zip(found.codes.tolist(), found.links.tolist(), found.places.tolist(), strict=True)
        ):
            text = self._index.name(link).text
            table[row, 1] = sure[code][text]
            near = range(max(0, heart - _REACH), min(len(read.words), heart + _REACH + 1))
            own = set(text.split())
            places = [place for place in near if read.words[place][0] in own]
            spans.append(
                (float(table[row, 1]), (int(note.spans[places[0], 0]), int(note.spans[places[-1], 1])))
            )
        return codes[found.codes].astype(np.int32), table, spans
