"""The evidence of a note that was scored, for the codes of a scorer."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from icdbridge.codes import declaration, known_systems
from icdbridge.codes.axes import AxisValue, axes
from icdbridge.lexical.axis_evidence import with_axes
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.marks import MarkedPhrase
from icdbridge.runs.attribution import add_spans, find_evidence, marked_evidence, word_weights
from icdbridge.runs.note_scores import Note, Reading
from icdbridge.runs.scored import Explained
from icdbridge.runs.scorer import Scorer
from icdbridge.text import Words


def weights_of_words(scorer: Scorer, words: Words, reading: Reading, columns: np.ndarray) -> np.ndarray:
    """How much each word of a note supports the codes of some columns, lexical evidence included: float64 [l, T]."""
    weights = word_weights(scorer.model.model, reading.states, words.ids, scorer.queries_of(columns))
    if scorer.matcher is None or reading.matches is None:
        return weights
    return add_spans(weights, scorer.matcher.spans(reading.matches, columns.tolist()), words.offsets)


def note_evidence(
    scorer: Scorer, text: str, words: Words, reading: Reading, columns: np.ndarray
) -> list[list[Evidence]]:
    """The evidence of a note for the codes of some columns.

    It is the phrases that people marked for a code in other notes; without any, those in which the starter finds the
    code; else the heaviest words.
    """
    matches = reading.matches
    note = scorer.words(text) if matches is None else matches.note
    weights = weights_of_words(scorer, words, reading, columns)
    found = find_evidence(text, weights, words.offsets, note.contexts)
    for place, column in enumerate(columns.tolist()):
        phrases = matches.marked.phrases_of(column) if matches is not None and matches.marked else []
        if not phrases and scorer.prior is not None:
            spans = scorer.prior[1].spans(reading.said, column)
            phrases = [MarkedPhrase(1 / len(spans), [span]) for span in spans]
        if phrases:
            found[place] = marked_evidence(text, phrases, note.contexts)
    return with_axes(note, [_axes(scorer, column) for column in columns.tolist()], found)


def _axes(scorer: Scorer, column: int) -> list[AxisValue]:
    """The axis values that the characters of a code stand for."""
    code = scorer.code(column)
    if code.system not in known_systems() or not declaration(code.system).axes:
        return []
    return axes(code.code, scorer.descriptions[column])


class RunExplainer:
    """Finds evidence for the codes of a ``scorer`` in notes, and scores texts from which evidence was removed."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.keys = scorer.keys
        self.thresholds = scorer.thresholds

    def explain(self, text: str, columns: np.ndarray) -> Explained:
        """What speaks for the codes of some columns in a note."""
        scorer = self._scorer
        words = scorer.model.tokenizer.encode(text, scorer.model.max_note_words)
        if not len(words.ids):
            return Explained(words.offsets, [[] for _ in columns])
        reading = scorer.reading(Note(text, words.ids))
        found = note_evidence(scorer, text, words, reading, columns)
        spans = [[(one.start, one.end) for one in of_code] for of_code in found]
        return Explained(words.offsets, spans, weights_of_words(scorer, words, reading, columns))

    def probabilities(self, texts: Sequence[str], columns: Sequence[int]) -> np.ndarray:
        """How likely the codes of some columns are in texts, float64 [N, l]."""
        keys = [self.keys[column] for column in columns]
        described = {
            key: self._scorer.descriptions[column] for key, column in zip(keys, columns, strict=True)
        }
        few = Scorer(self._scorer.model, described, self._scorer.version)
        found = np.zeros((len(texts), len(keys)))
        for scores in few.score([few.read(text) for text in texts]):
            found[scores.row] = expit(scores.logits.cpu().numpy().astype(np.float64))
        return found
