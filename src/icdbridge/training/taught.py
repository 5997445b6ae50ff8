"""What training notes teach of codes, all of them or all but those of a fold: how many carry each code, what their
phrases are associated with, what people marked, how their words were translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, vstack

from icdbridge.lexical import CodeStatistics, Lexicon, with_categories
from icdbridge.training.phrase_counts import NotePhrases, PhraseCounts
from icdbridge.training.recoding import Recoded
from icdbridge.training.settings import Settings
from icdbridge.training.training_texts import FOLDS, TrainingTexts


@dataclass(frozen=True)
class Taught:
    """What ``notes`` teach of codes, whose categories have the numbers ``categories`` [codes], and what these together
    with notes of ``others`` do, by what their labels mean in this version. ``phrases`` and ``all_phrases``: what was
    counted of both, None where no phrases are.
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
        return [
            csr_array(
                vstack(
                    [own, *(with_categories(one.labels(fold), self.categories) for one in self.others)], "csr"
                )
            )
            for fold in range(FOLDS + 1)
        ]

    def counted(self) -> list[tuple[CodeStatistics, CodeStatistics]]:
        """All that the notes teach but what their phrases are associated with, by the fold that is left out (the last:
        none is): the version's own, and all together; of these nothing where there are no others.
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
            for one in self.others:
                labels_of = with_categories(one.labels(left_out), self.categories)
                together = together + _carrying(labels_of, one.notes.folds != left_out)
            found.append((own, CodeStatistics(together)))
        return found

    def with_phrases(
        self, counted: tuple[CodeStatistics, CodeStatistics], left_out: int
    ) -> tuple[CodeStatistics, CodeStatistics]:
        """The same with what phrases are associated with."""
        own, together = counted
        if self.phrases is not None:
            own = own._replace(associations=self.phrases.without(left_out))
        if self.all_phrases is not None:
            together = together._replace(associations=self.all_phrases.without(left_out))
        return own, together


def _carrying(labels: csr_array, kept: np.ndarray) -> np.ndarray:
    return np.asarray(labels[np.flatnonzero(kept)].sum(axis=0), np.float32)
