"""Clinicians' abbreviations and what they stand for, each with several senses where it has them.

``data/abbreviations.csv`` was written for this project. Where its column ``basis`` says ``counted``, the shares follow
how often each sense stood in clinic notes and discharge summaries (the Vanderbilt part of the Medical Abbreviation and
Acronym Meta-Inventory, CC BY 4.0); elsewhere they are judged.
"""

import csv
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import DATA

KINDS = ("diagnosis", "procedure", "status", "anatomy", "drug", "test", "word")


class Sense(NamedTuple):
    """One meaning. ``share``: of the times that the abbreviation is written; those of its senses sum to 1.

    ``kind`` is one of ``KINDS``; a ``word`` is no condition ("w/": "with").
    """

    text: str
    share: float
    kind: str


class _Entry(NamedTuple):
    senses: tuple[Sense, ...]
    upper: bool


def senses(abbreviation: str) -> tuple[Sense, ...]:
    """What an abbreviation, as written, stands for, the most frequent sense first; nothing if it is none.

    Blanks, full stops and case do not count ("A. fib"), but where ``case_sensitive`` says so: then only capitals are
    the abbreviation ("AS" is aortic stenosis, "as" is a word).
    """
    entry = _entries().get(_key(abbreviation))
    if entry is None or (entry.upper and not abbreviation.isupper()):
        return ()
    return entry.senses


def case_sensitive(abbreviation: str) -> bool:
    """Whether only capitals are the abbreviation, because small letters are a word ("or", "us", "all").

    In a text or line that is all in capitals it had better not be expanded at all.
    """
    entry = _entries().get(_key(abbreviation))
    return entry is not None and entry.upper


def abbreviations() -> Mapping[str, tuple[Sense, ...]]:
    """All abbreviations in lower case, without full stops, with single blanks ("c diff"), and their senses."""
    return MappingProxyType({key: entry.senses for key, entry in _entries().items()})


def _key(text: str) -> str:
    return " ".join(text.lower().replace(".", "").split())


@cache
def _entries() -> dict[str, _Entry]:
    found: dict[str, list[Sense]] = {}
    upper = set()
    with (DATA / "abbreviations.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            key = _key(row["abbreviation"])
            found.setdefault(key, []).append(Sense(row["sense"], float(row["share"]), row["kind"]))
            if row["case"] == "upper":
                upper.add(key)
    return {
        key: _Entry(
            tuple(Sense(s.text, s.share / total, s.kind) for s in sorted(several, key=lambda s: -s.share)),
            key in upper,
        )
        for key, several in found.items()
        if (total := sum(sense.share for sense in several))
    }
