"""The evidence of a note that was scored, for the codes of a scorer."""

import numpy as np

from icdbridge.codes import declaration, known_systems
from icdbridge.codes.axes import axes
from icdbridge.lexical import NoteWords
from icdbridge.lexical.axis_evidence import with_axes
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.marks import MarkedPhrase
from icdbridge.runs.attribution import add_spans, find_evidence, marked_evidence, word_weights
from icdbridge.runs.note_scores import Reading
from icdbridge.runs.scorer import Scorer
from icdbridge.text import Words


def weights_of_words(scorer: Scorer, words: Words, reading: Reading, columns: np.ndarray) -> np.ndarray:
    """How much each word of a note, as the tokenizer gives them, speaks for the codes of some columns: float64 [l, T].

    The lexical evidence that was found counts too.
    """
    weights = word_weights(scorer.model.model, reading.states, words.ids, scorer.queries_of(columns))
    if scorer.matcher is None or reading.matches is None:
        return weights
    return add_spans(weights, scorer.matcher.spans(reading.matches, columns.tolist()), words.offsets)


def note_evidence(
    scorer: Scorer, text: str, words: Words, reading: Reading, columns: np.ndarray
) -> list[list[Evidence]]:
    """The evidence of a note for the codes of some columns.

    It is the phrases that people marked for a code in other notes; where there are none, those in which the starter
    reads the code; else the heaviest words.
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
    return [_by_axis(scorer, note, column, own) for column, own in zip(columns, found, strict=True)]


def _by_axis(scorer: Scorer, note: NoteWords, column: int, evidence: list[Evidence]) -> list[Evidence]:
    """The evidence of a code by its axes, where its characters are values of axes."""
    code = scorer.code(column)
    if code.system not in known_systems() or not declaration(code.system).axes:
        return evidence
    return with_axes(note, axes(code.code, scorer.descriptions[column]), evidence)
