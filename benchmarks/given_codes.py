"""The candidate search among very many codes that a caller gives: what it misses of exact scoring, and how fast it is.

    icdbridge index RUN CORPUS
    python -m benchmarks.given_codes RUN CORPUS [--codes 100000] [--notes 100] [--words 0] [--precision bf16]

The codes are those of ICD-10-CM and, up to the number, of ICD-10-PCS; the notes the first of the corpus's test split;
``--words`` joins as many as make so many words. The first candidates are coded before the clock runs; a later note
finds most descriptions of its candidates encoded.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from scipy.special import logit

from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer


def joined(texts: Iterator[str], words: int) -> Iterator[str]:
    """Notes one after another until each has so many words."""
    parts: list[str] = []
    for text in texts:
        parts.append(text)
        if sum(len(part.split()) for part in parts) >= words:
            yield "\n\n".join(parts)
            parts = []


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--notes", type=int, default=100)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--split", default="test")
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu where others compute too"
    )
    parser.add_argument("--no-exact", action="store_true", help="time the candidate search alone")
    given = parser.parse_args()
    run, corpus = Run.open(given.run, precision=given.precision), Corpus.open(given.corpus)
    titles = whole_systems(["icd10cm:", "icd10pcs:"])
    scorer = Scorer(run, dict(islice(titles.items(), given.codes)))
    texts = list(islice(joined(corpus.column("text", given.split), given.words), given.notes))
    cuts = logit(scorer.thresholds)
    clock = time.perf_counter if given.clock == "wall" else time.process_time
    notes = [scorer.read(text) for text in texts]
    list(scorer.score(notes[:1], candidates=True))
    kept = exact = wrong = 0
    seconds, sizes = [], []
    for note in notes:
        began = clock()
        (found,) = scorer.score([note], candidates=True)
        seconds.append(clock() - began)
        sizes.append(len(found.columns))
        by_candidates = set(found.columns[found.logits.cpu().numpy() > cuts[found.columns]].tolist())
        if not given.no_exact:
            (whole,) = scorer.score([note])
            predicted = set(np.flatnonzero(whole.logits.cpu().numpy() > cuts).tolist())
            exact += len(predicted)
            kept += len(predicted & by_candidates)
            wrong += len(by_candidates - predicted)
    if scorer.counts is None:
        print("the candidate search does not hold enough of such codes: every code is scored")
    words = median(len(text.split()) for text in texts)
    size = f"{words:.0f} words (median), {len(scorer.keys):,} codes"
    print(f"{len(notes)} notes of {corpus.name}, {size}, {given.precision}")
    print(f"{median(sizes):,.0f} candidates; {1000 * median(seconds):.0f} ms a note ({given.clock}, median)")
    if exact:
        print(f"of {exact:,} codes that exact scoring predicts {100 * kept / exact:.2f} % are predicted by candidates, "
              f"and {wrong} others (goal 99.5 %)")  # fmt: skip


if __name__ == "__main__":
    main()
