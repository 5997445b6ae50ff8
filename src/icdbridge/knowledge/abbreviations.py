"""Clinicians' abbreviations and what they stand for, each with several senses where it has them.

``data/abbreviations.csv`` was written for this project. Where its column ``basis`` says ``counted``, the shares follow
how often each sense stood in clinic notes and discharge summaries (the Vanderbilt part of the Medical Abbreviation and
Acronym Meta-Inventory, CC BY 4.0); elsewhere they are judged. ``capitals`` is the share among those written in
capitals, where it differs ("af": afebrile; "AF": atrial fibrillation). ``cues`` are words that make a sense the meant
one where they stand near; ``@heart`` are those of a topic in ``data/topics.csv``, which count from anywhere in the note
(``reach`` is ``note``) or in the same sentence only.
"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.words import stem, stems

# Cues that are no words: a number behind it or before it, a percentage.
AFTER, BEFORE, PERCENT = ("#after", "#before", "%")
KINDS = ("diagnosis", "procedure", "status", "anatomy", "drug", "test", "word")


class Sense(NamedTuple):
    """One meaning. ``share``: of the times that the abbreviation is written; those of its senses sum to 1.

    ``kind`` is one of ``KINDS``; a ``word`` is no condition ("w/": "with"). ``cues``: stems of words that speak for
    this meaning, and ``AFTER``, ``BEFORE`` or ``PERCENT``; ``far`` those of them that do so from anywhere in the note.
    """

    text: str
    share: float
    kind: str
    cues: frozenset[str] = frozenset()
    far: frozenset[str] = frozenset()

    @property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return _stems(self.text)


class _Entry(NamedTuple):
    senses: tuple[Sense, ...]
    in_capitals: tuple[Sense, ...]
    upper: bool


def senses(abbreviation: str, *, shouted: bool = False) -> tuple[Sense, ...]:
    """What an abbreviation, as written, stands for, the most frequent sense first; nothing if it is none.

    Blanks, full stops and case do not count ("A. fib"), but where ``case_sensitive`` says so: then only capitals are
    the abbreviation ("AS" is aortic stenosis, "as" is a word). Shares are those of what is written in capitals where it
    is, but where all around is ``shouted`` in capitals too, for then they tell nothing.
    """
    entry = _entry(abbreviation)
    if entry is None or (entry.upper and not abbreviation.isupper()):
        return ()
    return entry.in_capitals if abbreviation.isupper() and not shouted else entry.senses


def case_sensitive(abbreviation: str) -> bool:
    """Whether only capitals are the abbreviation, because small letters are a word ("or", "us", "all").

    In a text or line that is all in capitals it had better not be expanded at all.
    """
    entry = _entry(abbreviation)
    return entry is not None and entry.upper


@cache
def abbreviations() -> Mapping[str, tuple[Sense, ...]]:
    """All abbreviations in lower case, without full stops, with single blanks ("c diff"), and their senses."""
    return MappingProxyType({key: entry.senses for key, entry in _entries().items()})


@lru_cache(100_000)  # of each word of a note it is asked several times
def _entry(abbreviation: str) -> _Entry | None:
    return _entries().get(_key(abbreviation))


def _key(text: str) -> str:
    return " ".join(text.lower().replace(".", "").split())


@cache
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems(text))


@cache
def _entries() -> dict[str, _Entry]:
    topics = {f"@{row['topic']}": row for row in read_csv("topics")}
    found: dict[str, list[tuple[Sense, float]]] = {}
    upper = set()
    for row in read_csv("abbreviations"):
        key = _key(row["abbreviation"])
        cues: set[str] = set()
        far: set[str] = set()
        for cue in row["cues"].split(";"):
            topic = topics.get(cue, {"words": cue, "reach": "note"})
            # It is no cue for itself.
            words = {stem(word) for word in topic["words"].split()} - set(key.split())
            cues |= words
            far |= words if topic["reach"] == "note" else set()
        share = float(row["share"])
        sense = Sense(row["sense"], share, row["kind"], frozenset(cues), frozenset(far))
        found.setdefault(key, []).append((sense, float(row["capitals"] or share)))
        if row["case"] == "upper":
            upper.add(key)
    return {
        key: _Entry(
            normalised([sense for sense, _ in several]),
            normalised([sense._replace(share=capitals) for sense, capitals in several]),
            key in upper,
        )
        for key, several in found.items()
    }


def normalised(several: Iterable[Sense]) -> tuple[Sense, ...]:
    """Senses with shares that sum to 1, the most frequent first."""
    several = sorted(several, key=lambda sense: -sense.share)
    total = sum(sense.share for sense in several)
    return tuple(sense._replace(share=sense.share / total) for sense in several)
