"""Time and peak memory of measuring a split of the benchmark's size: all figures and their intervals.

    python benchmarks/evaluation.py --notes 20000 --codes 26085 --frequent 7942

Scores and labels are synthetic: Zipf-like codes, about 15 a note, scores that favour the labels.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from icdbridge.evaluation.evaluate import measure
from icdbridge.evaluation.results import SCOPES, choose_thresholds
from icdbridge.runs.scored import Scored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--codes", type=int, default=26_085)
    parser.add_argument("--frequent", type=int, default=7_942)
    parser.add_argument("--scratch", type=Path, default=None, help="where the scores lie meanwhile")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        scored = synthetic(arguments.notes, arguments.codes, arguments.frequent, Path(folder))
        start = time.perf_counter()
        thresholds = choose_thresholds(scored)
        results, _, _, cells = measure(scored, thresholds, "test", {})
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{arguments.notes:,} notes x {arguments.codes:,} codes (synthetic), {cells.num_rows:,} cells kept:"
    )
    print(f"{seconds:.0f} s, peak memory {peak:.2f} GB (the part of the scores that is mapped counts too)")
    for scope in SCOPES:
        found = results["scopes"][scope]
        ends = found["intervals"]["present"]
        shown = {name: f"{found[name] if name[:3] == 'auc' else found['present'][name]:.4f}" for name in ends}
        print(
            scope,
            *(
                f"{name} {shown[name]} [{ends[name][0]:.4f}, {ends[name][1]:.4f}]"
                for name in ends
                if "m" in name
            ),
        )


def synthetic(notes: int, codes: int, frequent: int, folder: Path) -> Scored:
    rng = np.random.default_rng(0)
    chance = 1 / np.arange(1, codes + 1)
    drawn = rng.choice(codes, size=(notes, 15), p=chance / chance.sum())
    drawn[:, 0] %= frequent  # each note has a frequent code
    labels = sparse.csr_array(
        (np.ones(drawn.size, bool), (np.repeat(np.arange(notes), 15), drawn.ravel())), shape=(notes, codes)
    )
    labels.sum_duplicates()
    logits = np.memmap(folder / "logits", np.float32, "w+", shape=(notes, codes))
    for start in range(0, notes, 500):
        block = rng.normal(-9, 2, size=(min(500, notes - start), codes)).astype(np.float32)
        block[labels[start : start + 500].nonzero()] += 8
        logits[start : start + 500] = block
    keys = [f"icd10cm:{number}" for number in range(codes)]
    return Scored([str(number) for number in range(notes)], keys, frequent, logits, labels)


if __name__ == "__main__":
    main()
