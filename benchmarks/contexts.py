"""How fast the contexts of words are found in real notes, by one core.

    python -m benchmarks.contexts [--notes ../shared/data/mtsamples/mtsamples_notes.jsonl] [--rounds 3]

The notes: JSON lines with a ``text`` each. The spans of their words are given, as the matching has them anyway. Prints
megabytes of UTF-8 text a second of processor time, the best of the rounds, beside finding sections and sentences alone.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from icdbridge.knowledge.words import split
from icdbridge.lexical.contexts import CONTEXTS, NoteContexts
from icdbridge.lexical.sections import sections
from icdbridge.lexical.sentences import sentences


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notes", type=Path, default=Path("../shared/data/mtsamples/mtsamples_notes.jsonl"))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    texts = [json.loads(line)["text"] for line in given.notes.read_text(encoding="utf-8").splitlines()]
    spans = [np.array([span for _, *span in split(text)], np.int32).reshape(-1, 2) for text in texts]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6

    def best(work: Callable[[], object]) -> float:
        seconds = []
        for _ in range(given.rounds):
            start = time.process_time()
            work()
            seconds.append(time.process_time() - start)
        return megabytes / min(seconds)

    print(f"{len(texts):,} notes, {megabytes:.1f} MB, {sum(map(len, spans)):,} words")
    pairs = list(zip(texts, spans, strict=True))
    print(f"contexts: {best(lambda: [NoteContexts(text).of(own) for text, own in pairs]):.1f} MB/s")
    print(f"sections: {best(lambda: [sections(text) for text in texts]):.1f} MB/s")
    print(f"sentences: {best(lambda: [sentences(text) for text in texts]):.1f} MB/s")
    marked = np.concatenate([NoteContexts(text).of(own) for text, own in zip(texts, spans, strict=True)])
    shares = ", ".join(
        f"{name} {share:.1%}" for name, share in zip(CONTEXTS, marked.mean(axis=0), strict=True)
    )
    print(f"of the words: {shares}")


if __name__ == "__main__":
    main()
