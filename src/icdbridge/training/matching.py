"""Lexical evidence of training notes, where no note helps to find its own codes.

The notes are dealt into folds by patient. A fold is matched with the associations and code counts of all other folds,
so phrases are as reliable as for a new note. Codes that only one fold has are unseen there, which teaches how far to
trust their names.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from icdbridge.codes import Terms, code_names, whole_systems
from icdbridge.corpora import Corpus
from icdbridge.knowledge.further import further_terms
from icdbridge.lexical.features import EQUIVALENT_FEATURES, TRAINING_FEATURES, SparseFeatures
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.matcher import CodeStatistics, Matcher
from icdbridge.lexical.note import NoteWords
from icdbridge.training.matched_notes import MatchedNotes, is_matched, match_notes
from icdbridge.training.recoding import recode
from icdbridge.training.settings import Settings
from icdbridge.training.taught import Taught
from icdbridge.training.training_texts import FOLDS, TrainingTexts

# Training notes of a version, evenly chosen, that are matched against all codes of their systems.
WHOLE_NOTES = 2_000
SCALED = 200  # evenly chosen notes by which features are scaled


@dataclass(frozen=True)
class MatchedTraining:
    """The evidence of training notes of a version, each found by the matcher of its fold (``folds`` [N]), which knows
    only the notes of other folds.
    """

    notes: MatchedNotes
    folds: np.ndarray
    matchers: Sequence[Matcher]
    withheld: float
    whole: "WholeMatches | None" = None

    def draw(self, rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``features`` of a batch, with a share ``withheld`` of the codes, drawn each time, treated as if never seen.

        These have no features from the version's training notes; half of them have none from notes of other versions
        either. They teach how far to trust names alone.
        """
        features = self.features(rows, columns)
        drawn = rng.random(len(columns))
        for group, share in ((TRAINING_FEATURES, 1.0), (EQUIVALENT_FEATURES, 0.5)):
            hidden = drawn < share * self.withheld
            features[:, hidden[:, None] & group] = 0
        return features

    def features(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Features float32 [len(rows), len(columns), F] of some notes for some codes."""
        return np.concatenate(
            [self.matchers[self.folds[row]].dense_features([self.notes[int(row)]], columns) for row in rows]
        )

    def scale(self) -> np.ndarray:
        """The root mean square of each feature [F] over all codes of some notes."""
        some = scale_rows(len(self.folds))
        columns = np.arange(self.matchers[0].names.codes)
        squares = sum((self.features(some[[i]], columns) ** 2).mean(axis=(0, 1)) for i in range(len(some)))
        found: np.ndarray = np.sqrt(squares / len(some))
        return np.where(found > 0, found, 1).astype(np.float32)


def scale_rows(count: int) -> np.ndarray:
    """The rows, evenly chosen of ``count`` notes, by which features are scaled."""
    return np.unique(np.linspace(0, count - 1, SCALED).astype(int))


@dataclass(frozen=True)
class WholeMatches:
    """The evidence of some ``training`` notes (``notes.rows``) for ``keys`` with their ``descriptions``: the codes of
    the version and, after them, all others of their code systems. ``matchers`` by fold as in ``MatchedTraining``;
    ``version``: the number of the version.
    """

    training: TrainingTexts
    keys: Sequence[str]
    descriptions: Sequence[str]
    notes: MatchedNotes
    matchers: Sequence[Matcher]
    max_note_words: int
    version: int

    @property
    def rows(self) -> np.ndarray:
        return self.notes.rows

    @cached_property
    def labels(self) -> Any:
        """The labels of the notes [len(rows), codes of the version]."""
        return csr_array(self.training.labels)[self.rows]

    def evidence(self, note: int) -> SparseFeatures:
        """The evidence of a note, by its place in ``rows``."""
        return self.notes[int(self.rows[note])]

    def matcher(self, note: int) -> Matcher:
        """The matcher of a note, by its place in ``rows``."""
        return self.matchers[int(self.training.folds[self.rows[note]])]

    def words(self) -> Iterator[NoteWords]:
        """The words of the notes, in the order of ``rows``."""
        return (NoteWords(text, self.max_note_words) for text in self.training.texts(self.rows))


def match_training(
    sources: Mapping[str, Sequence[tuple[Corpus, str]]],
    labels: Mapping[str, Any],
    pools: Mapping[str, Mapping[str, str]],
    settings: Settings,
    folder: Path,
    evidence: bool = True,
    wanted: Mapping[str, np.ndarray] | None = None,
) -> dict[str, tuple[Lexicon, MatchedTraining | None]]:
    """The lexicon and the training notes' evidence of each version.

    Notes come from the splits ``sources``, one after another, with ``labels`` [N, codes] by the codes ``pools`` (key to
    description). The ``evidence`` takes longest, and is skipped if the networks are trained already. It is found for
    the ``wanted`` notes of each version (rows), by default all. Results lie in ``folder``; those of the same training
    that exist are reused.
    """
    terms = further_terms(settings.terms)
    read = {
        version: TrainingTexts.read(own, list(pools[version]), labels[version], settings)
        for version, own in sources.items()
    }
    matched = {}
    for number, (version, notes) in enumerate(read.items()):
        lexicon = _new_lexicon(pools[version], terms, number)
        others = {
            other: recode(
                notes, lexicon, texts, list(pools[other]), settings.max_note_words, folder / version / other
            )
            for other, texts in read.items()
            if other != version and settings.lexical == "equivalents"
        }
        taught = Taught.read(read, version, others, lexicon, settings, folder)
        counted = taught.counted()
        lexicon = lexicon.with_statistics(counted[FOLDS])
        found = None
        if evidence:
            rows = np.arange(len(notes.folds)) if wanted is None else wanted[version]
            found = _match(lexicon, pools[version], taught, counted, rows, settings, folder / version)
        matched[version] = lexicon.with_statistics(taught.with_phrases(counted[FOLDS], FOLDS)), found
    shutil.rmtree(folder / "phrases", ignore_errors=True)  # they have been counted
    return matched


def _new_lexicon(pool: Mapping[str, str], terms: Terms, version: int) -> Lexicon:
    """A lexicon of the codes of ``pool`` (key to description) without training notes; ``version`` is its number."""
    names = code_names(list(pool), list(pool.values()), terms)
    nothing = CodeStatistics(np.zeros(0, np.float32))
    return Lexicon(list(pool), names, terms, (nothing, nothing), version)


def _match(
    lexicon: Lexicon,
    pool: Mapping[str, str],
    taught: Taught,
    counted: Sequence[tuple[CodeStatistics, CodeStatistics]],
    rows: np.ndarray,
    settings: Settings,
    folder: Path,
) -> MatchedTraining:
    """Matches some ``rows`` of the notes, each with the other folds; with a prior also ``WHOLE_NOTES`` against all
    codes of the code systems of the ``pool`` (key to description).
    """
    notes, limit, counted = taught.notes, settings.max_note_words, counted[:FOLDS]
    own = _Dealt(rows, notes.folds, folder / "matched")
    asked = [(own, lexicon.own, "matching the training notes")]
    if settings.prior:
        codes = {**pool, **{key: title for key, title in whole_systems(pool).items() if key not in pool}}
        keys, descriptions = list(codes), list(codes.values())
        some = np.unique(np.linspace(0, len(notes.folds) - 1, WHOLE_NOTES).astype(int))
        dealt = _Dealt(some, notes.folds, folder / "whole")
        asked.append((dealt, lexicon.matcher(keys, descriptions), "matching training notes with all codes"))
    for fold, statistics in enumerate(counted):
        if all(dealt.is_matched(fold) for dealt, *_ in asked):
            continue
        # what phrases are associated with fills the memory: of one fold at a time
        learnt = taught.with_phrases(statistics, fold)
        for dealt, matcher, what in asked:
            dealt.match(fold, notes, replace(matcher, statistics=learnt), limit, what)
        del learnt
    # phrases have done their work: dense features take counts of notes alone
    (evidence, matchers), *wide = (
        (dealt.open(), [replace(matcher, statistics=statistics) for statistics in counted])
        for dealt, matcher, _ in asked
    )
    whole = None
    for found, of_folds in wide:
        whole = WholeMatches(notes, keys, descriptions, found, of_folds, limit, lexicon.version)
    return MatchedTraining(evidence, notes.folds, matchers, settings.withheld, whole)


@dataclass(frozen=True)
class _Dealt:
    """Some ``rows`` of notes that are dealt into ``folds`` [N], and the files of their evidence, by fold."""

    rows: np.ndarray
    folds: np.ndarray
    path: Path

    def of(self, fold: int) -> tuple[np.ndarray, Path]:
        return self.rows[self.folds[self.rows] == fold], self.path / str(fold)

    def is_matched(self, fold: int) -> bool:
        return is_matched(*self.of(fold))

    def match(self, fold: int, notes: TrainingTexts, matcher: Matcher, max_words: int, what: str) -> None:
        rows, path = self.of(fold)
        if len(rows):
            what = f"{what} ({fold + 1} of {FOLDS} parts)"
            match_notes(notes.texts(rows), len(rows), matcher, max_words, path, what)

    def open(self) -> MatchedNotes:
        return MatchedNotes.open(self.of(fold) for fold in range(FOLDS))
