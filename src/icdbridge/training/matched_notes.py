"""The lexical evidence of many notes, on disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icdbridge.lexical import STORED, Matcher, NoteWords, SparseFeatures
from icdbridge.progress import progress_bar


@dataclass(frozen=True)
class MatchedNotes:
    """Evidence of notes one after another: ``starts`` int64 [N + 1]; ``codes`` and ``features`` are memory maps."""

    starts: np.ndarray
    codes: np.ndarray
    features: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, note: int) -> SparseFeatures:
        own = slice(self.starts[note], self.starts[note + 1])
        return SparseFeatures(self.codes[own], self.features[own])


def match_notes(
    texts: Iterable[tuple[str, Matcher]], count: int, max_words: int, path: Path, description: str
) -> MatchedNotes:
    """Matches ``count`` texts, each by its own matcher, into files whose names begin with ``path``."""
    starts = [0]
    files = path.with_suffix(".codes"), path.with_suffix(".features")
    with files[0].open("wb") as codes, files[1].open("wb") as features, progress_bar() as bar:
        task = bar.add_task(description, total=count)
        for text, matcher in texts:
            found = matcher.match(NoteWords(text, max_words)).features
            codes.write(found.codes.astype(np.int32).tobytes())
            features.write(found.features.tobytes())
            starts.append(starts[-1] + len(found.codes))
            bar.advance(task)
    if not starts[-1]:  # no empty file can be mapped
        return MatchedNotes(np.array(starts), np.zeros(0, np.int32), np.zeros((0, STORED), np.float16))
    return MatchedNotes(
        np.array(starts),
        np.memmap(files[0], np.int32, "r"),
        np.memmap(files[1], np.float16, "r", shape=(starts[-1], STORED)),
    )
