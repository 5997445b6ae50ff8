"""Compares the candidate search with exact scoring: losses and savings."""

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from icdbridge.corpora.corpus import Corpus
from icdbridge.evaluation import metrics
from icdbridge.evaluation.metrics import Floats
from icdbridge.progress import track
from icdbridge.runs.scored import Scored
from icdbridge.text_table import Table, percent

if TYPE_CHECKING:
    from icdbridge.runs.run import Run

TIMED = 32  # notes on which both ways are timed, in turns


def compare_candidates(
    run: "Run", corpus: Corpus, split: str, exact: Scored, thresholds: Floats
) -> dict[str, Any]:
    """Scores the notes of ``exact`` (the split's, or its first ones) again by candidates, at the same ``thresholds``.

    ``thresholds`` are probabilities, one a code. Returns, over all codes: ``kept``, the share of the exact run's
    predicted codes that are predicted by candidates too; ``candidates``, their mean number a note; ``f1_micro`` and
    ``seconds`` a note (codes encoded beforehand, on at most ``TIMED`` notes) for ``exact`` and ``candidates``. Raises
    ``InputError`` for a run without an index.
    """
    from icdbridge.runs.scorer import Scorer

    scorer = Scorer.of_corpus(run, corpus)
    counts = scorer.counts
    scorer.queries, scorer.matcher, scorer.proposer  # noqa: B018  (made before the clock runs)
    cuts = logit(thresholds).astype(np.float32)
    labels = metrics.label_csr(exact.labels)
    notes = len(exact.note_ids)
    timed = set(np.linspace(0, notes - 1, min(TIMED, notes)).round().astype(int).tolist())
    seconds = np.zeros(2)
    proposed = 0
    predicted, hits = np.zeros(2, np.int64), np.zeros(2, np.int64)
    texts = islice(corpus.column("text", split), notes)
    for row, text in enumerate(track(texts, notes, f"{corpus.name} {split} by candidates")):
        note = scorer.read(text)
        began = time.perf_counter()
        (found,) = scorer.score([note], candidates=True)
        ended = time.perf_counter()
        if row in timed:
            list(scorer.score([note]))
            seconds += time.perf_counter() - ended, ended - began
        above = np.zeros((2, len(scorer.keys)), dtype=bool)
        above[0] = exact.logits[row] > cuts
        above[1, found.columns] = found.logits.cpu().numpy() > cuts[found.columns]
        predicted += above.sum(axis=1)
        hits += above[:, labels.indices[labels.indptr[row] : labels.indptr[row + 1]]].sum(axis=1)
        proposed += len(found.columns)
    f1 = 2 * hits / np.maximum(predicted + labels.nnz, 1)
    names = ("exact", "candidates")
    return {
        "kept": float(predicted[1] / predicted[0]) if predicted[0] else 1.0,
        "predicted": int(predicted[0]),
        "candidates": proposed / max(notes, 1),
        "codes": len(exact.codes),
        "f1_micro": dict(zip(names, f1.tolist(), strict=True)),
        "seconds": dict(zip(names, (seconds / max(len(timed), 1)).tolist(), strict=True)),
        "target": counts and counts.target,
        "recall_on_val": counts and counts.recall,
    }


def candidates_table(results: dict[str, Any], tag: str = "") -> Table:
    """The comparison in one row."""
    found = results["candidates"]
    f1, seconds = found["f1_micro"], found["seconds"]
    cells = [
        f"{found['candidates']:,.0f} of {found['codes']:,}",
        f"{100 * found['kept']:.2f} of {found['predicted']:,}",
        percent(f1["exact"]),
        percent(f1["candidates"]),
        f"{100 * (f1['candidates'] - f1['exact']):+.2f}",
        f"{1000 * seconds['exact']:,.0f}",
        f"{1000 * seconds['candidates']:,.0f}",
        f"{seconds['exact'] / max(seconds['candidates'], 1e-9):.1f}",
    ]
    columns = ["candidates a note", "predicted codes kept, %", "F1 micro exact", "candidates", "difference"]
    columns += ["ms a note exact", "candidates", "ratio"]
    note = "Full scope, by the thresholds that the run predicts by; "
    if found["target"] is None:
        note += "every code was scored, as the search would lose too many of such codes."
    else:
        note += f"asked for on val: {100 * found['target']:.1f}%."
    return Table(f"Candidate search{tag}", columns, [cells], 0, note)
