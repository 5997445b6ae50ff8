"""Finds the words of a note that support a code, as places in the original text.

A word's contribution is gradient x input (Simonyan et al. 2013; Ancona et al. 2018): the gradient of the code's logit,
through label attention and the states it attends to, times the word's representation. That is the word's vector for a
convolution, whose positions see several words. For encoders with one state a word (recurrent networks, transformers) it
is the state, because a backward pass through them takes longer than coding. Each model implements it
(``CodingModel.contributions``). Raw attention is coarser, and an attended word may speak against the code.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from icdbridge.lexical.contexts import NoteContexts, doubt
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.marks import MarkedPhrase
from icdbridge.lexical.matcher import Span
from icdbridge.models import CodingModel, NoteStates

LIGHTEST = 0.25  # a word of evidence weighs at least so much of the heaviest; tuned on val of CodiEsp
PHRASES = 3  # of evidence of a code, at most
HEAVY = 6  # words that are looked at for them
GAP = 1  # words between two words of evidence that still make one phrase


def word_weights(model: CodingModel, note: NoteStates, ids: np.ndarray, queries: Tensor) -> np.ndarray:
    """How much each word of one encoded note (without padding) supports each code: ids [T], queries [M, L, ...] to
    float64 [L, T].

    Words that speak against a code weigh 0, the others sum to 1. Call it outside of ``torch.inference_mode``.
    """
    if not queries.shape[1]:
        return np.zeros((0, len(ids)))
    words = torch.from_numpy(ids).to(queries.device)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work takes longer when it is shared
    try:
        with torch.no_grad():
            found = model.contributions(note, queries, words)
    finally:
        torch.set_num_threads(threads)
    weights: np.ndarray = found.double().clamp(min=0).cpu().numpy()
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-30)
    return weights


def add_spans(weights: np.ndarray, spans: Sequence[Sequence[Span]], offsets: np.ndarray) -> np.ndarray:
    """Weights [L, T] of the words at ``offsets`` [T, 2], with lexical evidence added.

    The surer the lexical evidence for a code, the larger the share of weight (at most all) that moves to its words.
    """
    together = np.empty_like(weights)
    for row, own in enumerate(spans):
        lexical = np.zeros(len(offsets))
        for start, end, weight in own:
            inside = (offsets[:, 0] < end) & (offsets[:, 1] > start)
            lexical += inside * (weight / max(int(inside.sum()), 1))
        sure = min(float(lexical.sum()), 1.0)
        together[row] = (1 - sure) * weights[row] + (lexical * (sure / lexical.sum()) if sure else 0)
    return together


def find_evidence(
    text: str, weights: np.ndarray, offsets: np.ndarray, contexts: NoteContexts
) -> list[list[Evidence]]:
    """For each code, the phrases formed by its heaviest words: weights [L, T], offsets [T, 2] into ``text``, with its
    ``contexts``.
    """
    phrases = [
        [(first, last, first + int(own[first : last + 1].argmax())) for first, last in heavy_phrases(own)]
        for own in weights
    ]
    heaviest = [word for of_code in phrases for *_, word in of_code]
    told = iter(contexts.of(offsets[heaviest]))
    found = []
    for own, of_code in zip(weights, phrases, strict=True):
        evidence = []
        for first, last, _ in of_code:
            start, end = int(offsets[first, 0]), int(offsets[last, 1])
            weight = float(own[first : last + 1].sum())
            evidence.append(Evidence.of(text, start, end, weight, doubt(next(told))))
        found.append(evidence)
    return found


def marked_evidence(text: str, phrases: Sequence[MarkedPhrase], contexts: NoteContexts) -> list[Evidence]:
    """The surest phrases that people marked for a code in other notes, each in full length."""
    shown = phrases[:PHRASES]
    whole = sum(phrase.sure for phrase in shown) or 1.0
    found = []
    for phrase in shown:
        start, end = phrase.spans[0][0], phrase.spans[-1][1]
        (told,) = contexts.of(np.array([[start, end]]))
        found.append(Evidence.of(text, start, end, phrase.sure / whole, doubt(told)))
    return found


def heavy_phrases(weights: np.ndarray) -> list[tuple[int, int]]:
    """The first and last word of the heaviest phrases, the heaviest first; none if no word has weight."""
    if not len(weights) or weights.max() <= 0:
        return []
    heavy = np.sort(np.argsort(-weights, kind="stable")[:HEAVY])
    found: list[tuple[int, int]] = []
    for word in heavy[weights[heavy] >= LIGHTEST * weights.max()].tolist():
        if found and word - found[-1][1] <= GAP + 1:
            found[-1] = found[-1][0], word
        else:
            found.append((word, word))
    return sorted(found, key=lambda phrase: -weights[phrase[0] : phrase[1] + 1].sum())[:PHRASES]
