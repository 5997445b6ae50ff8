"""The words that people marked for codes, looked for in other notes: the longest first, and apart from one another too.

Phrases are kept as hashes: what training notes say cannot be read from a run folder.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from icdbridge.lexical.features import place_of, renumbered
from icdbridge.lexical.marked_phrases import Phrase, PhraseHits, phrases_of_mark
from icdbridge.lexical.near_marks import NEAR_MARKS, NearMarks
from icdbridge.lexical.note import NoteWords

EXACT_MARKS = ("mark", "mark_notes", "mark_words", "mark_share", "mark_mentions", "mark_place", "mark_any")
MARKS = (*EXACT_MARKS, *NEAR_MARKS)
DOUBT = 0.7  # notes without the code that are added to those counted


class MarkedPhrase(NamedTuple):
    """A phrase of a note that people marked for a code: its ``spans`` of characters, and how ``sure`` it is, the share
    of training notes with it that carry the code.
    """

    sure: float
    spans: list[tuple[int, int]]


class Marked(NamedTuple):
    """The codes that phrases of a note were marked for, ascending: ``codes`` int32 [n], ``features`` float32
    [n, len(MARKS)], and the ``phrases`` of each, the surest first.

    Of phrases that stand here as they were marked, ``mark``: the share of training notes with the code's surest phrase
    that carry the code (``DOUBT`` notes without it added); ``mark_notes``: log of 1 + these notes; ``mark_words``:
    words of the phrase; ``mark_share``: of its marks, those for the code; ``mark_mentions``: how often it stands here;
    ``mark_place``: where first, 1 at the beginning of the note and 0 at its end; ``mark_any``: how sure the code is by
    all its phrases, if each spoke for itself. Of those that nearly stand here: ``NearMarks.match``.
    """

    codes: np.ndarray
    features: np.ndarray
    phrases: list[list[MarkedPhrase]]

    def renumbered(self, columns: np.ndarray) -> "Marked":
        """The same with code i called ``columns[i]``, without those that are -1."""
        here, order = renumbered(self.codes, columns)
        phrases = [self.phrases[place] for place in order]
        return Marked(here.astype(np.int32), self.features[order], phrases)

    def phrases_of(self, code: int) -> list[MarkedPhrase]:
        """The phrases that were marked for a code, the surest first."""
        place = place_of(self.codes, code)
        return [] if place is None else self.phrases[place]


@dataclass(frozen=True)
class Marks:
    """Phrases that people marked (``hashes`` uint64 [P], ascending), in how many training notes each was chosen
    (``notes`` float32 [P]), how many of these carry each code that it was marked for (``counts``, sparse [P, codes])
    and how many marks it has for that code (``marks``, with the same entries); the ``words`` of the phrases (hashes
    uint64, one phrase after another, ``starts`` int64 [P + 1]).
    """

    hashes: np.ndarray
    notes: np.ndarray
    counts: Any
    marks: Any
    words: np.ndarray
    starts: np.ndarray

    @cached_property
    def _near(self) -> NearMarks:
        phrase = np.repeat(np.arange(len(self.hashes)), np.diff(self.counts.indptr))
        sure = self.counts.data / (self.notes[phrase] + DOUBT)
        return NearMarks(self.words, self.starts, phrase, self.counts.indices, sure)

    def match(self, note: NoteWords) -> Marked:
        """What the phrases of a note were marked for."""
        phrases = PhraseHits.find(self.hashes, note).chosen(np.ones(len(self.hashes), bool))
        places: dict[int, list[Phrase]] = {}
        for phrase in phrases:
            places.setdefault(phrase.row, []).append(phrase)
        of_code: dict[int, list[tuple[tuple[float, ...], list[Phrase]]]] = {}
        for row, own in places.items():
            entries = slice(self.counts.indptr[row], self.counts.indptr[row + 1])
            marks = self.marks.data[entries]
            first = own[0]
            size = first.cut - first.first + first.last - first.on
            place = 1 - min(phrase.first for phrase in own) / max(len(note.words), 1)
            for code, count, mark in zip(
                self.counts.indices[entries], self.counts.data[entries], marks, strict=True
            ):
                sure = float(count) / (float(self.notes[row]) + DOUBT)
                told = (sure, np.log1p(self.notes[row]), size, mark / marks.sum(), np.log1p(len(own)), place)
                of_code.setdefault(int(code), []).append((told, own))
        near, near_features, near_spans = self._near.match(note)
        codes = np.union1d(np.array(list(of_code), np.int32), near)
        features = np.zeros((len(codes), len(MARKS)), np.float32)
        spans: list[list[MarkedPhrase]] = [[] for _ in codes]
        rows = np.searchsorted(codes, near)
        features[rows, len(EXACT_MARKS) :] = near_features
        for row, (sure, span) in zip(rows.tolist(), near_spans, strict=True):
            spans[row] = [MarkedPhrase(sure, [span])]
        for code, told_of in of_code.items():
            row = int(np.searchsorted(codes, code))
            ranked = sorted(told_of, key=lambda one: one[0], reverse=True)
            features[row, : len(EXACT_MARKS) - 1] = ranked[0][0]
            features[row, len(EXACT_MARKS) - 1] = 1 - np.prod([1 - told[0] for told, _ in ranked])
            spans[row] = [
                MarkedPhrase(told[0], _characters(note, phrase)) for told, own in ranked for phrase in own
            ]
        return Marked(codes.astype(np.int32), features, spans)

    def moved(self, matrix: Any) -> "Marks":
        """For other codes: ``matrix`` [codes, other codes] says how much each counts for each."""
        marks = csr_array(self.marks @ matrix)
        counts = _entries(csr_array(self.counts @ matrix), marks)
        return replace(
            self, counts=csr_array((counts, marks.indices, marks.indptr), shape=marks.shape), marks=marks
        )


@dataclass(frozen=True)
class MarkedNotes:
    """Training notes with the phrases that people marked in them: ``hashes`` uint64 [P] of all phrases, ascending, and
    the ``words`` of each (hashes); of each mark the ``phrase``, ``note`` and ``code`` [M]; what each note ``hits`` of
    the phrases.
    """

    hashes: np.ndarray
    words: Sequence[Sequence[int]]
    phrase: np.ndarray
    note: np.ndarray
    code: np.ndarray
    hits: Sequence[PhraseHits]

    @classmethod
    def read(
        cls,
        notes: Callable[[], Iterable[NoteWords]],
        marked: Sequence[Mapping[int, Sequence[Sequence[tuple[int, int]]]]],
    ) -> "MarkedNotes":
        """``notes`` gives all notes anew; ``marked``: of each the marks of each code (its number), a mark being some
        spans of characters.
        """
        marks = [
            (phrase, note, code, said)
            for note, (words, of_note) in enumerate(zip(notes(), marked, strict=True))
            for code, marks in of_note.items()
            for spans in marks
            for phrase, said in phrases_of_mark(words, spans)
        ]
        hashes, phrase = np.unique(np.array([one[0] for one in marks], np.uint64), return_inverse=True)
        note, code = np.array([one[1:3] for one in marks], np.int64).reshape(-1, 2).T
        said = dict(zip(phrase.tolist(), (one[3] for one in marks), strict=True))
        words = [said[row] for row in range(len(hashes))]
        return cls(hashes, words, phrase, note, code, [PhraseHits.find(hashes, one) for one in notes()])

    def learn(self, kept: np.ndarray, labels: Any) -> Marks:
        """Counts the phrases of the notes that are ``kept`` [N], of which all have ``labels`` [N, codes]."""
        of_kept = kept[self.note]
        known = np.bincount(self.phrase[of_kept], minlength=len(self.hashes)) > 0
        number, notes = np.cumsum(known) - 1, np.flatnonzero(kept)
        pairs = [
            (number[row], place)
            for place, note in enumerate(notes)
            for row in {phrase.row for phrase in self.hits[int(note)].chosen(known)}
        ]
        rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
        having = csr_array(
            (np.ones(len(pairs), np.float32), (rows, columns)), shape=(int(known.sum()), len(notes))
        )
        shape = int(known.sum()), labels.shape[1]
        marks = csr_array(
            (np.ones(int(of_kept.sum()), np.float32), (number[self.phrase[of_kept]], self.code[of_kept])),
            shape=shape,
        )
        marks.sum_duplicates()
        carried = csr_array(having @ csr_array(labels).astype(np.float32)[notes])
        counts = csr_array((_entries(carried, marks), marks.indices, marks.indptr), shape=shape)
        words = [self.words[row] for row in np.flatnonzero(known).tolist()]
        starts = np.cumsum([0, *map(len, words)])
        joined = np.array([one for own in words for one in own], np.uint64)
        return Marks(
            self.hashes[known], np.asarray(having.sum(axis=1), np.float32), counts, marks, joined, starts
        )


def _entries(matrix: csr_array, of: csr_array) -> np.ndarray:
    """What a matrix has where another of the same shape has entries, in the order of these."""
    if not of.nnz:
        return np.zeros(0, np.float32)
    row = np.repeat(np.arange(of.shape[0]), np.diff(of.indptr))
    return np.asarray(csr_matrix(matrix)[row, of.indices], np.float32).ravel()


def _characters(note: NoteWords, phrase: Phrase) -> list[tuple[int, int]]:
    parts = [(phrase.first, phrase.cut), (phrase.on, phrase.last)]
    return [
        (int(note.spans[first, 0]), int(note.spans[last - 1, 1])) for first, last in parts if first < last
    ]
