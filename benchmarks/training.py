"""Training steps: icdbridge against the paper, same notes and label spaces of the same size, interleaved.

    python -m benchmarks.training [--paper-code DIR] [--rounds 1] [--device cuda] [--out build/bench]

A step is making the batch, forward, backward and the optimiser's; each takes two in its turn, of which the second
counts. At |L| = 8,192 the baselines need more memory than a machine with 16 GB has: they are timed at 512 and 1,536
codes and the straight line through these is taken. The share of the machine's rate counts equations 3 to 6 three times
(forward, and both gradients), over the time of all and the rate of square matrix products in the same run.

On a GPU memory is the GPU's, batches are of 32 notes, and the hours of the paper's full mixed run are projected.
Prints a table, writes training.json.
"""

from statistics import median
from typing import Any

import torch

from benchmarks import options
from benchmarks.inputs import make_inputs, mimic_lengths
from benchmarks.scoring import line, released_size_settings
from benchmarks.subjects import Subject, baseline_trainer, icdbridge_trainer, matrix_products
from icdbridge.files import write_json

CASES = [
    ("gru", 1_024, 4),
    ("cnn", 1_024, 4),
    ("gru", 1_024, 16),
    ("cnn", 1_024, 16),
    ("gru", 8_192, 2),
    ("cnn", 8_192, 2),
]  # encoder, |L|, notes: 16 are a batch of the released configuration
GPU_CASES = [("gru", 8_192, 32), ("cnn", 8_192, 32)]
FEW = (512, 1_536)
PAPER_NOTES, PAPER_EPOCHS = 282_042, 10  # of the paper's full mixed run


def operations(encoder: str, lengths: list[int], codes: int) -> float:
    """Floating-point operations of equations 3 to 6 in a step on notes of so many words: forward and both gradients."""
    sizes = released_size_settings(encoder)
    whole = sizes["heads"] * sizes["size"]
    attention = sizes["heads"] * (sizes["shared_dim"] + sizes["size"])
    return 3 * sum(2.0 * codes * (attention * words + whole**2) for words in lengths)


def measure(
    encoder: str, label_space: int, notes: int, rounds: int, paper_code: str | None, clock: str, device: str
) -> dict[str, Any]:
    """Medians over rounds of seconds a step, and peak memory."""
    lengths = mimic_lengths(notes)
    inputs = make_inputs(lengths)
    rates = Subject(matrix_products, device)
    ours = {
        precision: Subject(icdbridge_trainer, encoder, inputs, precision, device)
        for precision in ("bf16", "fp32")
    }
    name = "paper's code" if paper_code else "straightforward"
    theirs = Subject(baseline_trainer, encoder, inputs, paper_code, device)
    work = operations(encoder, lengths, label_space)
    sizes = FEW if label_space > max(FEW) else (label_space,)

    def step(subject: Subject, size: int, number: int) -> dict[str, float]:
        subject(
            notes, size, number
        )  # does not count: memory that lay idle while others worked is laid out anew
        answer = subject(notes, size, number)
        clocks = {key: answer[key][clock] for key in ("seconds", "batching_seconds")}
        return clocks | {key: answer[key] for key in ("peak_bytes", "held_bytes")}

    rows: list[dict[str, Any]] = []
    for number in range(rounds):
        row: dict[str, Any] = {"rates": rates(clock)}
        row |= {key: step(subject, label_space, number) for key, subject in ours.items()}
        answers = {size: step(theirs, size, number) for size in sizes}
        row[name] = {
            key: line({size: answer[key] for size, answer in answers.items()}, label_space)
            for key in answers[sizes[0]]
        }
        rows.append(row)
    for subject in (rates, *ours.values(), theirs):
        subject.close()
    return {
        "encoder": encoder,
        "label_space": label_space,
        "notes": notes,
        "extrapolated": len(sizes) > 1,
        "baseline": name,
        **{
            key: {
                "notes_per_second": notes / median(row[key]["seconds"] for row in rows),
                "batching_ms": 1e3 * median(row[key]["batching_seconds"] for row in rows),
                # a peak never falls again: only in the first round each of several sizes has its own
                "peak_gb": rows[0][key]["peak_bytes"] / 1e9,
                "own_gb": (rows[0][key]["peak_bytes"] - rows[0][key]["held_bytes"]) / 1e9,
                "ratio": median(row[name]["seconds"] / row[key]["seconds"] for row in rows),
                "utilisation": median(
                    work / row[key]["seconds"] / row["rates"]["bf16" if key == "bf16" else "fp32"]
                    for row in rows
                ),
            }
            for key in (*ours, name)
        },
    }


def table(found: list[dict[str, Any]]) -> str:
    """Markdown: a row a case."""
    lines = [
        "| step (goal: 5 × as fast, half the memory) | notes/s: bf16, fp32, baseline | × as fast: bf16, fp32 | "
        "share of the matrix-product rate: bf16, fp32 | peak GB: bf16, fp32, baseline | "
        "of these for model and step | bf16's share of the baseline's: all, model and step | batch made in ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in found:
        keys = ("bf16", "fp32", case["baseline"])
        kind = "CNN" if case["encoder"] == "cnn" else "RNN"
        speeds = ", ".join(f"{case[key]['notes_per_second']:.2f}" for key in keys)
        peaks, own = (", ".join(f"{case[key][which]:.2f}" for key in keys) for which in ("peak_gb", "own_gb"))
        shares = (case["bf16"][which] / case[case["baseline"]][which] for which in ("peak_gb", "own_gb"))
        lines.append(
            f"| {kind}, L = {case['label_space']:,}, {case['notes']} notes | {speeds} | "
            f"{case['bf16']['ratio']:.1f}, {case['fp32']['ratio']:.1f} | "
            f"{case['bf16']['utilisation']:.0%}, {case['fp32']['utilisation']:.0%} | {peaks} | {own} | "
            f"{', '.join(f'{share:.0%}' for share in shares)} | {case['bf16']['batching_ms']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("--case", type=int, action="append", help="only this one of the cases, from 0")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no CUDA GPU here")
    cases = GPU_CASES if given.device == "cuda" else CASES
    chosen = [cases[i] for i in given.case] if given.case else cases
    found = [measure(*case, given.rounds, given.paper_code, given.clock, given.device) for case in chosen]
    print(table(found))
    print(
        "\nbaseline: "
        + found[0]["baseline"]
        + ", padded to 4,000 words, fp32; at |L| = 8,192 by extrapolation"
    )
    if given.device == "cuda":
        paper_run = PAPER_NOTES * PAPER_EPOCHS / 3600  # by notes a second: hours
        hours = ", ".join(
            f"{case['encoder']} {paper_run / case['bf16']['notes_per_second']:.1f} "
            f"(baseline {paper_run / case[case['baseline']]['notes_per_second']:.0f})"
            for case in found
        )
        print(f"hours of {PAPER_NOTES:,} notes, {PAPER_EPOCHS} epochs, in bf16: {hours}")
    given.out.mkdir(parents=True, exist_ok=True)
    write_json(given.out / "training.json", found)


if __name__ == "__main__":
    main()
