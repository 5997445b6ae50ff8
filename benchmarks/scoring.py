"""Exact scoring of ICD-10 codes: icdbridge against the paper, same notes and codes, interleaved, on this machine.

    python -m benchmarks.scoring [--paper-code DIR] [--rounds 3] [--out build/bench]

The baselines read a note padded to 4,000 words and encode the codes with every note. At 26,085 codes they need
more memory than most machines have, so they are timed at two smaller numbers of codes and the straight line through
these is taken: all that they do for a code takes the same time for each. Prints a table, writes scoring.json.
"""

from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.special import expit

from benchmarks import options
from benchmarks.inputs import CODES, make_inputs
from benchmarks.subjects import Subject, baseline_scorer, icdbridge_scorer, matrix_products
from icdbridge.files import write_json

LENGTHS = [
    1_370,
    900,
    2_230,
]  # words: median, lower and upper quarter of MIMIC-like notes; their mean is 1,500
GOALS = {"bf16": 12, "fp32": 6}  # times as fast as the paper's code
FEW = (512, 2_048)  # codes at which the baselines are timed


def line(values: dict[int, float], at: int) -> float:
    """The straight line through two points, at ``at``; of one point, its value."""
    (low, first), (high, second) = min(values.items()), max(values.items())
    if low == high:
        return first
    return first + (second - first) / (high - low) * (at - low)


def operations(encoder: str, words: int, codes: int) -> float:
    """Floating-point operations of scoring an encoded note: equations 3 to 6, in the cheaper order of products."""
    settings = released_size_settings(encoder)
    heads, shared, size = settings["heads"], settings["shared_dim"], settings["size"]
    whole = heads * size
    order = min(heads * words * size + whole * whole, heads * words * whole + words * whole * whole / codes)
    return 2.0 * codes * (heads * words * shared + order)


def released_size_settings(encoder: str) -> dict[str, int]:
    return {
        "heads": 4,
        "shared_dim": 256 if encoder == "cnn" else 512,
        "size": 256 if encoder == "cnn" else 1024,
    }


def measure(encoder: str, rounds: int, paper_code: str | None, clock: str) -> dict[str, Any]:
    """Medians over rounds, each of another note: every subject in turn."""
    inputs = make_inputs(LENGTHS)
    ours = Subject(icdbridge_scorer, encoder, inputs)
    rates = Subject(matrix_products)
    baselines = {"straightforward": Subject(baseline_scorer, encoder, inputs, None)}
    if paper_code:
        baselines["paper's code"] = Subject(baseline_scorer, encoder, inputs, paper_code)
    rows: list[dict[str, Any]] = []
    ours(1, FEW[0], "bf16")  # what is done once is not measured
    for number in range(rounds):
        note = number % len(LENGTHS)
        row: dict[str, Any] = {"words": LENGTHS[note], "rates": rates(clock)}
        for precision in ("bf16", "fp32"):
            answer = ours(note, CODES, precision)
            row[precision] = {
                "seconds": answer["seconds"][clock],
                "utilisation": operations(encoder, LENGTHS[note], CODES)
                / answer["seconds"][clock]
                / row["rates"][precision],
            }
            row[f"p_{precision}"] = expit(answer["logits"].astype(np.float64))
            row["encoding_codes_once"] = answer["encoding_seconds"][clock]
            row["peak_bytes"] = answer["peak_bytes"]
        for name, subject in baselines.items():
            answers = {codes: subject(note, codes) for codes in FEW}
            seconds = {codes: answer["seconds"][clock] for codes, answer in answers.items()}
            encoding = {codes: answer["encoding_seconds"][clock] for codes, answer in answers.items()}
            row[name] = {
                "seconds": line(seconds, CODES),
                "without_encoding": line(seconds, CODES) - line(encoding, CODES),
                "peak_bytes": line({codes: answer["peak_bytes"] for codes, answer in answers.items()}, CODES),
            }
        rows.append(row)
    for subject in (ours, rates, *baselines.values()):
        subject.close()
    return summary(rows, list(baselines))


