"""The words of a note, in which names and phrases are looked for."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache

import numpy as np

from icdbridge.knowledge.words import EMPTY, split, stem
from icdbridge.lexical.contexts import NoteContexts
from icdbridge.lexical.known_words import abbreviations, synonyms

MAX_WORDS = 4_000  # of a note, as many as a model reads


class NoteWords:
    """The first ``max_words`` words of a note with their stems, meanings, places and contexts, found at first use.

    ``glosses``: the stems of English words that stand for words of the note in another language, by their place.
    """

    def __init__(self, text: str, max_words: int = MAX_WORDS) -> None:
        self.text = text
        self.max_words = max_words
        self.glosses: Mapping[int, Sequence[str]] = {}

    def glossed(self, glosses: Mapping[int, Sequence[str]]) -> "NoteWords":
        """The same note with other ``glosses``."""
        note = copy(self)
        note.glosses = glosses
        vars(note).pop("meanings", None)
        return note

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        """Each word, folded and in lower case, with its place in the text."""
        return split(self.text)[: self.max_words]

    @cached_property
    def stems(self) -> list[str]:
        """The stem of each word."""
        return [stem(word) for word, _, _ in self.words]

    @cached_property
    def meanings(self) -> dict[str, list[int]]:
        """The meanings of words: the index words that they can stand for (stem and glosses, synonyms, expansions of
        abbreviations), and the numbers of the words for each, ascending.
        """
        found: dict[str, list[int]] = {}
        glosses, meant = self.glosses, synonyms()
        for place, (word, _, _) in enumerate(self.words):
            own = _meanings(word)
            if place in glosses:
                further = (one for said in glosses[place] for one in (said, *meant.get(said, ())))
                own = tuple(dict.fromkeys((*own, *further)))
            for one in own:
                if one in found:
                    found[one].append(place)
                else:
                    found[one] = [place]
        return found

    @cached_property
    def spans(self) -> np.ndarray:
        """The place of each word in the text, int32 [T, 2]."""
        return np.array([span for _, *span in self.words], np.int32).reshape(-1, 2)

    def within(self, spans: Sequence[tuple[int, int]]) -> np.ndarray:
        """Whether each word shares a character with some spans of the text, bool [T]."""
        starts, ends = self.spans.T
        inside = np.zeros(len(starts), bool)
        for start, end in spans:
            inside |= (starts < end) & (ends > start)
        return inside

    @cached_property
    def contexts(self) -> NoteContexts:
        """In what context each place of the text stands."""
        return NoteContexts(self.text)

    @cached_property
    def contexts_of_words(self) -> np.ndarray:
        """Which of ``CONTEXTS`` hold for each word, bool [T, 6]."""
        return self.contexts.of(self.spans)


@lru_cache(100_000)  # words of notes are without end
def _meanings(word: str) -> tuple[str, ...]:
    """What a word means without glosses."""
    root = stem(word)
    own = () if word in EMPTY else (root, *synonyms().get(root, ()))
    return tuple(dict.fromkeys((*own, *abbreviations().get(word, ()))))
