"""Training by several gloo processes of one thread each against one process of one thread: steps a second.

    python -m benchmarks.distributed [--encoder cnn] [--processes 2] [--notes 16] [--steps 4] [--rounds 3]

The training loop itself, at the released sizes, on synthetic notes of MIMIC-like lengths with |L| = 1,024; the same
batches in both, in turns, a round after another. Takes a core for each process. Beside the seconds that pass stands
the processor time of the busiest process, which other work on the machine does not lengthen; it leaves out waiting.
Prints a table, writes distributed.json.
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.inputs import make_inputs, mimic_lengths, released_size
from benchmarks.subjects import training_notes
from icdbridge.files import write_json
from icdbridge.training import loop
from icdbridge.training.distributed import joined
from icdbridge.training.settings import make_settings

GOAL = 1.7  # times the steps of one process, by two


class _Enough(Exception):
    """Ends a training."""


def learn(number: int, told: dict[str, str], pipe: Any, given: argparse.Namespace) -> None:
    """A process: an epoch of ``steps`` batches whenever the pipe says so; answers with seconds of both clocks."""
    os.environ |= {**told, "RANK": str(number), "LOCAL_RANK": str(number)}
    torch.set_num_threads(1)
    loop.save_checkpoint = loop.save_checked = lambda *_: None  # no part of a step
    data = [training_notes(make_inputs(mimic_lengths(given.notes * given.steps)))]
    model = "duallaat-cnn" if given.encoder == "cnn" else "duallaat-rnn"
    settings = make_settings(
        model, "paper", None, ["device=cpu", "label_space=1024", f"batch_size={given.notes}"], epochs=10_000
    )
    clocks = [0.0, 0.0]

    def wait(_: Any = None) -> dict[str, float]:
        if clocks[0]:
            pipe.send([time.perf_counter() - clocks[0], time.process_time() - clocks[1]])
        if not pipe.recv():
            raise _Enough
        clocks[:] = time.perf_counter(), time.process_time()
        return {"val_map": 0.0, "val_f1_micro": 0.0}

    with TemporaryDirectory() as folder, joined(torch.device("cpu")) as processes:
        built = released_size(given.encoder)
        try:
            wait()
            loop.fit(built, data, settings, Path(folder), wait, lambda row: None, processes)
        except _Enough:
            pass


def start(count: int, given: argparse.Namespace) -> tuple[list[Any], Any]:
    """The pipes to ``count`` processes, and what they meet in."""
    context = multiprocessing.get_context("spawn")
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    told = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    told["TORCHELASTIC_USE_AGENT_STORE"] = "True"
    pipes = []
    for number in range(count):
        mine, theirs = context.Pipe()
        context.Process(target=learn, args=(number, told, theirs, given), daemon=True).start()
        pipes.append(mine)
    return pipes, store


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Medians over rounds, the first of which does not count."""
    groups = {count: start(count, given) for count in (1, given.processes)}
    rounds: list[dict[int, tuple[float, float]]] = []
    for number in range(given.rounds + 1):
        row = {}
        for count, (pipes, _) in groups.items():
            for pipe in pipes:
                pipe.send(True)
            seconds = [pipe.recv() for pipe in pipes]
            row[count] = max(wall for wall, _ in seconds), max(cpu for _, cpu in seconds)
        print(f"round {number}: {row}", flush=True)
        rounds += [row] if number else []
    for pipes, _ in groups.values():
        for pipe in pipes:
            pipe.send(False)
    found: dict[str, Any] = {"encoder": given.encoder, "processes": given.processes, "notes": given.notes}
    for place, clock in enumerate(("wall", "cpu")):
        found[clock] = {
            "steps_per_second": {
                str(count): given.steps / median(row[count][place] for row in rounds) for count in groups
            },
            "ratio": median(row[1][place] / row[given.processes][place] for row in rounds),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", choices=["gru", "cnn"], default="cnn")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--notes", type=int, default=16, help="of a batch, all processes together")
    parser.add_argument("--steps", type=int, default=4, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    found = measure(given)
    print(
        f"| {given.encoder}, {given.notes} notes, synthetic | 1 process | {given.processes} | ratio (goal {GOAL}) |"
    )
    print("| --- | --- | --- | --- |")
    for clock, name in (("wall", "steps a second"), ("cpu", "by the busiest process's processor time")):
        one, several = found[clock]["steps_per_second"].values()
        print(f"| {name} | {one:.3f} | {several:.3f} | {found[clock]['ratio']:.2f} |")
    given.out.mkdir(parents=True, exist_ok=True)
    write_json(given.out / "distributed.json", found)


if __name__ == "__main__":
    main()
