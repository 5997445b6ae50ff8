"""What a GPU does, in at most 8 minutes: the same predictions as a CPU, training and scoring against their goals.

    make gpu-check [PAPER_CODE=DIR] [WHEELS=DIR]
    python -m benchmarks.gpu_check [--paper-code DIR] [--device cuda] [--out build/gpu]

Each step is a process of at most 90 seconds; what it said stays where it fails or a later one does. Every row goes at
once to the screen and to gpu-check.md, at the end all to gpu-check.json. ``--device cpu --smoke`` runs every step at
sizes that say nothing, to see that the script runs.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.gpu_step import Given, Row
from benchmarks.gpu_steps import STEPS, shrink
from benchmarks.processes import started
from icdbridge.files import write_json

LIMIT, WHOLE = 90, 480  # seconds of a step, and of all
GOALS = """Goals: the CPU's predictions; training 20 times as fast as the paper's code; scoring at 60 % of the card's
matrix rate; 75,000 codes at 200 notes a second. Notes are synthetic, weights random, sizes those released."""


def in_process(name: str, given: Given, limit: float, out: Path) -> Iterator[Row]:
    """The rows of a step in a process of its own, the last one what went wrong, if anything did; ``out`` keeps in full
    what it said to standard error.
    """
    command = [sys.executable, "-u", "-m", "benchmarks.gpu_check", "--step", name, "--device", given.device]
    command += ["--paper-code", given.paper_code] if given.paper_code else []
    log = out / f"{name}.log"
    with log.open("w", encoding="utf-8") as errors:
        process = started(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            rows, _ = process.communicate(timeout=limit)
            why = log.read_text("utf-8").strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        except subprocess.TimeoutExpired:
            process.kill()
            rows, _ = process.communicate()
            why = [f"stopped after {limit:.0f} s"]
    for line in rows.splitlines():
        if line.startswith("{"):
            yield Row(**json.loads(line))
    if process.returncode:
        yield Row(f"{name}: not finished", why[0])


def check(given: Given, out: Path) -> list[Row]:
    """Runs all steps, and prints and writes each row as it comes; a smoke run stays in this process."""
    out.mkdir(parents=True, exist_ok=True)
    began, rows = time.monotonic(), []
    with (out / "gpu-check.md").open("w", encoding="utf-8", buffering=1) as file:

        def say(line: str) -> None:
            print(line, flush=True)
            print(line, file=file)

        say(GOALS)
        say("Steps: " + ", ".join(STEPS) + ".")
        say("\n| what | measured | goal |\n| --- | --- | --- |")
        for name, step in STEPS.items():
            left = WHOLE - (time.monotonic() - began)
            if left < 10:
                found: Iterator[Row] = iter([Row(f"{name}: left out", "no time left")])
            else:
                found = step(given) if given.smoke else in_process(name, given, min(LIMIT, left), out)
            for row in found:
                rows.append(row)
                say(f"| {row.what} | {row.figure} | {row.goal} |")
    write_json(out / "gpu-check.json", [asdict(row) for row in rows])
    return rows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--paper-code", help="a checkout of the paper's own code, to measure it too")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--smoke", action="store_true", help="sizes that say nothing")
    parser.add_argument("--step", choices=list(STEPS), help="only this one, its rows as JSON")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    given = parser.parse_args(arguments)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no CUDA GPU here: --device cpu --smoke shows that the script runs")
    chosen = Given(given.device, given.smoke, given.paper_code)
    if given.smoke:
        shrink()
    if given.step:
        for row in STEPS[given.step](chosen):
            print(json.dumps(asdict(row)), flush=True)
    else:
        check(chosen, given.out)


if __name__ == "__main__":
    main()