def summary(rows: list[dict[str, Any]], baselines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rounds": len(rows),
        "words": [row["words"] for row in rows],
        "matrix_product_gflops": {k: median(row["rates"][k] for row in rows) / 1e9 for k in ("fp32", "bf16")},
        "encoding_codes_once_s": rows[0]["encoding_codes_once"],
        "peak_gb": max(row["peak_bytes"] for row in rows) / 1e9,
        "largest_difference_of_a_probability_bf16": max(abs(r["p_bf16"] - r["p_fp32"]).max() for r in rows),
    }
    for precision in ("bf16", "fp32"):
        found[precision] = {
            "seconds": median(row[precision]["seconds"] for row in rows),
            "utilisation": median(row[precision]["utilisation"] for row in rows),
        }
        for name in baselines:
            for which in ("seconds", "without_encoding"):
                ratios = [row[name][which] / row[precision]["seconds"] for row in rows]
                found[precision][f"{which} of {name}, ratio"] = median(ratios)
    for name in baselines:
        found[name] = {
            "seconds": median(row[name]["seconds"] for row in rows),
            "peak_gb": rows[0][name]["peak_bytes"]
            / 1e9,  # a peak never falls again: later both sizes have one
        }
    return found


def growth(encoder: str, clock: str) -> dict[str, dict[int, float]]:
    """Seconds of icdbridge in bf16 by words (8,192 codes) and by codes (1,370 words)."""
    words, codes = [250, 500, 1_000, 2_000, 4_000], [2_048, 8_192, 26_085]
    subject = Subject(icdbridge_scorer, encoder, make_inputs([*words, LENGTHS[0]]))
    subject(0, 1_024, "bf16")
    by_words = {n: subject(i, 8_192, "bf16")["seconds"][clock] for i, n in enumerate(words)}
    by_codes = {n: subject(len(words), n, "bf16")["seconds"][clock] for n in codes}
    subject.close()
    return {"words": by_words, "codes": by_codes}


def plot(measured: dict[str, dict[int, float]], path: Path) -> None:
    """Seconds by words and by codes, beside what the operations take at the rate of the largest note."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
    titles = {"words": "words of the note (8,192 codes)", "codes": f"codes ({LENGTHS[0]:,} words)"}
    for axis, (what, seconds) in zip(axes, measured.items(), strict=True):
        work = {n: operations("gru", *((n, 8_192) if what == "words" else (LENGTHS[0], n))) for n in seconds}
        largest = max(seconds)
        axis.plot(list(seconds), list(seconds.values()), "o-", label="measured")
        expected = [seconds[largest] * work[n] / work[largest] for n in seconds]
        axis.plot(list(seconds), expected, ":", label="in proportion to the operations")
        axis.set_xlabel(titles[what])
    axes[0].set(ylabel="seconds, bf16", ylim=(0, None))  # once both are drawn: the axis is shared
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def table(found: dict[str, Any], baselines: list[str]) -> str:
    """Markdown: a row a subject, the targets beside the figures."""
    lines = [
        f"| RNN, {CODES:,} codes, a note of {', '.join(map(str, found['words']))} words (medians) | s | "
        "peak GB (goal 2) | utilisation (goal 60%, bf16) | × as fast as the baselines |",
        "| --- | --- | --- | --- | --- |",
    ]
    for precision in ("bf16", "fp32"):
        ratios = ", ".join(
            f"{name} {found[precision][f'seconds of {name}, ratio']:.1f} "
            f"({found[precision][f'without_encoding of {name}, ratio']:.1f} without its encoding of codes)"
            for name in baselines
        )
        lines.append(
            f"| icdbridge, {precision} | {found[precision]['seconds']:.2f} | {found['peak_gb']:.2f} | "
            f"{found[precision]['utilisation']:.0%} | {ratios}, goal {GOALS[precision]} |"
        )
    lines += [
        f"| {name} | {found[name]['seconds']:.1f} | {found[name]['peak_gb']:.1f} | | |" for name in baselines
    ]
    return "\n".join(lines)


def main() -> None:
    parser = options.parser(__doc__, rounds=3)
    parser.add_argument("--growth", action="store_true", help="also measure growth with words and codes")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = measure("gru", given.rounds, given.paper_code, given.clock)
    if given.growth:
        found["growth"] = growth("gru", given.clock)
        plot(found["growth"], given.out / "scoring.png")
    baselines = ["straightforward", *(["paper's code"] if given.paper_code else [])]
    print(table(found, baselines))
    rates = found["matrix_product_gflops"]
    print(f"\nmatrix products here: {rates['fp32']:.0f} GFLOP/s fp32, {rates['bf16']:.0f} bf16")
    print(
        f"largest difference of a probability, bf16 to fp32: {found['largest_difference_of_a_probability_bf16']:.1e}"
    )
    write_json(given.out / "scoring.json", found)


if __name__ == "__main__":
    main()
