"""python -m benchmarks.attack RUN [--seconds 60] [--tries 40] [--only kills damage strangers clients]

Attacks on copies of a run, on small synthetic corpora made here and on a server on loopback; all processes are started
and ended here. Prints the table of docs/robustness.md; status 1 where a goal is missed. Linux only.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.attack.clients import serve_under_attack
from benchmarks.attack.folders import damage, strangers
from benchmarks.attack.kills import commands, damaged_state, kills, run
from benchmarks.attack.outcomes import Outcome, show
from icdbridge import Coder
from icdbridge.corpora import Corpus

PARTS = ("kills", "damage", "strangers", "clients")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="at most, for a kind of attack on files")
    parser.add_argument("--tries", type=int, default=40, help="at most, of a kind of attack on files")
    parser.add_argument("--attack-seconds", type=float, default=10, help="of each attack on the server")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    version = Coder.load(asked.run).versions[0]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="attack-") as name:
        work = Path(name)
        if {"kills", "damage"} & set(asked.only):
            dump, corpus, notes = _inputs(work)
        if "kills" in asked.only:
            for command in commands(asked.run, dump, corpus, notes, version):
                outcomes.append(_told(kills(command, work, min(asked.tries, 8), asked.seconds)))
        if "damage" in asked.only:
            for command in commands(asked.run, dump, corpus, notes, version):
                if command.state:
                    outcomes.append(_told(damaged_state(command, work, min(asked.tries, 8), asked.seconds)))
            outcomes.append(_told(damage("corpus", corpus, work, asked.tries, asked.seconds)))
            outcomes.append(_told(damage("run", asked.run, work, asked.tries, asked.seconds)))
        if "strangers" in asked.only:
            outcomes.append(_told(strangers(asked.run, work, 3 * asked.tries, 2 * asked.seconds)))
        if "clients" in asked.only:
            outcomes += serve_under_attack(asked.run, work, version, asked.attack_seconds)
    sys.exit(0 if show(outcomes) else 1)


def _inputs(work: Path) -> tuple[Path, Path, Path]:
    """A synthetic dump, a corpus of it, and its notes in a table."""
    dump, corpus, notes = work / "dump", work / "small", work / "notes.parquet"
    for arguments, out in (
        (["synthesize", "mimic4", "--notes", "400", "--words", "120", "--concepts", "24"], dump),
        (["prepare", "mimic4", "--root", str(dump), "--version", "icd10"], corpus),
    ):
        status, said = run(arguments, out)
        if status:
            sys.exit(said)
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened = Corpus.open(corpus)
    table = pa.Table.from_batches(list(opened.notes(None, ("note_id", "text"))))
    pq.write_table(table.select(["note_id", "text"]), notes)
    return dump, corpus, notes


def _told(outcome: Outcome) -> Outcome:
    print(f"  {outcome.name}: {dict(outcome.ends)} {' | '.join(outcome.examples)}", flush=True)
    return outcome


if __name__ == "__main__":
    main()
