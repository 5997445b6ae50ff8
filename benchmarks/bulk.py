"""Coding very many notes: one process against Ray, by the clock and in memory.

    python -m benchmarks.bulk RUN CORPUS [--notes 1000 5000] [--workers 2]

``RUN`` may be ``starter``. The corpus's test notes are taken again and again, each with a number before it. Speed is
that of the notes between the two sizes, so what starts once does not count; ``start`` is what it takes. The one
process has one thread, and so has each of Ray's workers; it is Ray itself and the reader that come on top. Memory is
that of all processes together (what they share is counted once), its greatest of two samples a second. With more
than two sizes memory alone is shown, whether it stays flat.
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
    """Seconds passed, processor seconds of all processes, and greatest memory of one coding."""
    command = [sys.executable, "-c", "from icdbridge.cli import main; main()", "code", run, str(notes)]
    command += ["--out", str(out), "--engine", engine, *others]
    cores = sorted(os.sched_getaffinity(0))[: workers if engine == "ray" else None]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip
    peak = 0.0
    used: dict[int, float] = {}  # by process: those of Ray end without anybody asking what they took
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.5):
            alive = family(process.pid)
            peak = max(peak, memory(alive))
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
    return {"seconds": seconds, "processor": sum(used.values()), "memory": peak}


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
    print("\n| engine | notes/s | processor ms a note | start, s |\n| --- | ---: | ---: | ---: |")
    for engine, (few, many) in found.items():
        taken, used = (many[name] - few[name] for name in ("seconds", "processor"))
        start = few["seconds"] - given.notes[0] * taken / between
        print(f"| {engine} | {between / taken:.1f} | {1000 * used / between:.2f} | {start:.1f} |")
    if len(found) == 2:
        ratio, more = (
            (found["one"][1][name] - found["one"][0][name]) / (found["ray"][1][name] - found["ray"][0][name])
            for name in ("seconds", "processor")
        )
        print(f"\nRay: {ratio:.2f} times the notes/s of one core (goal {SPEED}), processor time {1 / more - 1:+.0%} "
              f"(goal at most {OVERHEAD:+.0%})")  # fmt: skip


if __name__ == "__main__":
    main()
