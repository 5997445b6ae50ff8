"""What bf16 changes in the decisions of a trained run, and what is left of it where codes near their threshold are
scored anew in fp32, as runs do.

    python -m benchmarks.precision RUN CORPUS [--split test]

Scores the split by the thresholds that the run predicts by, and prints how many decisions differ from those of fp32.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import expit, logit

from icdbridge.corpora import Corpus
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import MARGIN


def compare(path: Path, corpus: Corpus, split: str) -> dict[str, Any]:
    """Codes predicted in fp32; how many decisions bf16 alone changes, and as runs decide; the largest difference of a
    probability and of a logit, of bf16 alone; and how many notes and codes are scored anew.
    """
    alone, decided = Run.open(path, precision="bf16"), Run.open(path, precision="bf16")
    alone.thresholds = lambda version, codes: np.zeros(len(codes))  # type: ignore[method-assign]  # none is near
    logits = []
    for run in (Run.open(path), alone, decided):
        with TemporaryDirectory(prefix="icdbridge-") as folder:
            scored = run.score_corpus(corpus, split, Path(folder))
            logits.append(np.array(scored.logits))
    exact, narrow, settled = logits
    cuts = logit(decided.thresholds(corpus.version, scored.codes))
    near = abs(narrow - cuts) < MARGIN
    return {
        "parameters": decided.config["parameters"],
        "pairs": exact.size,
        "notes": len(exact),
        "predicted": int((exact > cuts).sum()),
        "changed by bf16": int(((exact > cuts) != (narrow > cuts)).sum()),
        "changed": int(((exact > cuts) != (settled > cuts)).sum()),
        "largest difference": float(abs(expit(exact) - expit(narrow)).max()),
        "of a logit near its threshold": float(abs(exact - narrow)[abs(narrow - cuts) < 1].max()),
        "pairs anew": int(near.sum()),
        "notes anew": int(near.any(axis=1).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    found = compare(given.run, Corpus.open(given.corpus), given.split)
    share = {key: found[key] / max(found["predicted"], 1) for key in ("changed by bf16", "changed")}
    print(
        f"{found['parameters']:,} parameters, {found['notes']:,} notes, {found['pairs']:,} pairs of a note and a code"
    )
    print(
        f"{found['predicted']:,} predicted in fp32; decisions changed by bf16 alone: {found['changed by bf16']:,} "
        f"({share['changed by bf16']:.2%} of the predicted), where codes near their threshold are scored anew: "
        f"{found['changed']:,} ({share['changed']:.2%})"
    )
    print(
        f"scored anew: {found['pairs anew']:,} pairs of {found['notes anew']:,} notes; bf16 alone moves a probability "
        f"by at most {found['largest difference']:.1e}, a logit within 1 of its threshold by "
        f"{found['of a logit near its threshold']:.3f}"
    )


if __name__ == "__main__":
    main()
