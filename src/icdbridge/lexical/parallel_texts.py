"""Training notes in two languages teach how to translate others, and marks of the originals are carried over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import Mark
from icdbridge.knowledge.further import PACKED, further_terms
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.translation import ParallelNotes, Translator, english_words
from icdbridge.lexical.word_alignment import align_words
from icdbridge.progress import console

ALIGNED = 1_000  # notes whose words are aligned with those of their translations, at most
_NEAR = 1  # words between two that are marked that count as marked too
_LONGEST = 12  # words of a mark


@dataclass(frozen=True)
class ParallelTexts:
    """The training notes that exist in English too: their ``rows`` and word alignments."""

    rows: np.ndarray
    notes: ParallelNotes

    @classmethod
    def read(cls, sources: Sequence[tuple[Corpus, str]], max_words: int) -> "ParallelTexts | None":
        """Reads and aligns at most ``ALIGNED`` notes, evenly chosen; None where none is translated."""
        translations = {corpus.name: corpus.translations() for corpus, _ in sources}
        if not any(translations.values()):
            return None
        rows, notes = [], []
        for row, (name, note_id, text) in enumerate(_notes(sources)):
            if note_id in translations[name]:
                rows.append(row)
                notes.append((NoteWords(text, max_words), NoteWords(translations[name][note_id], max_words)))
        chosen = np.unique(np.linspace(0, len(rows) - 1, ALIGNED).astype(int))
        pairs = [notes[place] for place in chosen]
        console.print("aligning the words of notes and their translations")
        keys = [key for corpus, _ in sources for key in corpus.codes]
        names = [*whole_systems(keys).values(), *chain.from_iterable(further_terms(PACKED).values())]
        return cls(np.array(rows)[chosen], ParallelNotes(pairs, align_words(pairs), english_words(names)))

    def learn(self, kept: np.ndarray) -> Translator:
        """The translator learned from those of the training notes ``kept`` [N]."""
        return self.notes.learn(kept[self.rows])


def told_of_translations(corpus: Corpus, max_words: int) -> dict[tuple[str, str], list[Mark]]:
    """The marks in the originals of a corpus's translated notes, carried over to the translations, as
    ``Corpus.evidence``. Marks with no aligned words, or too many, are left out.
    """
    originals, evidence = corpus.originals()
    if not evidence:
        return {}
    notes = {
        note_id: (NoteWords(originals[note_id], max_words), NoteWords(text, max_words))
        for _, note_id, text in _notes([(corpus, "train")])
        if note_id in originals
    }
    console.print("aligning the words of notes and their originals")
    links = dict(zip(notes, align_words(list(notes.values())), strict=True))
    found: dict[tuple[str, str], list[Mark]] = {}
    for (note_id, key), marks in evidence.items():
        if note_id in notes:
            own = [mark for one in marks if (mark := _told(one, *notes[note_id], links[note_id]))]
            if own:
                found[note_id, key] = own
    return found


def _told(mark: Mark, original: NoteWords, note: NoteWords, links: np.ndarray) -> Mark:
    words = np.unique(links[original.within(mark)[links[:, 0]], 1])
    if not 0 < len(words) <= _LONGEST:
        return []
    runs = np.split(words, np.flatnonzero(np.diff(words) > _NEAR + 1) + 1)
    return [(int(note.spans[run[0], 0]), int(note.spans[run[-1], 1])) for run in runs]


def _notes(sources: Sequence[tuple[Corpus, str]]) -> Iterator[tuple[str, str, str]]:
    for corpus, split in sources:
        for note_id, text in zip(corpus.column("note_id", split), corpus.column("text", split), strict=True):
            yield corpus.name, note_id, text
