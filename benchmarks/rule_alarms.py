"""How many findings the code sets of coded notes get, and which: ``python -m benchmarks.rule_alarms gold``.

``gold``: the codes of our gold notes of the half "tune", with their setting. ``codiesp``: the label sets of CodiEsp's
training notes (codes of 2018, many cut off), in the folder that ``--data`` names. Both are unordered sets; whoever
coded them thought them right, so most of their errors are to be explained.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gold import gold_notes
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


def main() -> None:
    """Prints findings a set by rule, and with ``--show RULE`` each of a rule."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sets", choices=["gold", "codiesp"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--show", default="")
    options = parser.parse_args()
    sets = list(gold_sets() if options.sets == "gold" else codiesp_sets(options.data))
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
    print(f"{'severity':10}{'rule':32}{'findings':>9}{'a 100 sets':>12}{'sets':>6}")
    for (severity, rule), times in sorted(found.items()):
        print(
            f"{severity:10}{rule:32}{times:9,}{100 * times / len(sets):12.1f}{len(touched[severity, rule]):6,}"
        )


if __name__ == "__main__":
    main()
