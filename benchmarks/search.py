"""How well and how fast codes are found as people type them: ``python -m benchmarks.search QUERIES.tsv``.

QUERIES.tsv: a query and the codes that would do, separated by blanks, a line. Prints recall at 1, 5 and 10, the mean
reciprocal rank, times, memory, the first search of a new process, and the queries whose code is not first.
``--titles N`` draws N titles of billable codes and types them in full; ``--broken N`` leaves out two words and mistypes
one; 0 takes every title.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from icdbridge.codes import load_system
from icdbridge.knowledge.search import search

# A process of its own: what a first search takes, and the most memory after all the queries.
_ALONE = """
import re, sys, time
start = time.perf_counter()
from icdbridge.knowledge.search import search
search("left hip fx")
print(time.perf_counter() - start)
for query in sys.stdin.read().splitlines():
    search(query)
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024)  # of Linux; not inherited
"""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 4  # letters of a word that is mistyped


def read(file: Path) -> Iterator[tuple[str, set[str]]]:
    for line in file.read_text("utf-8").splitlines():
        if line.strip():
            query, codes = line.split("\t")[:2]
            yield query, set(codes.split())


def titles(systems: list[str], many: int, seed: int, broken: bool) -> Iterator[tuple[str, set[str]]]:
    """Titles of billable codes drawn from all systems, with every code of that title."""
    every = [(title, system) for system in systems for title in load_system(system).titles.values()]
    named: dict[str, set[str]] = {}
    for system in systems:
        for code, title in load_system(system).titles.items():
            named.setdefault(title.lower(), set()).add(code)
    random.seed(seed)
    for title, _ in random.sample(every, many or len(every)):
        yield (_broken(title) if broken else title), named[title.lower()]


def _broken(title: str) -> str:
    """The title without two of its words, where it has more than three, and with one typing error."""
    words = title.split()
    for _ in range(min(2, max(len(words) - 2, 0))):
        words.pop(random.randrange(len(words)))
    places = [place for place, word in enumerate(words) if sum(map(str.isalpha, word)) >= _SHORTEST]
    if places:
        place = random.choice(places)
        words[place] = _mistyped(words[place])
    return " ".join(words)


def _mistyped(word: str) -> str:
    at = random.randrange(1, len(word) - 1)
    kind = random.choice(("changed", "lost", "doubled", "swapped"))
    if kind == "changed":
        return word[:at] + random.choice(_LETTERS) + word[at + 1 :]
    if kind == "lost":
        return word[:at] + word[at + 1 :]
    if kind == "doubled":
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def measure(queries: Iterable[tuple[str, set[str]]], systems: list[str], shown: int) -> None:
    ranks, times, missed, chosen = [], [], [], 0
    for query, codes in queries:
        start = time.perf_counter()
        hits = search(query, systems, 10)
        times.append(time.perf_counter() - start)
        found = [hit.code.code for hit in hits]
        rank = next((place for place, code in enumerate(found, 1) if code in codes), 0)
        ranks.append(rank)
        chosen += bool(rank) or any(one.code in codes for hit in hits for one in hit.specify)
        if rank != 1:
            missed.append((rank, query, codes, found))
    for rank, query, codes, found in missed[:shown]:
        print(f"{rank or '-':>2}  {query} | {' '.join(sorted(codes)[:6])} | {' '.join(found[:6])}")
    many = len(ranks)
    for most in (1, 5, 10):
        print(f"recall@{most}: {sum(0 < rank <= most for rank in ranks) / many:.3f}")
    print(f"recall@10, or among what the ten may be specified by: {chosen / many:.3f}")
    times.sort()
    print(f"MRR: {sum(1 / rank for rank in ranks if rank) / many:.3f}   queries: {many}")
    print(f"p50: {times[many // 2] * 1000:.1f} ms   p95: {times[int(many * 0.95)] * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", nargs="*", type=Path)
    parser.add_argument("--systems", nargs="+", default=["icd10cm", "icd10pcs"])
    parser.add_argument("--titles", type=int, help="titles in full, 0: all")
    parser.add_argument(
        "--broken", type=int, help="titles without two words and with one typing error, 0: all"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=100, help="at most so many are printed")
    options = parser.parse_args()
    search("fever")  # the index is made
    asked = "\n".join(query for file in options.queries for query, _ in read(file))
    alone = subprocess.run(
        [sys.executable, "-c", _ALONE], input=asked, capture_output=True, text=True, check=True
    )
    first, memory = map(float, alone.stdout.split())
    print(f"first search of a new process: {first:.2f} s; memory after all queries: {memory:.0f} MB")
    for file in options.queries:
        print(f"== {file}")
        measure(read(file), options.systems, options.misses)
    for many, broken in ((options.titles, False), (options.broken, True)):
        if many is not None:
            print("== titles without two words and with an error" if broken else "== titles in full")
            measure(titles(options.systems, many, options.seed, broken), options.systems, options.misses)


if __name__ == "__main__":
    main()
