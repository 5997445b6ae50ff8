"""Codes that ICD-10-CM presumes from others: the tables ``presumptions.csv`` and ``integral.csv``.

Each row names its guideline or instruction. A code in them stands for all codes that begin with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.companions import codes_in
from icdbridge.knowledge.packed_tables import read_csv


class Beginnings:
    """Codes, each for itself and all that begin so."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self._codes = codes
        self._chapters = any(len(code) < 3 for code in codes)
        self._categories = frozenset(code[:3] for code in codes)

    def begins(self, code: str) -> bool:
        return (self._chapters or code[:3] in self._categories) and code.startswith(self._codes)

    def begins_any(self, codes: Mapping[str, frozenset[str]]) -> bool:
        """Whether any of the ``codes``, given by their categories, begins so."""
        if not self._chapters and self._categories.isdisjoint(codes):
            return False
        near = codes if self._chapters else self._categories & codes.keys()
        return any(code.startswith(self._codes) for category in near for code in codes[category])


class Presumption(NamedTuple):
    """If a set has codes of each of ``all_of`` (alternatives) and none of ``unless``, ``then`` replaces those that
    begin with ``replaces``.
    """

    all_of: tuple[Beginnings, ...]
    unless: Beginnings
    then: tuple[str, ...]
    replaces: Beginnings
    rule: str
    source: str

    @property
    def reason(self) -> str:
        return f"{self.rule} ({self.source})"

    def fits(self, codes: Mapping[str, frozenset[str]]) -> bool:
        """Whether it is about such codes, given by their categories (``by_category``)."""
        return all(group.begins_any(codes) for group in self.all_of) and not self.unless.begins_any(codes)


def by_category(codes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Codes by their category."""
    found: dict[str, set[str]] = defaultdict(set)
    for code in codes:
        found[code[:3]].add(code)
    return {category: frozenset(several) for category, several in found.items()}


@cache
def presumptions() -> tuple[Presumption, ...]:
    """The presumptions, in the order in which they are to be applied."""
    return tuple(
        Presumption(
            tuple(Beginnings(codes_in(part)) for part in row["if_all"].split(" + ")),
            Beginnings(codes_in(row["unless"])),
            codes_in(row["then"]),
            Beginnings(codes_in(row["replaces"])),
            row["rule"],
            row["source"],
        )
        for row in read_csv("presumptions")
    )


@cache
def diagnoses_of(symptom: str) -> tuple[str, ...]:
    """The beginnings of the diagnoses that a symptom is integral to, so that it is not coded beside them."""
    return tuple(
        {
            one
            for place in (symptom[:3], "")
            for beginning, several in _integral().get(place, ())
            if symptom.startswith(beginning)
            for one in several
        }
    )


@cache
def _integral() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Category of a symptom ("" for wider beginnings) -> beginnings of symptoms with their diagnoses."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for row in read_csv("integral"):
        for beginning in codes_in(row["symptom"]):
            place = beginning[:3] if len(beginning) >= 3 else ""
            found[place].append((beginning, codes_in(row["diagnosis"])))
    return found
