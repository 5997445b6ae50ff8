"""Measures evidence: what the model does without it, and whether people marked the same words.

Comprehensiveness is the fall of a code's probability when the words of evidence are taken out of the note (high is
good), sufficiency its fall when only they are left (low is good), after DeYoung et al. (2020). Each is measured for the
evidence, for as many random words, and for the single heaviest word.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy.special import expit, logit

from icdbridge.corpora.corpus import Corpus, Mark
from icdbridge.evaluation.coded_spans import CodedSpans
from icdbridge.evaluation.metrics import Floats, Ints
from icdbridge.evaluation.results import EVIDENCE_KINDS, OVERLAP
from icdbridge.progress import track
from icdbridge.runs.note_evidence import note_evidence, weights_of_words
from icdbridge.runs.note_scores import Note
from icdbridge.runs.scored import Scored
from icdbridge.runs.scorer import Scorer

if TYPE_CHECKING:
    from icdbridge.runs.run import Run

NOTES = 500  # at most so many notes of a split, evenly chosen
CODES = 5  # the best codes of each note, whose probability is watched
FOUND = 15  # a code among so many best of its note counts as found


def measure_evidence(
    run: "Run", corpus: Corpus, split: str, scored: Scored, seed: int = 0
) -> tuple[dict[str, Any], pa.Table]:
    """Figures for metrics.json, and a table with one row for each code of a note that people marked words for.

    ``scored`` are the scores of the split. People's spans come from the corpus's evidence.parquet; without it there is
    nothing to compare with, and the table is empty.
    """
    marked: dict[str, dict[str, list[Mark]]] = {}
    for (note_id, key), marks in corpus.evidence().items():
        marked.setdefault(note_id, {})[key] = marks
    scorer = Scorer.of_corpus(run, corpus)
    cuts = logit(scorer.thresholds)
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
        words = run.tokenizer.encode(text, run.max_note_words)
        if not len(words.ids):
            continue
        order = np.argsort(-scored.logits[place], kind="stable")
        rank_of = np.empty(len(order), np.int64)
        rank_of[order] = np.arange(1, len(order) + 1)
        people = {
            scorer.column_of[key]: _words_of([span for mark in marks for span in mark], words.offsets)
            for key, marks in marked.get(note_id, {}).items()
            if key in scorer.column_of
        }
        predicted = np.flatnonzero(scored.logits[place] > cuts).tolist()
        columns = np.array(list(dict.fromkeys([*order[:CODES].tolist(), *people, *predicted])), np.int64)
        reading = scorer.reading(Note(text, words.ids))
        weights = weights_of_words(scorer, words, reading, columns)
        evidence = dict(
            zip(columns.tolist(), note_evidence(scorer, text, words, reading, columns), strict=True)
        )
        spans.add(
            {scorer.keys[column]: [(one.start, one.end) for one in evidence[column]] for column in predicted},
            marked.get(note_id, {}),
        )
        rng = np.random.default_rng([seed, place])
        picked = {}
        for column, own in zip(columns.tolist(), weights, strict=True):
            chosen_words = _words_of([(one.start, one.end) for one in evidence[column]], words.offsets)
            picked[column] = _pick(chosen_words, own, rng)
        best = [scorer.keys[column] for column in order[:CODES].tolist()]
        few = Scorer(run, {key: scorer.descriptions[scorer.column_of[key]] for key in best}, corpus.version)
        _add_falls(falls, few, text, words.offsets, [picked[scorer.column_of[key]] for key in best])
        for column, own in people.items():
            if len(own):
                row = {"note_id": note_id, "code": scored.codes[column], "rank": int(rank_of[column])}
                rows.append(row | {"words": len(own)} | _overlaps(picked[column], own))
    figures: dict[str, Any] = {
        "coded_spans": spans.figures() if marked else None,
        "notes": len(chosen),
        "codes_per_note": CODES,
        "without_and_only": {
            kind: dict(zip(("comprehensiveness", "sufficiency", "words"), _means(found), strict=True))
            for kind, found in falls.items()
        },
        "people": {
            name: {"pairs": len(kept)}
            | {
                kind: {key: _mean([row[f"{kind}_{key}"] for row in kept]) for key in OVERLAP}
                for kind in EVIDENCE_KINDS
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


def _pick(evidence: Ints, weights: Floats, rng: np.random.Generator) -> dict[str, Ints]:
    """The words [...] that each of ``EVIDENCE_KINDS`` takes for one code."""
    return {
        "evidence": evidence,
        "random": np.sort(rng.choice(len(weights), len(evidence), replace=False)),
        "single": np.array([int(np.argmax(weights))]),
    }


def _add_falls(
    falls: dict[str, list[tuple[float, float, int]]],
    scorer: Scorer,
    text: str,
    offsets: np.ndarray,
    picked: Sequence[dict[str, Ints]],
) -> None:
    """Adds how far the probability of each of the scorer's codes falls without its words, and with only them."""
    variants, asked = [text], []
    for column, of_code in enumerate(picked):
        for kind, chosen in of_code.items():
            asked.append((column, kind, len(chosen)))
            variants += [_without(text, offsets, chosen), _only(text, offsets, chosen)]
    probabilities = np.zeros((len(variants), len(picked)))
    for scores in scorer.score([scorer.read(variant) for variant in variants]):
        probabilities[scores.row] = expit(scores.logits.cpu().numpy().astype(np.float64))
    for number, (column, kind, size) in enumerate(asked):
        without, only = probabilities[1 + 2 * number : 3 + 2 * number, column]
        whole = probabilities[0, column]
        falls[kind].append((float(whole - without), float(whole - only), size))


def _without(text: str, offsets: np.ndarray, words: Ints) -> str:
    """The text with nothing where some words stood."""
    parts, place = [], 0
    for start, end in offsets[words].tolist():
        parts.append(text[place:start])
        place = end
    return " ".join([*parts, text[place:]])


def _only(text: str, offsets: np.ndarray, words: Ints) -> str:
    """Some words of a text, one after another."""
    return " ".join(text[start:end] for start, end in offsets[words].tolist())


def _overlaps(picked: dict[str, Ints], people: Ints) -> dict[str, float]:
    """Precision, recall and F1 of the words of each of ``EVIDENCE_KINDS`` against those that people marked."""
    found: dict[str, float] = {}
    for kind, chosen in picked.items():
        both = len(np.intersect1d(chosen, people))
        found[f"{kind}_precision"] = both / max(1, len(chosen))
        found[f"{kind}_recall"] = both / len(people)
        found[f"{kind}_f1"] = 2 * both / (len(chosen) + len(people))
    return found


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _means(rows: list[tuple[float, float, int]]) -> list[float | None]:
    return [_mean([float(value) for value in column]) for column in zip(*rows, strict=True)] or [None] * 3
