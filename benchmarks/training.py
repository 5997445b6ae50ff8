"""Training steps: icdbridge against the paper, same notes and label spaces of the same size, interleaved.

    python -m benchmarks.training [--paper-code DIR] [--rounds 1] [--out build/bench]

A step is making the batch, forward, backward and the optimiser's; each takes two in its turn, of which the second
counts. At |L| = 8,192 the baselines need more memory than
a machine with 16 GB has: they are timed at 512 and 1,536 codes and the straight line through these is taken.
Prints a table, writes training.json.
"""

from statistics import median
from typing import Any

from benchmarks import options
from benchmarks.inputs import make_inputs, mimic_lengths
from benchmarks.scoring import line
from benchmarks.subjects import Subject, baseline_trainer, icdbridge_trainer
from icdbridge.files import write_json

CASES = [
    ("gru", 1_024, 4),
    ("cnn", 1_024, 4),
    ("gru", 1_024, 16),
    ("cnn", 1_024, 16),
    ("gru", 8_192, 2),
    ("cnn", 8_192, 2),
]  # encoder, |L|, notes: 16 are a batch of the released configuration
FEW = (512, 1_536)


def measure(
    encoder: str, label_space: int, notes: int, rounds: int, paper_code: str | None, clock: str
) -> dict[str, Any]:
    """Medians over rounds of seconds a step, and peak memory."""
    inputs = make_inputs(mimic_lengths(notes))
    ours = {
        precision: Subject(icdbridge_trainer, encoder, inputs, precision) for precision in ("bf16", "fp32")
    }
    name = "paper's code" if paper_code else "straightforward"
    theirs = Subject(baseline_trainer, encoder, inputs, paper_code)
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
        row: dict[str, Any] = {key: step(subject, label_space, number) for key, subject in ours.items()}
        answers = {size: step(theirs, size, number) for size in sizes}
        row[name] = {
            key: line({size: answer[key] for size, answer in answers.items()}, label_space)
            for key in answers[sizes[0]]
        }
        rows.append(row)
    for subject in (*ours.values(), theirs):
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
            }
            for key in (*ours, name)
        },
    }


def table(found: list[dict[str, Any]]) -> str:
    """Markdown: a row a case."""
    lines = [
        "| step (goal: 5 × as fast, half the memory) | notes/s: bf16, fp32, baseline | × as fast: bf16, fp32 | "
        "peak GB: bf16, fp32, baseline | of these for model and step | "
        "bf16's share of the baseline's: all, model and step | batch made in ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in found:
        keys = ("bf16", "fp32", case["baseline"])
        kind = "CNN" if case["encoder"] == "cnn" else "RNN"
        speeds = ", ".join(f"{case[key]['notes_per_second']:.2f}" for key in keys)
        peaks, own = (", ".join(f"{case[key][which]:.2f}" for key in keys) for which in ("peak_gb", "own_gb"))
        shares = (case["bf16"][which] / case[case["baseline"]][which] for which in ("peak_gb", "own_gb"))
        lines.append(
            f"| {kind}, L = {case['label_space']:,}, {case['notes']} notes | {speeds} | "
            f"{case['bf16']['ratio']:.1f}, {case['fp32']['ratio']:.1f} | {peaks} | {own} | "
            f"{', '.join(f'{share:.0%}' for share in shares)} | {case['bf16']['batching_ms']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("--case", type=int, action="append", help="only this one of the cases, from 0")
    given = parser.parse_args()
    chosen = [CASES[i] for i in given.case] if given.case else CASES
    found = [measure(*case, given.rounds, given.paper_code, given.clock) for case in chosen]
    print(table(found))
    print(
        "\nbaseline: "
        + found[0]["baseline"]
        + ", padded to 4,000 words, fp32; at |L| = 8,192 by extrapolation"
    )
    given.out.mkdir(parents=True, exist_ok=True)
    write_json(given.out / "training.json", found)


if __name__ == "__main__":
    main()
