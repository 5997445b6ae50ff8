"""Lexical evidence of training notes, none of which helps to find its own codes.

The training notes are dealt into folds by patient. The notes of a fold are matched with the associations and code
counts of all other folds: a phrase speaks for a code as it will for a new note, and codes that only one fold has
are codes never seen for it, which teaches how far to trust their names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from icdbridge.codes import Terms, code_names, whole_systems
from icdbridge.corpora import Corpus
from icdbridge.knowledge.further import further_terms
from icdbridge.lexical import (
    EQUIVALENT_FEATURES,
    TRAINING_FEATURES,
    Associations,
    CodeStatistics,
    Lexicon,
    Matcher,
    NoteWords,
    with_categories,
)
from icdbridge.training.matched_notes import MatchedNotes, match_notes
from icdbridge.training.recoding import Recoded, recode
from icdbridge.training.settings import Settings
from icdbridge.training.training_texts import FOLDS, TrainingTexts

WHOLE_NOTES = (
    2_000  # training notes of a version, evenly chosen, that are matched against all codes of their systems
)


@dataclass(frozen=True)
class MatchedTraining:
    """The evidence of all training notes of a version, each found by the matcher of its fold (``folds`` [N]), which
    knows what the notes of all other folds teach.
    """

    notes: MatchedNotes
    folds: np.ndarray
    matchers: Sequence[Matcher]
    withheld: float
    whole: "WholeMatches | None" = None

    def draw(self, rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``features`` of a batch. A share ``withheld`` of the codes, drawn anew each time, have none that come of
        the version's training notes; half of these have none that come of notes of other versions either, as if never
        seen: they teach how far to trust names alone.
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

    def scale(self, rows: int = 200) -> np.ndarray:
        """The root mean square of each feature [F] over all codes of up to ``rows`` notes."""
        some = np.unique(np.linspace(0, len(self.notes) - 1, rows).astype(int))
        columns = np.arange(self.matchers[0].names.codes)
        squares = sum((self.features(some[[i]], columns) ** 2).mean(axis=(0, 1)) for i in range(len(some)))
        found: np.ndarray = np.sqrt(squares / len(some))
        return np.where(found > 0, found, 1).astype(np.float32)


@dataclass(frozen=True)
class WholeMatches:
    """The evidence of some ``training`` notes (their ``rows``) for ``keys`` with their ``descriptions``: the codes of
    the version and, after them, all others of their code systems. ``matchers`` by fold as in ``MatchedTraining``;
    ``version``: the number of the version.
    """

    training: "TrainingTexts"
    keys: Sequence[str]
    descriptions: Sequence[str]
    rows: np.ndarray
    notes: MatchedNotes
    matchers: Sequence[Matcher]
    max_note_words: int
    version: int

    @cached_property
    def labels(self) -> Any:
        """The labels of the notes [len(rows), codes of the version]."""
        return csr_array(self.training.labels)[self.rows]

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
) -> dict[str, tuple[Lexicon, MatchedTraining | None]]:
    """The lexicon and the training notes' evidence of each version: from the splits ``sources``, one after another,
    whose notes have ``labels`` [N, codes] by the codes ``pools`` (key to description). The ``evidence`` takes longest,
    and is not needed where the networks have learnt.
    """
    terms = further_terms(settings.terms)
    read = {
        version: TrainingTexts.read(own, list(pools[version]), labels[version], settings)
        for version, own in sources.items()
    }
    matched = {}
    for number, (version, notes) in enumerate(read.items()):
        lexicon = _new_lexicon(pools[version], terms, number)
        others = [
            recode(notes, lexicon, texts, list(pools[other]), settings.max_note_words)
            for other, texts in read.items()
            if other != version and settings.lexical == "equivalents"
        ]
        # no note is of that fold: none is left out
        (statistics,) = _statistics_without(lexicon, notes, others, settings, [FOLDS])
        lexicon = replace(lexicon, statistics=statistics)
        found = _match(lexicon, pools[version], notes, others, settings, folder) if evidence else None
        matched[version] = lexicon, found
    return matched


def _new_lexicon(pool: Mapping[str, str], terms: Terms, version: int) -> Lexicon:
    """The lexicon of the codes of ``pool`` (key to description) that has learnt from no note yet; ``version`` is the
    number of the version.
    """
    names = code_names(list(pool), list(pool.values()), terms)
    nothing = CodeStatistics(np.zeros(0, np.float32))
    return Lexicon(list(pool), names, terms, (nothing, nothing), version)


def _match(
    lexicon: Lexicon,
    pool: Mapping[str, str],
    notes: TrainingTexts,
    others: Sequence[Recoded],
    settings: Settings,
    folder: Path,
) -> MatchedTraining:
    """The notes, each matched by what the notes of all other folds teach."""
    statistics = _statistics_without(lexicon, notes, others, settings, range(FOLDS))
    matchers = [lexicon.own_with(of_fold) for of_fold in statistics]
    texts = ((text, matchers[fold]) for text, fold in zip(notes.texts(), notes.folds, strict=True))
    name = "-".join(dict.fromkeys(corpus.name for corpus, _ in notes.sources))
    path = folder / f"{name}-train.matched"
    matched = match_notes(
        texts, len(notes.folds), settings.max_note_words, path, "matching the training notes"
    )
    whole = None
    if settings.prior:
        path = folder / f"{name}-whole.matched"
        whole = _match_whole(lexicon, pool, notes, statistics, settings, path)
    matchers = [lexicon.own_with(own) for own in _without_phrases(statistics)]
    return MatchedTraining(matched, notes.folds, matchers, settings.withheld, whole)


def _match_whole(
    lexicon: Lexicon,
    pool: Mapping[str, str],
    notes: TrainingTexts,
    statistics: Sequence[tuple[CodeStatistics, CodeStatistics]],
    settings: Settings,
    path: Path,
) -> WholeMatches:
    """Some of the notes, matched against all codes of the code systems of the ``pool`` (key to description)."""
    codes = {**pool, **{key: title for key, title in whole_systems(pool).items() if key not in pool}}
    keys, descriptions = list(codes), list(codes.values())
    wide = lexicon.matcher(keys, descriptions)
    matchers = [lexicon.relearnt(wide, keys, of_fold) for of_fold in statistics]
    rows = np.unique(np.linspace(0, len(notes.folds) - 1, WHOLE_NOTES).astype(int))
    counted = [lexicon.relearnt(wide, keys, of_fold) for of_fold in _without_phrases(statistics)]
    texts = zip(notes.texts(rows), (matchers[fold] for fold in notes.folds[rows]), strict=True)
    title = "matching training notes with all codes"
    matched = match_notes(texts, len(rows), settings.max_note_words, path, title)
    return WholeMatches(
        notes, keys, descriptions, rows, matched, counted, settings.max_note_words, lexicon.version
    )


def _without_phrases(
    statistics: Sequence[tuple[CodeStatistics, CodeStatistics]],
) -> list[tuple[CodeStatistics, CodeStatistics]]:
    """Phrases have done their work: dense features take counts of notes alone."""
    return [(own._replace(associations=None), CodeStatistics(other.notes)) for own, other in statistics]


def _statistics_without(
    lexicon: Lexicon,
    notes: TrainingTexts,
    others: Sequence[Recoded],
    settings: Settings,
    left_out: Sequence[int],
) -> list[tuple[CodeStatistics, CodeStatistics]]:
    """What all notes but those of a fold teach, for each fold ``left_out``: the version's own, and these together with
    those of ``others``, by what their labels mean in this version; nothing where there are none.
    """
    categories = lexicon.categories_of(lexicon.keys)
    found = []
    for fold in left_out:
        own = _count([notes], categories, settings.counts_phrases, fold)
        if notes.marked is not None:
            own = own._replace(marks=notes.marked.learn(notes.folds != fold, notes.labels))
        if notes.parallel is not None:
            own = own._replace(translator=notes.parallel.learn(notes.folds != fold))
        together = CodeStatistics(np.zeros_like(own.notes))
        if others:
            recoded = [replace(one.notes, labels=one.labels(fold)) for one in others]
            together = _count([notes, *recoded], categories, settings.counts_phrases, fold)
        found.append((own, together))
    return found


def _count(
    several: Sequence[TrainingTexts], categories: np.ndarray, associations: bool, left_out: int
) -> CodeStatistics:
    """What the notes of all folds but one teach."""
    labels = csr_array(vstack([with_categories(notes.labels, categories) for notes in several], format="csr"))
    phrases = [each for notes in several for each in notes.phrases]
    rows = np.flatnonzero(np.concatenate([notes.folds for notes in several]) != left_out)
    carried = labels[rows]
    counted = Associations.learn([phrases[row] for row in rows], carried) if associations else None
    return CodeStatistics(np.asarray(carried.sum(axis=0), np.float32), counted)
