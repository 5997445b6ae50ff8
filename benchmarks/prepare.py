"""Times ``icdbridge prepare`` beside the field's way (pandas_preparation.py) on synthetic dumps that both can hold.

    python -m benchmarks.prepare --notes 20000 --rounds 3

Every job runs in a process of its own, the jobs one after another in each round. Both ways prepare both versions
of MIMIC-IV. The pandas way normalises the notes' words as well, which icdbridge does when it tokenizes: "and
words" adds that to icdbridge's side. Plain decompression of the files read is the floor.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.processes import started

SYNTHESIZE = """
import sys
from icdbridge.synthetic import synthesize_mimic3, synthesize_mimic4
source, dump, notes, others = sys.argv[1:]
if source == "mimic3":
    synthesize_mimic3(dump, int(notes), others=float(others))
else:
    synthesize_mimic4(dump, int(notes))
"""
ICDBRIDGE = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":  # icdbridge does not bring it along; pyarrow imports it where it is installed
            raise ImportError(name)
sys.meta_path.insert(0, Without())
from icdbridge.corpora.readers.mimic3 import prepare_mimic3
from icdbridge.corpora.readers.mimic4 import prepare_mimic4_both
root, out = sys.argv[1:3]
if "{source}" == "mimic3":
    corpora = [prepare_mimic3(root, out + "/icd9")]
else:
    corpora = prepare_mimic4_both(root, out)
"""
WORDS = """
from icdbridge.text import normalize
for corpus in corpora:
    for batch in corpus.notes(columns=["text"]):
        for text in batch.column("text").to_pylist():
            normalize(text)
"""
GUNZIP = """
import gzip, sys
for name in sys.argv[1:]:
    with gzip.open(name) as file:
        while file.read(4 * 1024 * 1024):
            pass
"""
READ = {
    "mimic3": ["NOTEEVENTS", "DIAGNOSES_ICD", "PROCEDURES_ICD"],
    "mimic4": ["note/discharge", "hosp/diagnoses_icd", "hosp/procedures_icd"],
}
PANDAS = Path(__file__).with_name("pandas_preparation.py")


def run(command: list[str]) -> tuple[float, float, float]:
    """Seconds passed, seconds of processor time and peak memory (GB) of a command."""
    began = time.perf_counter()
    process = started([sys.executable, *command], stderr=subprocess.PIPE)
    assert process.stderr
    complaint = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[:2]} failed: {complaint[-2_000:]}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2


def jobs(source: str, dump: Path, out: Path) -> dict[str, list[str]]:
    ours = ICDBRIDGE.format(source=source)
    return {
        "plain decompression": ["-c", GUNZIP, *(str(dump / f"{name}.csv.gz") for name in READ[source])],
        "icdbridge prepare": ["-c", ours, str(dump), str(out / "ours")],
        "icdbridge prepare and words": ["-c", ours + WORDS, str(dump), str(out / "words")],
        "pandas": [str(PANDAS), source, str(dump), str(out / "pandas")],
    }


def measure(source: str, dump: Path, rounds: int) -> None:
    results: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=dump.parent) as out:
            for name, command in jobs(source, dump, Path(out)).items():
                results.setdefault(name, []).append(run(command))
    print(f"\n{'':28} seconds  processor  peak GB  pandas takes  of it decompression")
    middle = {
        name: [median(figures) for figures in zip(*runs, strict=True)] for name, runs in results.items()
    }
    for name, (seconds, processor, memory) in middle.items():
        times = f"{middle['pandas'][0] / seconds:.1f} times"
        share = f"{middle['plain decompression'][0] / seconds:.0%}"
        print(f"{name:28}{seconds:8.1f}{processor:11.1f}{memory:9.2f}{times:>14}{share:>21}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notes", type=int, default=20_000, help="discharge summaries of each dump")
    parser.add_argument("--others", type=float, default=31, help="other notes of a stay in MIMIC-III")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sources", nargs="+", default=["mimic4", "mimic3"], choices=[*READ])
    parser.add_argument("--dumps", type=Path, help="where dumps are kept and taken from (default: not kept)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for source in options.sources:
            dump = (options.dumps or Path(folder)) / f"{source}-{options.notes}"
            if not dump.exists():
                # A process inherits the peak memory of the one that starts it: this one has to stay small.
                run(["-c", SYNTHESIZE, source, str(dump), str(options.notes), str(options.others)])
            print(
                f"\n{source}, {options.notes:,} synthetic discharge summaries, {options.rounds} rounds, medians"
            )
            measure(source, dump, options.rounds)


if __name__ == "__main__":
    main()
