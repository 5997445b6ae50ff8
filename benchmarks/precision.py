"""What bf16 changes in the decisions of a trained run.

    python -m benchmarks.precision RUN CORPUS [--split test]

Scores the split in fp32 and in bf16 by the thresholds that the run predicts by, and prints how many decisions differ.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import expit, logit

from icdbridge.corpora import Corpus
from icdbridge.runs import Run


def compare(path: Path, corpus: Corpus, split: str) -> dict[str, Any]:
    """Codes predicted in fp32, decisions that bf16 changes, and the largest difference of a probability."""
    logits = []
    for precision in ("fp32", "bf16"):
        run = Run.open(path, precision=precision)  # type: ignore[arg-type]
        with TemporaryDirectory(prefix="icdbridge-") as folder:
            scored = run.score_corpus(corpus, split, Path(folder))
            logits.append(np.array(scored.logits))
    cuts = logit(run.thresholds(corpus.version, scored.codes))
    exact, narrow = (scores > cuts for scores in logits)
    one, other = (expit(scores.astype(np.float64)) for scores in logits)
    return {
        "parameters": run.config["parameters"],
        "notes": len(exact),
        "codes": exact.shape[1],
        "predicted": int(exact.sum()),
        "changed": int((exact != narrow).sum()),
        "largest difference": float(abs(one - other).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    found = compare(given.run, Corpus.open(given.corpus), given.split)
    share = found["changed"] / max(found["predicted"], 1)
    print(f"{found['parameters']:,} parameters, {found['notes']:,} notes × {found['codes']:,} codes")
    print(
        f"{found['predicted']:,} predicted, {found['changed']:,} decisions changed by bf16 ({share:.2%} of the "
        f"predicted), probabilities at most {found['largest difference']:.1e} apart"
    )


if __name__ == "__main__":
    main()
