"""The words of a note, in which names and phrases are looked for."""

from functools import cached_property

import numpy as np

from icdbridge.knowledge.words import split, stem
from icdbridge.lexical.contexts import NoteContexts

MAX_WORDS = 4_000  # of a note, as many as a model reads


class NoteWords:
    """The first ``max_words`` words of a note with their stems, places and contexts, each found once, at first use."""

    def __init__(self, text: str, max_words: int = MAX_WORDS) -> None:
        self.text = text
        self.max_words = max_words

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        """Each word, folded and in lower case, with its place in the text."""
        return split(self.text)[: self.max_words]

    @cached_property
    def stems(self) -> list[str]:
        """The stem of each word."""
        return [stem(word) for word, _, _ in self.words]

    @cached_property
    def spans(self) -> np.ndarray:
        """The place of each word in the text, int32 [T, 2]."""
        return np.array([span for _, *span in self.words], np.int32).reshape(-1, 2)

    @cached_property
    def contexts(self) -> NoteContexts:
        """In what context each place of the text stands."""
        return NoteContexts(self.text)
