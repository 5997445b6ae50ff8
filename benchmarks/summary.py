"""The goals, and what the last runs of the benchmarks reached, in one table.

    python -m benchmarks.summary [--out build/bench]

Reads scoring.json, training.json, candidates.json and candidates-matching.json in ``--out``; what is not there was not
measured. Prints Markdown.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.inputs import CODES
from benchmarks.scoring import GOALS
from icdbridge.files import read_json

Row = tuple[str, str, str]  # what, goal, reached


def scoring_rows(found: dict[str, Any]) -> list[Row]:
    """Exact scoring, and its utilisation."""
    baseline = "paper's code" if "paper's code" in found else "straightforward"
    rows = []
    for precision in ("bf16", "fp32"):
        ratio = found[precision][f"seconds of {baseline}, ratio"]
        rows.append(
            (
                f"exact scoring of {CODES:,} codes, RNN, {precision}",
                f"≥ {GOALS[precision]} ×, ≤ 2 GB",
                f"{ratio:.1f} ×, {found['peak_gb']:.2f} GB",
            )
        )
    rows.append(("its utilisation, bf16", "≥ 60 %", f"{found['bf16']['utilisation']:.0%}"))
    return rows


def training_rows(found: list[dict[str, Any]]) -> list[Row]:
    """A row a case."""
    rows = []
    for case in found:
        kind = "CNN" if case["encoder"] == "cnn" else "RNN"
        memory, own = (case["bf16"][which] / case[case["baseline"]][which] for which in ("peak_gb", "own_gb"))
        rows.append(
            (
                f"training step, {kind}, L = {case['label_space']:,}, {case['notes']} notes, bf16",
                "≥ 5 ×, memory ≤ 50 %",
                f"{case['bf16']['ratio']:.1f} ×, memory {memory:.0%} (without Python, torch and inputs {own:.0%})",
            )
        )
    return rows


def candidate_rows(found: dict[str, Any]) -> list[Row]:
    """What the candidate search saves and loses."""
    f1 = found["f1_micro"]
    difference = 100 * (f1["candidates"] - f1["exact"])
    return [
        (
            f"candidate search, {found['codes']:,} codes" + (", with matching" if found["matching"] else ""),
            "≥ 100 ×, ≥ 99.5 % kept, micro F1 ± 0.1",
            f"{found['ratio']:.0f} ×, {100 * found['kept']:.2f} % of {found['predicted']:,} kept, {difference:+.2f}",
        )
    ]


PARTS: dict[str, Callable[[Any], list[Row]]] = {
    "scoring": scoring_rows,
    "candidates": candidate_rows,
    "candidates-matching": candidate_rows,
    "training": training_rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    out = parser.parse_args().out
    print("| synthetic notes | goal | reached |\n| --- | --- | --- |")
    for name, rows_of in PARTS.items():
        path = out / f"{name}.json"
        rows = rows_of(read_json(path)) if path.exists() else [(name, "", "not measured here")]
        print("\n".join(f"| {' | '.join(row)} |" for row in rows))


if __name__ == "__main__":
    main()
