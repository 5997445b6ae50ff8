"""Evaluates the starter on a corpus like a run."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.sparse import lil_array
from scipy.special import logit

from icdbridge.codes import parse_key
from icdbridge.corpora.corpus import Corpus
from icdbridge.lexical.note import NoteWords
from icdbridge.lexical.parallel_texts import ParallelTexts
from icdbridge.lexical.translation import Translator
from icdbridge.progress import console, track
from icdbridge.runs.scored import Explained, Scored, on_disk
from icdbridge.starter.among import DIAGNOSES, chosen
from icdbridge.starter.converting import in_icd9
from icdbridge.starter.found import SPANS, Found
from icdbridge.starter.language import foreign_language
from icdbridge.starter.opinions import reading_starter
from icdbridge.starter.stems import words_of

STARTER = "starter"
UNNAMED = -20.0  # logit of codes that the starter does not name
_WORDS = 4_000  # of a note in another language


class StarterRun:
    """The starter with the interface of a run. ``train_notes`` are not known."""

    name = STARTER
    train_notes: Mapping[str, int] | None = None
    log: Sequence[Mapping[str, float]] = ()

    def __init__(self) -> None:
        self.path = Path(STARTER)
        self.config = {"model": {"architecture": STARTER}, "learnt": reading_starter("icd10cm").ranking.about}
        self.explainer = lru_cache(1)(
            StarterExplainer
        )  # of a corpus: codes its notes, and finds evidence in them

    def score_corpus(self, corpus: Corpus, split: str, folder: Path) -> Scored:
        """Scores a split against all codes of its corpus; the logits are a memory map in ``folder``."""
        explainer = self.explainer(corpus)
        count = corpus.count(split)
        shape = count, len(explainer.keys)
        logits = on_disk(Path(folder) / f"{corpus.name}-{split}.logits", shape)
        labels = lil_array(shape, dtype=bool)
        column_of = {key: column for column, key in enumerate(explainer.keys)}
        ids, foreign = [], ""
        rows = (
            note for batch in corpus.notes(split, ("note_id", "text", "codes")) for note in batch.to_pylist()
        )
        for row, note in enumerate(track(rows, count, f"scoring {corpus.name} {split}")):
            ids.append(note["note_id"])
            logits[row] = explainer.logits(note["text"])
            labels[row, sorted(column_of[key] for key in note["codes"])] = True
            foreign = foreign or explainer.foreign(note["text"])
        if foreign:
            console.print(
                f"notes of {corpus.name} seem to be in {foreign}: the starter reads English, and puts notes into it "
                "only where a corpus has translations of its train notes"
            )
        return Scored(ids, explainer.keys, corpus.n_frequent, logits, labels.tocsr())


class StarterExplainer:
    """The starter for the codes (``keys``) of a corpus, with the probability above which it predicts each.

    Codes below those of the corpus count as the nearest above them. If the corpus has English translations of its train
    notes, notes are translated as learned from these.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.keys = corpus.codes
        self._system = DIAGNOSES[corpus.version]
        self._starter = reading_starter("icd10cm")
        codes = [parse_key(key) for key in corpus.codes]
        own = {code.code: column for column, code in enumerate(codes) if code.system == self._system}
        self._column_of = own
        self._titles = {code: corpus.descriptions[column] for code, column in own.items()}
        self.thresholds = np.full(len(self.keys), float(self._starter.ranking.about["threshold"]))
        self._translator = _translator(corpus)

    def logits(self, text: str) -> np.ndarray:
        """Logits float32 [L] of a note; ``UNNAMED`` for the codes that the starter does not name."""
        logits = np.full(len(self.keys), UNNAMED, np.float32)
        for one in self._found(text):
            logits[self._column_of[one.code]] = max(float(logit(one.confidence)), UNNAMED)
        return logits

    def explain(self, text: str, columns: np.ndarray) -> Explained:
        """The words in which the starter reads the codes of some columns; it weighs none."""
        spans = {
            self._column_of[one.code]: [
                (said.start, said.end) for said in one.speaking[:SPANS] if said.context is None
            ]
            for one in self._found(text)
        }
        return Explained(NoteWords(text, _WORDS).spans, [spans.get(one, []) for one in columns.tolist()])

    def probabilities(self, texts: Sequence[str], columns: Sequence[int]) -> np.ndarray:
        """How likely the codes of some columns are in texts, float64 [N, l]; 0 where none is named."""
        found = np.zeros((len(texts), len(columns)))
        place = {column: number for number, column in enumerate(columns)}
        for row, text in enumerate(texts):
            for one in self._found(text):
                column = self._column_of[one.code]
                if column in place:
                    found[row, place[column]] = one.confidence
        return found

    def foreign(self, text: str) -> str:
        """The language of a note that the starter does not read; nothing for one that it does."""
        return "" if self._translator else foreign_language(words_of(text)) or ""

    def _found(self, text: str) -> list[Found]:
        """The codes of the corpus that the starter finds, with their places in the note."""
        if self.foreign(text):
            return []
        if self._translator is None:
            found = self._starter.code(text)
        else:
            english = self._translator.translate(NoteWords(text, _WORDS))
            found = [
                one._replace(
                    speaking=tuple(
                        said._replace(start=place[0], end=place[1])
                        for said in one.speaking
                        if (place := english.original(said.start, said.end))
                    )
                )
                for one in self._starter.code(english.text)
            ]
        return chosen(in_icd9(found) if self._system == "icd9cm" else found, self._titles)


def _translator(corpus: Corpus) -> Translator | None:
    parallel = ParallelTexts.read([(corpus, "train")], _WORDS)
    return None if parallel is None else parallel.learn(np.ones(corpus.count("train"), bool))
