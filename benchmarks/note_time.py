"""What a note takes of one core with all codes of its code systems: words, starter, features, prior and scores.

    python -m benchmarks.note_time RUN CORPUS [--notes 30] [--words 500] [--before SRC] [--rounds 2]

Notes of the val split, joined and cut to so many words (``--words 0``: as they are). ``--before`` is the folder ``src``
of another state of icdbridge: both score each note in turns, each in a process of its own with one thread, and what
they predict is compared. Seconds are of the processor. Prints Markdown.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from benchmarks.processes import started
from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer

BEST = 15  # codes of a note that are compared


class Taken(NamedTuple):
    """Seconds of a note, and its best codes."""

    seconds: float
    best: list[str]


def cut_texts(corpus: Corpus, notes: int, words: int) -> list[str]:
    """The first val notes, or as many texts of so many ``words``, each joined of several."""
    texts = list(corpus.column("text", "val"))
    if not words:
        return texts[:notes]
    found = []
    for number in range(notes):
        joined = "\n".join((texts[number:] + texts)[: 1 + words // 50]).split(" ")
        found.append(" ".join(joined[:words]))
    return found


class Subject:
    """A process that scores notes by one state of icdbridge."""

    def __init__(self, given: argparse.Namespace, src: Path) -> None:
        arguments = [
            str(given.run),
            str(given.corpus),
            "--notes",
            str(given.notes),
            "--words",
            str(given.words),
        ]
        self._process = started(
            [sys.executable, "-m", "benchmarks.note_time", *arguments, "--answer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(src), "OMP_NUM_THREADS": "1"},
        )

    def __call__(self, note: int) -> Taken:
        assert self._process.stdin
        assert self._process.stdout
        print(note, file=self._process.stdin, flush=True)
        return Taken(*json.loads(self._process.stdout.readline()))


def answer(given: argparse.Namespace) -> None:
    """Scores the notes whose numbers are asked for."""
    corpus = Corpus.open(given.corpus)
    wide = corpus.with_extra_codes(whole_systems(corpus.codes), "all")
    scorer = Scorer.of_corpus(Run.open(given.run), wide)
    texts = cut_texts(corpus, given.notes, given.words)
    list(scorer.score([scorer.read(texts[0])]))  # what is read once is not measured
    for line in sys.stdin:
        begun = time.process_time()
        (scores,) = scorer.score([scorer.read(texts[int(line)])])
        spent = time.process_time() - begun
        best = scores.logits.argsort(descending=True, stable=True)[:BEST].tolist()
        print(json.dumps([spent, [scorer.keys[column] for column in best]]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notes", type=int, default=30)
    parser.add_argument("--words", type=int, default=500)
    parser.add_argument("--before", type=Path, help="the folder src of another state of icdbridge")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        answer(given)
        return
    states = {"now": Path(__file__).parents[1] / "src"} | ({"before": given.before} if given.before else {})
    subjects = {name: Subject(given, src) for name, src in states.items()}
    taken: dict[str, list[list[Taken]]] = {name: [] for name in subjects}
    for note in range(given.notes):
        rounds: dict[str, list[Taken]] = {name: [] for name in subjects}
        for _ in range(given.rounds):
            for name, subject in subjects.items():
                rounds[name].append(subject(note))
        for name, found in rounds.items():
            taken[name].append(found)
    report({name: [min(found) for found in notes] for name, notes in taken.items()})


def report(taken: dict[str, list[Any]]) -> None:
    """Prints the seconds of each state, the faster of the rounds of each note, and what differs."""
    print("| state | mean, ms | middle, ms |\n| --- | ---: | ---: |")
    for name, notes in taken.items():
        seconds = [1_000 * one.seconds for one in notes]
        print(f"| {name} | {mean(seconds):.1f} | {median(seconds):.1f} |")
    if "before" in taken:
        pairs = list(zip(taken["now"], taken["before"], strict=True))
        ratio = sum(now.seconds for now, _ in pairs) / sum(before.seconds for _, before in pairs)
        same = sum(now.best == before.best for now, before in pairs)
        print(f"\nnow / before: {ratio:.2f}; of {len(pairs)} notes {same} have the same {BEST} best codes")


if __name__ == "__main__":
    main()
