"""Finds lexical evidence of notes for a list of codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from icdbridge.lexical.associations import ASSOCIATIONS, Associated, Associations, find_phrases
from icdbridge.lexical.axis_counts import AxisCounts
from icdbridge.lexical.features import (
    NAMED,
    STORED,
    SparseFeatures,
    dense_features,
    place_of,
    renumbered,
    strength,
)
from icdbridge.lexical.marks import Marked, Marks
from icdbridge.lexical.name_index import FEATURES, Matches, NameIndex
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.translation import Translated, Translator

_NEARNESS = FEATURES.index("nearness")


class Span(NamedTuple):
    """Characters of a note that speak for a code, and how much: up to 1 for a whole name or a sure phrase."""

    start: int
    end: int
    weight: float


class CodeStatistics(NamedTuple):
    """What some notes teach of codes and, after these, of their categories: how many ``notes`` carry each (float32
    [codes + categories]; of soft labels their sum), what their phrases are associated with, what people marked, and
    how their words were translated.
    """

    notes: np.ndarray
    associations: Associations | None = None
    marks: Marks | None = None
    translator: Translator | None = None

    def moved(self, matrix: Any, codes: int, to_codes: int) -> "CodeStatistics":
        """For other codes: ``matrix`` [codes + categories, other codes + categories] says how much each counts for
        each; ``codes`` and ``to_codes``: how many are codes.
        """
        found, marks = self.associations, self.marks
        return self._replace(
            notes=self.notes @ matrix,
            associations=found and replace(found, counts=csr_array(found.counts @ matrix)),
            marks=marks and marks.moved(matrix[:codes, :to_codes]),
        )


@dataclass(frozen=True)
class LexicalMatches:
    """All that a matcher found in a note, found once: ``names`` of codes, and codes ``associated`` with its phrases in
    notes of the version (0) and in those of all versions (1), as far as these were counted; codes that its phrases
    were ``marked`` for, if any were.
    """

    note: NoteWords
    names: Matches
    associated: Mapping[int, Associated]
    marked: Marked | None = None

    @cached_property
    def features(self) -> SparseFeatures:
        """The lexical features of the codes that have any."""
        parts = [(0, self.names.codes, np.concatenate([self.names.features, strength(self.names)], axis=1))]
        for number, found in self.associated.items():
            parts.append((len(NAMED) + number * len(ASSOCIATIONS), found.codes, found.features))
        there = np.zeros(max(part[1].max(initial=-1) for part in parts) + 1, bool)
        for _, own, _ in parts:
            there[own] = True
        codes, place = np.flatnonzero(there).astype(np.int32), np.cumsum(there) - 1
        features = np.zeros((len(codes), STORED), np.float16)
        for column, own, values in parts:
            features[place[own], column : column + values.shape[1]] = values
        return SparseFeatures(codes, features)


@dataclass(frozen=True, eq=False)
class Matcher:
    """Finds lexical evidence for a list of codes. What it finds for one of them does not depend on the others.

    ``statistics`` are what notes of the version and those of all versions teach of the run's codes and categories;
    ``columns`` [run's codes + categories] says which of the codes here each of them is, -1: none (categories come after
    the codes); ``categories`` [codes] the number of each one's category, -1 where training did not have it; ``version``
    the number of the version that taught it; ``axes`` what the codes share with those of training.
    """

    names: NameIndex
    statistics: tuple[CodeStatistics, CodeStatistics]
    columns: np.ndarray
    categories: np.ndarray
    version: int
    axes: AxisCounts

    @cached_property
    def notes(self) -> np.ndarray:
        """How many notes carry each code, its equivalents, its category and the category's equivalents [codes, 4]."""
        codes, known = len(self.categories), np.flatnonzero(self.columns >= 0)
        row_of = np.full(codes + len(self.columns), -1)
        row_of[self.columns[known]] = known
        of_categories = np.where(self.categories >= 0, row_of[codes + self.categories], -1)
        # the last: of what training did not have
        counts = [np.append(one.notes, 0) for one in self.statistics]
        return np.stack([count[rows] for rows in (row_of[:codes], of_categories) for count in counts], axis=1)

    @cached_property
    def axis_counts(self) -> np.ndarray:
        """How many notes of the version carry other codes that share axes, as ``AxisCounts.of`` [codes, axes]."""
        return self.axes.of(self.statistics[0].notes)

    def match(self, note: NoteWords, english: Translated | None = None) -> LexicalMatches:
        """Matches a note; its ``english`` (by default ``in_english`` of it) is searched for names of codes too."""
        english = english or self.in_english(note)
        if english is not None:
            note = note.glossed(english.glosses(note))
        counted = {
            i: one.associations for i, one in enumerate(self.statistics) if one.associations is not None
        }
        associated = {}
        if counted:
            phrases = find_phrases(note)
            for number, associations in counted.items():
                found = associations.match(phrases)
                here, order = renumbered(found.codes, self.columns)
                associated[number] = Associated(here, found.features[order], found.spans[order])
        return LexicalMatches(note, self.names.match(note), associated, self.marked(note))

    def marked(self, note: NoteWords) -> Marked | None:
        """The codes that phrases of a note were marked for in notes of the version; None where none were marked."""
        marks = self.statistics[0].marks
        return None if marks is None else marks.match(note).renumbered(self.columns)

    def in_english(self, note: NoteWords) -> Translated | None:
        """A note put into English as notes of the version were; None where none were."""
        translator = self.statistics[0].translator
        return None if translator is None else translator.translate(note)

    def spans(self, found: LexicalMatches, codes: Sequence[int]) -> list[list[Span]]:
        """The places of lexical evidence for some codes: the words of the best name of each, and the strongest
        associated phrases, from notes of the version and of others.
        """
        names = found.names
        spans: list[list[Span]] = []
        for code in codes:
            own: list[Span] = []
            if (place := place_of(names.codes, code)) is not None:
                mention = self.names.mention(found.note, names, place)
                words = mention.spans if mention else []
                own += [Span(*word, float(names.features[place, _NEARNESS]) / len(words)) for word in words]
            for associated in found.associated.values():
                if (place := place_of(associated.codes, code)) is not None:
                    start, end = associated.spans[place].tolist()
                    own.append(Span(start, end, float(associated.features[place, 0])))
            for phrase in found.marked.phrases_of(code) if found.marked else ():
                own += [Span(*span, phrase.sure / len(phrase.spans)) for span in phrase.spans]
            spans.append(own)
        return spans

    def distinct_features(self, found: SparseFeatures, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distinct features float32 [D, len(LEXICAL_FEATURES)] of a note for some columns, and which of them each
        column has [l]. Most codes have no evidence and share the features of their category.
        """
        silent = self._unseen.copy()
        silent[found.codes[found.codes < len(silent)]] = False
        quiet = silent[columns]
        loud, rest = np.flatnonzero(~quiet), np.flatnonzero(quiet)
        category = self.categories[columns[rest]]  # -1, the last, is one too
        stands_for = np.full(self.categories.max(initial=-1) + 2, -1)
        stands_for[category] = rest
        few = np.flatnonzero(stands_for >= 0)
        which = np.empty(len(columns), np.int64)
        which[loud] = np.arange(len(loud))
        number = np.empty_like(stands_for)
        number[few] = len(loud) + np.arange(len(few))
        which[rest] = number[category]
        return self.dense_features([found], columns[np.append(loud, stands_for[few])])[0], which

    @cached_property
    def _unseen(self) -> np.ndarray:
        """Whether each code is carried by no training note, nor any equivalent in other versions [codes]."""
        return self.notes[:, :2].sum(axis=1) == 0

    def dense_features(
        self, found: Sequence[SparseFeatures], columns: np.ndarray | None = None
    ) -> np.ndarray:
        """Features float32 [N, L, len(LEXICAL_FEATURES)] of some notes, of all codes or of the ``columns``."""
        if columns is None:
            columns = np.arange(len(self.notes))
        places = np.full(len(self.notes), -1)
        places[columns] = np.arange(len(columns))
        notes = self.notes[columns]
        return dense_features(
            found, places, self.categories[columns], np.broadcast_to(notes, (len(found), *notes.shape))
        )
