"""How many findings the code sets of coded notes get, and which: ``python -m benchmarks.rule_alarms gold``.

``gold``: the codes of our gold notes of the half "tune", with their setting. ``codiesp``: the label sets of CodiEsp's
training notes (codes of 2018, many cut off), in the folder that ``--data`` names. Both are unordered sets; whoever
coded them thought them right, so most of their errors are to be explained. ``drawn``: sets of 20 codes that nobody
gives together. Also printed is how long a check takes, of sets whose codes were not met before and of the same again.
"""

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.gold import gold_notes
from icdbridge.codes import load_system
from icdbridge.rules import check


def gold_sets() -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    for note in gold_notes("tune"):
        yield note.name, list(dict.fromkeys(one.code for one in note.codes)), {"setting": note.setting}


def codiesp_sets(data: Path) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    sets: dict[str, list[str]] = defaultdict(list)
    for name in ("trainD", "trainP"):
        for line in (data / "codiesp" / "train" / f"{name}.tsv").read_text("utf-8").splitlines():
            note, code = line.split("\t")
            sets[note].append(code)
    for note, codes in sets.items():
        yield note, list(dict.fromkeys(codes)), {}


def drawn_sets() -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    titles, chance = sorted(load_system("icd10cm").titles), random.Random(0)
    for number in range(100):
        yield str(number), chance.sample(titles, 20), {"date": "2025-11-02", "sex": "female", "age": 50}


def timed(one: tuple[str, list[str], dict[str, Any]]) -> float:
    """How many seconds the check of a set takes."""
    began = time.perf_counter()
    check(one[1], ordered=False, **one[2])
    return time.perf_counter() - began


def main() -> None:
    """Prints findings a set by rule, and with ``--show RULE`` each of a rule."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sets", choices=["gold", "codiesp", "drawn"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--show", default="")
    options = parser.parse_args()
    several = {"gold": gold_sets, "codiesp": partial(codiesp_sets, options.data), "drawn": drawn_sets}
    sets = list(several[options.sets]())
    check(["I10"])  # reads the tabular list
    taken = {told: [timed(one) for one in sets] for told in ("of codes first met", "again")}
    found: Counter[tuple[str, str]] = Counter()
    touched: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, codes, facts in sets:
        for finding in check(codes, ordered=False, **facts):
            kind = (finding.severity, finding.rule)
            found[kind] += 1
            touched[kind].add(name)
            if options.show and options.show == finding.rule:
                print(name, finding.severity, finding.message, "|", finding.source)
    print(f"{len(sets):,} sets, {sum(len(codes) for _, codes, _ in sets):,} codes")
    for told, seconds in taken.items():
        most = f"{1000 * max(seconds):.1f} ms at most"
        print(f"a check {told}: {1000 * median(seconds):.1f} ms (median), {most}")
    print(f"{'severity':10}{'rule':32}{'findings':>9}{'a 100 sets':>12}{'sets':>6}")
    for (severity, rule), times in sorted(found.items()):
        print(
            f"{severity:10}{rule:32}{times:9,}{100 * times / len(sets):12.1f}{len(touched[severity, rule]):6,}"
        )


if __name__ == "__main__":
    main()
