"""Measures evidence: its effect on the model, and its agreement with people's marks.

Comprehensiveness is the fall of a code's probability when its evidence is removed from the note (high is good).
Sufficiency is its fall when only the evidence is left (low is good), after DeYoung et al. (2020). Both are measured for
the evidence, for as many random words, and for the single heaviest word.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from scipy.special import logit

from icdbridge.corpora.corpus import Corpus, Mark
from icdbridge.evaluation.coded_spans import CodedSpans
from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.evaluation.results import EVIDENCE_KINDS, OVERLAP
from icdbridge.progress import track
from icdbridge.runs.scored import Explained, Scored

NOTES = 500  # at most so many notes of a split, evenly chosen
CODES = 5  # the best codes of each note, whose probability is watched
MEASURED = ("comprehensiveness", "sufficiency", "words")  # of each fall
FOUND = 15  # a code among so many best of its note counts as found


class Explainer(Protocol):
    """The common interface of a run and the starter: evidence for the codes ``keys``, which are predicted above
    ``thresholds`` [L], and their probability float64 [N, l] in other texts.
    """

    keys: list[str]
    thresholds: np.ndarray

    def explain(self, text: str, columns: np.ndarray) -> Explained: ...
    def probabilities(self, texts: Sequence[str], columns: Sequence[int]) -> np.ndarray: ...


def measure_evidence(
    explainer: Explainer, corpus: Corpus, split: str, scored: Scored, *, taken_out: bool = True
) -> tuple[dict[str, Any], pa.Table]:
    """Figures for metrics.json, and a table with one row for each marked code of a note.

    ``scored`` are the scores of the split. Marks come from the corpus's evidence.parquet; without it the table is
    empty. ``taken_out`` false skips the slowest part: probabilities without the evidence.
    """
    marked: dict[str, dict[str, list[Mark]]] = {}
    for (note_id, key), marks in corpus.evidence().items():
        marked.setdefault(note_id, {})[key] = marks
    cuts = logit(explainer.thresholds)
    column_of = {key: column for column, key in enumerate(explainer.keys)}
    every = -(-len(scored.note_ids) // NOTES)
    chosen = range(0, len(scored.note_ids), every)
    falls: dict[str, list[tuple[float, float, int]]] = {kind: [] for kind in EVIDENCE_KINDS}
    rows: list[dict[str, Any]] = []
    spans = CodedSpans()
    for place, (note_id, text) in zip(
        chosen,
        track(every_note(corpus, split, every), len(chosen), f"evidence in {corpus.name} {split}"),
        strict=True,
    ):
        own = marked.get(note_id, {})
        order = np.argsort(-scored.logits[place], kind="stable")
        rank_of = np.empty(len(order), np.int64)
        rank_of[order] = np.arange(1, len(order) + 1)
        best = order[:CODES].tolist()
        predicted = np.flatnonzero(scored.logits[place] > cuts).tolist()
        people = [column_of[key] for key in own if key in column_of]
        columns = np.array(list(dict.fromkeys([*best, *people, *predicted])), np.int64)
        found = explainer.explain(text, columns)
        evidence = dict(zip(columns.tolist(), found.spans, strict=True))
        spans.add({explainer.keys[column]: evidence[column] for column in predicted}, own)
        if not len(found.offsets):
            continue
        rng = np.random.default_rng([0, place])
        picked = {
            column: _pick(_words_of(evidence[column], found.offsets), len(found.offsets), weights, rng)
            for column, weights in zip(
                columns.tolist(),
                [None] * len(columns) if found.weights is None else found.weights,
                strict=True,
            )
        }
        if taken_out:
            _add_falls(falls, explainer, text, found.offsets, {column: picked[column] for column in best})
        for column in people:
            of_people = _words_of(
                [span for mark in own[explainer.keys[column]] for span in mark], found.offsets
            )
            if len(of_people):
                row = {"note_id": note_id, "code": scored.codes[column], "rank": int(rank_of[column])}
                rows.append(row | {"words": len(of_people)} | _overlaps(picked[column], of_people))
    figures: dict[str, Any] = {
        "coded_spans": spans.figures() if marked else None,
        "notes": len(chosen),
        "codes_per_note": CODES,
        "without_and_only": {
            kind: {name: _mean([fall[place] for fall in found]) for place, name in enumerate(MEASURED)}
            for kind, found in falls.items()
            if found or kind != "single"
        },
        "people": {
            name: {"pairs": len(kept)}
            | {
                kind: {key: _mean([row[f"{kind}_{key}"] for row in kept]) for key in OVERLAP}
                for kind in EVIDENCE_KINDS
                if not kept or f"{kind}_f1" in kept[0]
            }
            for name, kept in (("all", rows), ("found", [row for row in rows if row["rank"] <= FOUND]))
        },
    }
    return figures, pa.Table.from_pylist(rows)


def every_note(corpus: Corpus, split: str, every: int) -> Iterator[tuple[str, str]]:
    """Id and text of every note whose number is a multiple of ``every``."""
    number = 0
    for batch in corpus.notes(split, ("note_id", "text")):
        first = -number % every
        for place in range(first, batch.num_rows, every):
            yield batch.column("note_id")[place].as_py(), batch.column("text")[place].as_py()
        number += batch.num_rows


def _words_of(spans: list[tuple[int, int]], offsets: np.ndarray) -> Ints:
    """The words, of offsets [T, 2], that share a character with a span."""
    inside = np.zeros(len(offsets), dtype=bool)
    for start, end in spans:
        inside |= (offsets[:, 0] < end) & (offsets[:, 1] > start)
    return np.flatnonzero(inside)


def _pick(evidence: Ints, words: int, weights: Floats | None, rng: np.random.Generator) -> dict[str, Ints]:
    """The words [...] of ``words`` that each of ``EVIDENCE_KINDS`` takes for one code."""
    picked = {"evidence": evidence, "random": np.sort(rng.choice(words, len(evidence), replace=False))}
    return picked if weights is None else picked | {"single": np.array([int(np.argmax(weights))])}


def _add_falls(
    falls: dict[str, list[tuple[float, float, int]]],
    explainer: Explainer,
    text: str,
    offsets: np.ndarray,
    picked: dict[int, dict[str, Ints]],
) -> None:
    """Adds how far the probability of each of some columns falls without its words, and with only them."""
    variants, asked = [text], []
    for place, of_code in enumerate(picked.values()):
        for kind, chosen in of_code.items():
            asked.append((place, kind, len(chosen)))
            only = " ".join(text[start:end] for start, end in offsets[chosen].tolist())
            variants += [_without(text, offsets, chosen), only]
    probabilities = explainer.probabilities(variants, list(picked))
    for number, (place, kind, size) in enumerate(asked):
        without, only = probabilities[1 + 2 * number : 3 + 2 * number, place]
        whole = probabilities[0, place]
        falls[kind].append((float(whole - without), float(whole - only), size))


def _without(text: str, offsets: np.ndarray, words: Ints) -> str:
    parts, place = [], 0
    for start, end in offsets[words].tolist():
        parts.append(text[place:start])
        place = end
    return " ".join([*parts, text[place:]])


def _overlaps(picked: dict[str, Ints], people: Ints) -> dict[str, float]:
    """Precision, recall and F1 of the words of each of ``EVIDENCE_KINDS`` against those that people marked."""
    found: dict[str, float] = {}
    for kind, chosen in picked.items():
        both = len(np.intersect1d(chosen, people))
        found[f"{kind}_precision"] = both / max(1, len(chosen))
        found[f"{kind}_recall"] = both / len(people)
        found[f"{kind}_f1"] = 2 * both / (len(chosen) + len(people))
    return found


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
