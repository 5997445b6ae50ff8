"""Lexical evidence of training notes, none of which helps to find its own codes.

The training notes are dealt into folds by patient. The notes of a fold are matched with the associations and code
counts of all other folds: a phrase speaks for a code as it will for a new note, and codes that only one fold has
are codes never seen for it, which teaches how far to trust their names.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from icdbridge.codes import Terms, code_names
from icdbridge.corpora import Corpus
from icdbridge.matching import (
    LEARNT,
    Associations,
    Lexicon,
    find_phrases,
    lay_out,
    with_categories,
)
from icdbridge.runs.matched import MatchedNotes, match_notes
from icdbridge.training.settings import Settings

FOLDS = 10


@dataclass(frozen=True)
class MatchedTraining:
    """The evidence of all training notes of a version; ``folds`` [N]; and, by fold, how many notes of the other folds
    carry each code and each category: ``train_notes`` [FOLDS, codes + categories]. ``categories`` [codes].
    """

    notes: MatchedNotes
    folds: np.ndarray
    train_notes: np.ndarray
    categories: np.ndarray
    withheld: float

    def draw(self, rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``features`` of a batch. A share ``withheld`` of the codes, drawn anew each time, have none that come of
        training notes, as if never seen: they teach how far to trust names alone.
        """
        features = self.features(rows, columns)
        features[:, rng.random(len(columns)) < self.withheld, LEARNT] = 0
        return features

    def features(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Features float32 [len(rows), len(columns), F] of some notes for some codes."""
        places = np.full(len(self.categories), -1)
        places[columns] = np.arange(len(columns))
        categories, counts = self.categories[columns], self.train_notes[self.folds[rows]]
        found = [self.notes[int(row)] for row in rows]
        return lay_out(found, places, categories, counts[:, columns], counts[:, len(places) + categories])

    def scale(self, rows: int = 200) -> np.ndarray:
        """The root mean square of each feature [F] over all codes of up to ``rows`` notes."""
        some = np.unique(np.linspace(0, len(self.notes) - 1, rows).astype(int))
        columns = np.arange(len(self.categories))
        squares = sum((self.features(some[[i]], columns) ** 2).mean(axis=(0, 1)) for i in range(len(some)))
        found: np.ndarray = np.sqrt(squares / len(some))
        return np.where(found > 0, found, 1).astype(np.float32)


def match_training(
    sources: Sequence[tuple[Corpus, str]],
    pool: dict[str, str],
    labels: Any,
    terms: Terms,
    settings: Settings,
    folder: Path,
) -> tuple[Lexicon, MatchedTraining]:
    """Learns the lexicon of a version from its training notes, the splits ``sources`` one after another, whose
    ``labels`` [N, pool] are those of the codes ``pool`` (key to description), and matches these notes.
    """
    words, count = settings.max_note_words, labels.shape[0]
    folds = np.array([zlib.crc32(patient.encode()) % FOLDS for patient in _column(sources, "patient_id")])
    names = code_names(list(pool), list(pool.values()), terms)
    others = [np.flatnonzero(folds != fold) for fold in range(FOLDS)]
    lexicon = Lexicon(list(pool), names, terms, None, _carriers(labels), np.zeros(0, np.int64))
    categories = lexicon.categories_of(lexicon.keys)
    labels = with_categories(labels, categories)
    train_notes = np.stack([_carriers(labels[rows]) for rows in others])
    whole: Associations | None = None
    held_out: list[Associations | None] = [None] * FOLDS
    if settings.associations:
        phrases = [find_phrases(text, words).hashes for text in _column(sources, "text")]
        whole = Associations.learn(phrases, labels)
        held_out = [Associations.learn([phrases[row] for row in rows], labels[rows]) for rows in others]
    lexicon = replace(lexicon, associations=whole, category_notes=_carriers(labels)[len(pool) :])
    matchers = [
        lexicon.own_with(held_out[fold], counts[: len(pool)], counts[len(pool) :])
        for fold, counts in enumerate(train_notes)
    ]
    texts = ((text, matchers[fold]) for text, fold in zip(_column(sources, "text"), folds, strict=True))
    path = folder / "-".join(dict.fromkeys(f"{corpus.name}-train.matched" for corpus, _ in sources))
    matched = match_notes(texts, count, words, path, "matching the training notes")
    return lexicon, MatchedTraining(matched, folds, train_notes, categories, settings.withheld)


def _carriers(labels: Any) -> np.ndarray:
    return np.bincount(labels.indices, minlength=labels.shape[1])


def _column(sources: Sequence[tuple[Corpus, str]], name: str) -> Iterator[str]:
    for corpus, split in sources:
        for batch in corpus.notes(split, (name,)):
            yield from batch.column(name).to_pylist()
