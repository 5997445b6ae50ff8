"""The dictionary of phrases that name codes, stored on disk so that all phrases are looked for at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icdbridge.knowledge.terms import SOURCES as TERM_SOURCES

# Where a status, history or drug code counts: its name taken in medications, among allergies, said to be past, of a
# relative, as the cause of what it did, not taken, or taken in overdose.
WHEN = ("medications", "allergies", "history", "family", "adverse", "underdosing", "poisoning")
MEDICATIONS, ALLERGIES, HISTORY, FAMILY, ADVERSE, UNDERDOSING, POISONING = WHEN
SOURCES = (*TERM_SOURCES, *WHEN)
FIRST_WHEN = SOURCES.index(MEDICATIONS)
LONGEST = 8  # stems of a phrase; longer titles are found by their codes' families


class Name(NamedTuple):
    """A name of a code, as stems: ``code`` its number, ``source`` an index into ``SOURCES``; by ``rank`` codes of the
    same name are ordered, the lowest first.
    """

    stems: tuple[str, ...]
    code: int
    source: int
    rank: tuple[int, ...]


@dataclass(frozen=True)
class Dictionary:
    """Phrases as sets of stems, each with the codes that it names, the likeliest first.

    ``words`` are the stems of the phrases (``starts`` [P + 1]), rarest first; ``postings`` the phrases that have a stem
    (``posting_starts`` [S + 1]); ``targets`` numbers of codes and ``sources`` (indices into ``SOURCES``) where
    each name comes from (``target_starts`` [P + 1]); ``weights`` [S] how rare a stem is among the phrases.
    """

    stems: Mapping[str, int]
    starts: np.ndarray
    words: np.ndarray
    posting_starts: np.ndarray
    postings: np.ndarray
    target_starts: np.ndarray
    targets: np.ndarray
    sources: np.ndarray
    weights: np.ndarray

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many stems each phrase has."""
        return np.diff(self.starts)

    @cached_property
    def names(self) -> list[str]:
        """The stems in the order of their numbers."""
        return list(self.stems)

    def phrase(self, phrase: int) -> list[str]:
        """The stems of a phrase."""
        return [self.names[word] for word in self.words[self.starts[phrase] : self.starts[phrase + 1]]]

    def meant(self, phrase: int) -> tuple[list[int], list[int]]:
        """Codes that a phrase names, the likeliest first, and the source of each; without status and history codes."""
        begin, end = self.target_starts[phrase], self.target_starts[phrase + 1]
        plain = self.sources[begin:end] < FIRST_WHEN
        return self.targets[begin:end][plain].tolist(), self.sources[begin:end][plain].tolist()

    def status(self, phrase: int) -> dict[str, int]:
        """The status and history codes that a phrase stands for, by where it counts (``WHEN``)."""
        begin, end = self.target_starts[phrase], self.target_starts[phrase + 1]
        pairs = zip(self.sources[begin:end].tolist(), self.targets[begin:end].tolist(), strict=True)
        return {SOURCES[source]: code for source, code in pairs if source >= FIRST_WHEN}

    def save(self, folder: Path) -> None:
        (folder / "stems.txt").write_text("\n".join(self.stems), "utf-8")
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> "Dictionary":
        stems = (folder / "stems.txt").read_text("utf-8").split("\n")
        arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
        return cls({stem: number for number, stem in enumerate(stems)}, **arrays)


_ARRAYS = ("starts", "words", "posting_starts", "postings", "target_starts", "targets", "sources", "weights")


def build_dictionary(names: Sequence[Name]) -> Dictionary:
    """Phrases with the same stems are one; a code that has several names among them counts by its best."""
    phrases: dict[tuple[str, ...], dict[tuple[int, int], tuple[int, ...]]] = {}
    for name in names:
        if len(name.stems) > LONGEST:
            continue
        source = name.source if name.source >= FIRST_WHEN else -1
        targets = phrases.setdefault(tuple(sorted(name.stems)), {})
        key, rank = (name.code, source), (*name.rank, name.source)
        if key not in targets or rank < targets[key]:
            targets[key] = rank
    number: dict[str, int] = {}
    for stems in phrases:
        for one in stems:
            number.setdefault(one, len(number))
    sizes = np.array([len(stems) for stems in phrases], np.int64)
    words = np.array([number[one] for stems in phrases for one in stems], np.int32)
    often = np.bincount(words, minlength=len(number))
    weights = np.log((len(phrases) + 1) / (often + 0.5)).astype(np.float32)
    owner = np.repeat(np.arange(len(phrases), dtype=np.int32), sizes)
    ranked = [sorted(targets.items(), key=lambda one: one[1]) for targets in phrases.values()]
    return Dictionary(
        number,
        np.concatenate([[0], np.cumsum(sizes)]),
        words[np.lexsort((-weights[words], owner))],
        np.concatenate([[0], np.cumsum(often)]),
        owner[np.argsort(words, kind="stable")],
        np.concatenate([[0], np.cumsum([len(targets) for targets in ranked])]),
        np.array([code for targets in ranked for (code, _), _ in targets], np.int32),
        np.array([rank[-1] for targets in ranked for _, rank in targets], np.int8),
        weights,
    )
