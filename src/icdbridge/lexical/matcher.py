"""Finds lexical evidence of notes for a list of codes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from icdbridge.lexical.associations import ASSOCIATIONS, Associated, Associations, find_phrases
from icdbridge.lexical.features import NAMED, STORED, Lexical, lay_out, strength
from icdbridge.lexical.name_index import FEATURES, NameIndex

_NEARNESS = FEATURES.index("nearness")


class Span(NamedTuple):
    """Characters of a note that speak for a code, and how much: up to 1 for a whole name or a sure phrase."""

    start: int
    end: int
    weight: float


class Learnt(NamedTuple):
    """What some notes teach of codes and, after these, of their categories: how many ``notes`` carry each (float32
    [codes + categories]; of soft labels their sum), and what their phrases are associated with.
    """

    notes: np.ndarray
    associations: Associations | None = None


class Matcher:
    """Finds lexical evidence for a list of codes. What it finds for one of them does not depend on the others.

    ``learnt`` is what notes of the version and notes of other versions teach of the run's codes and categories;
    ``columns`` [run's codes + categories] says which of the codes here each of them is, -1: none (categories come after
    the codes); ``notes`` [codes, 4] how many notes carry a code, its equivalents, its category and the category's
    equivalents; ``categories`` [codes] the number of each one's category, -1 where training did not have it;
    ``version`` the number of the version that taught it.
    """

    def __init__(
        self,
        names: NameIndex,
        learnt: tuple[Learnt, Learnt],
        columns: np.ndarray,
        notes: np.ndarray,
        categories: np.ndarray,
        version: int,
    ) -> None:
        self.names = names
        self.learnt = learnt
        self.columns = columns
        self.categories = categories
        self.version = version
        self.notes = notes

    def match(self, text: str, max_words: int) -> Lexical:
        """The evidence of the first ``max_words`` words of a note."""
        named = self.names.match(text, max_words)
        parts = [(0, named.codes, np.concatenate([named.features, strength(named)], axis=1))]
        for number, found in self.associated(text, max_words).items():
            parts.append((len(NAMED) + number * len(ASSOCIATIONS), found.codes, found.features))
        codes = np.unique(np.concatenate([part[1] for part in parts]))
        features = np.zeros((len(codes), STORED), np.float16)
        for column, own, values in parts:
            features[np.searchsorted(codes, own), column : column + values.shape[1]] = values
        return Lexical(codes, features)

    def associated(self, text: str, max_words: int) -> dict[int, Associated]:
        """What the phrases of the note are associated with, numbered as the codes here: in notes of the version (0) and
        in those of other versions (1), as far as these were counted.
        """
        counted = {i: one.associations for i, one in enumerate(self.learnt) if one.associations is not None}
        phrases = find_phrases(text, max_words) if counted else None
        associated = {}
        for number, associations in counted.items():
            assert phrases is not None
            found = associations.match(phrases)
            here = self.columns[found.codes]
            order = np.argsort(here, kind="stable")[(here < 0).sum() :]
            associated[number] = Associated(here[order], found.features[order], found.spans[order])
        return associated

    def spans(self, text: str, max_words: int, codes: Sequence[int]) -> list[list[Span]]:
        """Where a note speaks for some codes: the words of the best name found of each, and the phrases that are most
        associated with it, in notes of the version and of others.
        """
        named = self.names.match(text, max_words)
        associated = self.associated(text, max_words).values()
        spans: list[list[Span]] = []
        for code in codes:
            own: list[Span] = []
            place = int(np.searchsorted(named.codes, code))
            if place < len(named.codes) and named.codes[place] == code:
                mention = self.names.mention(text, named, place, max_words)
                words = mention.spans if mention else []
                own += [Span(*word, float(named.features[place, _NEARNESS]) / len(words)) for word in words]
            for found in associated:
                place = int(np.searchsorted(found.codes, code))
                if place < len(found.codes) and found.codes[place] == code:
                    start, end = found.spans[place].tolist()
                    own.append(Span(start, end, float(found.features[place, 0])))
            spans.append(own)
        return spans

    def lay_out(self, found: Sequence[Lexical], columns: np.ndarray | None = None) -> np.ndarray:
        """Features float32 [N, L, len(LEXICAL)] of some notes, of all codes or of the ``columns``."""
        if columns is None:
            columns = np.arange(len(self.notes))
        places = np.full(len(self.notes), -1)
        places[columns] = np.arange(len(columns))
        notes = self.notes[columns]
        return lay_out(
            found, places, self.categories[columns], np.broadcast_to(notes, (len(found), *notes.shape))
        )
