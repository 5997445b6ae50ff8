"""The data of a version's training notes: labels, marks and folds."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import Mark
from icdbridge.lexical.marks import MarkedNotes
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.parallel_texts import ParallelTexts, told_of_translations
from icdbridge.training.settings import Settings

FOLDS = 10


@dataclass(frozen=True)
class TrainingTexts:
    """The training notes of a version: the splits they come from, one after another, their ``folds`` [N] and ``labels``
    [N, codes], the phrases that people marked in them and those that were translated (None where there are none, and
    without a prior to weigh them).
    """

    sources: Sequence[tuple[Corpus, str]]
    folds: np.ndarray
    labels: Any
    marked: MarkedNotes | None
    parallel: ParallelTexts | None

    @classmethod
    def read(
        cls, sources: Sequence[tuple[Corpus, str]], codes: Sequence[str], labels: Any, settings: Settings
    ) -> "TrainingTexts":
        """Reads notes whose labels are ``codes`` (keys); those of a patient share a fold, in every version."""
        folds = np.array([zlib.crc32(patient.encode()) % FOLDS for patient in _column(sources, "patient_id")])
        marked = _read_marks(sources, codes, settings.max_note_words) if settings.prior else None
        parallel = ParallelTexts.read(sources, settings.max_note_words) if settings.prior else None
        return cls(sources, folds, labels, marked, parallel)

    def texts(self, rows: np.ndarray | None = None) -> Iterator[str]:
        """The texts of all notes, or of those in some ``rows``, in their order."""
        if rows is None:
            yield from _column(self.sources, "text")
            return
        chosen = np.zeros(len(self.folds), bool)
        chosen[rows] = True
        first = 0
        for corpus, split in self.sources:
            for batch in corpus.notes(split, ("text",)):
                own = chosen[first : first + batch.num_rows]
                first += batch.num_rows
                if own.any():
                    yield from batch.column("text").filter(pa.array(own)).to_pylist()


def _read_marks(
    sources: Sequence[tuple[Corpus, str]], codes: Sequence[str], max_words: int
) -> MarkedNotes | None:
    """The phrases that people marked for some of the codes (keys) in the notes, or in those that the notes are
    translations of; None where they marked none.
    """
    number = {code: place for place, code in enumerate(codes)}
    marked: dict[str, dict[str, dict[int, list[Mark]]]] = {}
    for corpus in dict.fromkeys(corpus for corpus, _ in sources):
        of_corpus = marked.setdefault(corpus.name, {})
        for (note_id, key), marks in (corpus.evidence() or told_of_translations(corpus, max_words)).items():
            if key in number:
                of_corpus.setdefault(note_id, {})[number[key]] = marks
    of_notes = [
        marked[corpus.name].get(note_id, {})
        for corpus, split in sources
        for note_id in corpus.column("note_id", split)
    ]
    if not any(of_notes):
        return None
    return MarkedNotes.read(
        lambda: (NoteWords(text, max_words) for text in _column(sources, "text")), of_notes
    )


def _column(sources: Sequence[tuple[Corpus, str]], name: str) -> Iterator[str]:
    for corpus, split in sources:
        yield from corpus.column(name, split)
