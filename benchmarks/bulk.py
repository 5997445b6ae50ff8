"""Coding very many notes: one process against Ray, by the clock and in memory.

    python -m benchmarks.bulk RUN CORPUS [--notes 1000 5000] [--workers 2]

``RUN`` may be ``starter``. The corpus's test notes are taken again and again, each with a number before it. The
steady speed is that of the notes between the two sizes, so what starts once does not count; ``start`` is what it takes,
and the speed of the whole larger job is told too. The one process has one thread, and so has each of Ray's workers; it
is Ray itself and the reader that come on top. Memory is that of all processes together (what they share is counted
once), its greatest of samples every two seconds. Where other work shares the cores, the processor time of the busiest
process says what quiet ones would give. With more than two sizes memory alone is shown, whether it stays flat.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.processes import started
from icdbridge.coding.parts import part_notes
from icdbridge.corpora import Corpus

SPEED, OVERHEAD = 1.8, 0.1  # goals: times one core's notes a second by two workers; processor time on top


def write_notes(corpus: Corpus, count: int, path: Path) -> None:
    texts = list(corpus.column("text", "test"))
    numbered = (f"note {number} {text}" for number, text in enumerate(islice(cycle(texts), count)))
    schema = pa.schema([("note_id", pa.string()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, 2_000):
            some = list(islice(numbered, 2_000))
            ids = [f"n{number}" for number in range(start, start + len(some))]
            writer.write_table(pa.table({"note_id": ids, "text": some}, schema))


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    found = [root]
    for process in found:
        with suppress(OSError):
            for task in Path(f"/proc/{process}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def processor(process: int) -> float:
    """Seconds of processor time that a process has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(processes: list[int]) -> float:
    """GB that they hold, each page shared by several counted once."""
    total = 0
    for process in processes:
        with suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024**2


def run(run: str, notes: Path, out: Path, engine: str, workers: int, others: list[str]) -> dict[str, float]:
    """Seconds passed, processor seconds of all processes and of the busiest, and greatest memory of one coding."""
    command = [sys.executable, "-c", "from icdbridge.cli import main; main()", "code", run, str(notes)]
    command += ["--out", str(out), "--engine", engine, *others]
    cores = sorted(os.sched_getaffinity(0))[: workers if engine == "ray" else None]
    began = time.perf_counter()
    process = started(
        command,
        first=lambda: os.sched_setaffinity(0, cores),
        env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
    )
    peak = 0.0
    used: dict[int, float] = {}  # by process: those of Ray end without anybody asking what they took
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        tick = 0
        while not done.wait(0.5):
            alive = family(process.pid)
            if tick % 4 == 0:  # it takes a twentieth of a core where it is asked each time
                peak = max(peak, memory(alive))
            tick += 1
            for one in alive:
                with suppress(OSError):
                    used[one] = processor(one)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.stderr
    complaint = process.stderr.read().decode()
    process.wait()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{engine}: {complaint[-2_000:]}")
    taken = sum(used.values())
    return {"seconds": seconds, "processor": taken, "busiest": max(used.values(), default=0), "memory": peak}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="a run, or starter")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notes", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--engines", nargs="+", default=["one", "ray"], choices=["one", "ray"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--version", default="icd10")
    parser.add_argument("--no-evidence", action="store_true")
    given = parser.parse_args()
    corpus = Corpus.open(given.corpus)
    others = ["--version", given.version, *(["--no-evidence"] if given.no_evidence else [])]
    print(f"{given.run} on notes of {corpus.name}\n")
    for count in given.notes if "ray" in given.engines else ():
        if (parts := -(-count // part_notes(count))) < 2 * given.workers:
            print(f"{count:,} notes are {parts} parts, fewer than two a worker: too few for a speed of Ray\n")
    print("| engine | notes | seconds | processor s | memory, GB |\n| --- | ---: | ---: | ---: | ---: |")
    found: dict[str, list[dict[str, float]]] = {engine: [] for engine in given.engines}
    with tempfile.TemporaryDirectory() as folder:
        for count in given.notes:
            notes = Path(folder) / f"{count}.parquet"
            write_notes(corpus, count, notes)
            for engine in given.engines:
                row = run(
                    given.run, notes, Path(folder) / f"{engine}-{count}.jsonl", engine, given.workers, others
                )
                found[engine].append(row)
                shown = f"{row['seconds']:.1f} | {row['processor']:.1f} | {row['memory']:.2f}"
                print(f"| {engine} | {count:,} | {shown} |", flush=True)
    if len(given.notes) != 2:
        return
    between = given.notes[1] - given.notes[0]
    head = "| engine | notes/s | processor ms a note, of the busiest process | start, s |"
    print(f"\n{head}\n| --- | ---: | ---: | ---: |")
    more = {engine: {name: many[name] - few[name] for name in many} for engine, (few, many) in found.items()}
    for engine, own in more.items():
        start = found[engine][0]["seconds"] - given.notes[0] * own["seconds"] / between
        each = ", ".join(f"{1000 * own[name] / between:.2f}" for name in ("processor", "busiest"))
        print(f"| {engine} | {between / own['seconds']:.1f} | {each} | {start:.1f} |")
    if len(found) == 2:
        times = {name: more["one"][name] / more["ray"][name] for name in ("seconds", "processor", "busiest")}
        whole = found["one"][1]["seconds"] / found["ray"][1]["seconds"]
        print(
            f"\nRay: {times['seconds']:.2f} times the steady notes/s of one core (goal {SPEED}), by the processor "
            f"time of the busiest process {times['busiest']:.2f} times; {whole:.2f} times those of the whole job of "
            f"{given.notes[1]:,}; processor time {1 / times['processor'] - 1:+.0%} (goal at most {OVERHEAD:+.0%})"
        )


if __name__ == "__main__":
    main()
