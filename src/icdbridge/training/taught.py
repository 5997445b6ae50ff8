"""Code statistics from training notes, all or all but a fold: how many carry each code, associations of their phrases,
marks, and translations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, vstack

from icdbridge.lexical.lexicon import Lexicon, with_categories
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.training.phrase_counts import NotePhrases, PhraseCounts
from icdbridge.training.recoding import Recoded
from icdbridge.training.settings import Settings
from icdbridge.training.training_texts import FOLDS, TrainingTexts


@dataclass(frozen=True)
class Taught:
    """The statistics of ``notes`` alone, and together with notes of ``others`` by equivalents; ``categories`` [codes]
    are the category numbers of the codes. ``phrases`` and ``all_phrases``: the counted phrases of both, None without
    phrases.
    """

    notes: TrainingTexts
    others: list[Recoded]
    categories: np.ndarray
    phrases: PhraseCounts | None = None
    all_phrases: PhraseCounts | None = None

    @classmethod
    def read(
        cls,
        texts: Mapping[str, TrainingTexts],
        version: str,
        others: Mapping[str, Recoded],
        lexicon: Lexicon,
        settings: Settings,
        folder: Path,
    ) -> "Taught":
        """Counts the phrases of the notes of a ``version`` and of ``others``, of all ``texts`` by version, in a
        ``folder``, but what has been counted there.
        """
        categories = lexicon.categories_of(lexicon.keys)
        taught = cls(texts[version], list(others.values()), categories)
        if not settings.counts_phrases:
            return taught

        @cache
        def of(one: str) -> NotePhrases:
            notes, path = texts[one], folder / "phrases" / one
            return NotePhrases.read(notes.texts(), len(notes.folds), settings.max_note_words, path)

        def count(versions: list[str], name: str) -> PhraseCounts:
            return PhraseCounts.count(
                lambda: [of(one) for one in versions],
                np.concatenate([texts[one].folds for one in versions]),
                lambda: taught.all_labels if len(versions) > 1 else [taught.labels] * (FOLDS + 1),
                folder / version / name,
            )

        own = count([version], "phrases")
        together = count([version, *others], "all-phrases") if others else None
        return cls(taught.notes, taught.others, categories, own, together)

    @property
    def labels(self) -> csr_array:
        """Of the version's notes, categories too."""
        return with_categories(self.notes.labels, self.categories)

    @property
    def all_labels(self) -> list[csr_array]:
        """Of the version's notes, then of the others, by the fold that is left out."""
        own = self.labels
        return [csr_array(vstack([own, *self._recoded(fold)], "csr")) for fold in range(FOLDS + 1)]

    def _recoded(self, left_out: int) -> list[csr_array]:
        """Labels of the others' notes, categories too, from all notes of the version but those of a fold."""
        return [with_categories(one.labels(left_out), self.categories) for one in self.others]

    def counted(self) -> list[tuple[CodeStatistics, CodeStatistics]]:
        """The statistics without associations, by the fold that is left out (the last: none): the version's own, and
        all together (None without others).
        """
        folds, labels = self.notes.folds, self.labels
        found = []
        for left_out in range(FOLDS + 1):
            kept = folds != left_out
            own = CodeStatistics(_carrying(labels, kept))
            if self.notes.marked is not None:
                own = own._replace(marks=self.notes.marked.learn(kept, self.notes.labels))
            if self.notes.parallel is not None:
                own = own._replace(translator=self.notes.parallel.learn(kept))
            together = np.zeros_like(own.notes) if not self.others else own.notes
            for one, recoded in zip(self.others, self._recoded(left_out), strict=True):
                together = together + _carrying(recoded, one.notes.folds != left_out)
            found.append((own, CodeStatistics(together)))
        return found

    def with_phrases(
        self, counted: tuple[CodeStatistics, CodeStatistics], left_out: int
    ) -> tuple[CodeStatistics, CodeStatistics]:
        """The statistics with associations."""
        own, together = counted
        if self.phrases is not None:
            own = own._replace(associations=self.phrases.without(left_out))
        if self.all_phrases is not None:
            together = together._replace(associations=self.all_phrases.without(left_out))
        return own, together


def _carrying(labels: csr_array, kept: np.ndarray) -> np.ndarray:
    return np.asarray(labels[np.flatnonzero(kept)].sum(axis=0), np.float32)
