"""The codes that a run offers on a day, and which of them replaced codes that it learned."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from icdbridge.codes import Code, CodeSystem, load_system, parse_key, releases
from icdbridge.codes.systems import known_systems
from icdbridge.codes.validity import release_on, release_period, validity
from icdbridge.knowledge.families import default_child
from icdbridge.knowledge.successors import predecessors, successors

# The code (key) that is no longer offered to those in its place, likeliest first.
Heirs = Mapping[str, tuple[str, ...]]

NONE: Heirs = MappingProxyType({})


def valid_on(codes: Mapping[str, str], day: date) -> dict[str, str]:
    """The codes (key to description) that are billable in the release of a day. Codes of undeclared systems stay."""
    tables = _tables(codes, day)
    found: dict[str, str] = {}
    for key, description in codes.items():
        code = parse_key(key)
        table = tables.get(code.system)
        if table is None or table.assigns(code.code) or _untold(code):
            found[key] = description
    return found


def offered_on(codes: Mapping[str, str], day: date, told: Heirs = NONE) -> dict[str, str]:
    """The codes that a run of some codes (key to description) offers on a day.

    These are its codes that are valid on the day, codes newer than the oldest installed release, and the successors of
    the others, as ``told`` or as the releases show.
    """
    tables, found = _tables(codes, day), valid_on(codes, day)
    for system in sorted(tables):
        first = load_system(system, releases(system)[0]).titles
        later = {
            f"{system}:{code}": title for code, title in tables[system].titles.items() if code not in first
        }
        found |= {key: title for key, title in later.items() if key not in found}
    for key in sorted(codes.keys() - found.keys()):
        for heir in map(parse_key, told.get(key, ()) or _instead(parse_key(key))):
            table = tables.get(heir.system)
            if table is not None and table.assigns(heir.code):
                found.setdefault(str(heir), table.title(heir.code) or heir.code)
    return found


def heirs_among(
    learnt: Iterable[str], offered: Iterable[str], told: Heirs = NONE
) -> dict[str, tuple[str, ...]]:
    """The successors, among the ``offered`` codes, of ``learnt`` codes (keys) that are not offered; as ``told`` or as
    the releases show.
    """
    among = frozenset(offered)
    found = {}
    for key in learnt:
        if key not in among:
            instead = tuple(one for one in told.get(key, ()) or _instead(parse_key(key)) if one in among)
            if instead:
                found[key] = instead
    return found


def _tables(codes: Mapping[str, str], day: date) -> dict[str, CodeSystem]:
    systems = {key.partition(":")[0] for key in codes} & set(known_systems())
    return {system: load_system(system, release_on(system, day)[0]) for system in systems}


def _untold(code: Code) -> bool:
    """Whether the installed releases cannot tell: there is only one, and it has no such code or category."""
    return len(releases(code.system)) == 1 and load_system(code.system).title(code.code) is None


def _instead(code: Code) -> list[str]:
    """The equivalents of a code in other releases; for a category its default code."""
    if code.system not in known_systems():
        return []
    if code.code in load_system(code.system).headings and validity(code) is None:
        return [str(Code(code.system, default_child(code.code, code.system)))]
    return [str(one.code) for one in (*successors(code), *predecessors(code))]


def first_day_alike(keys: Iterable[str], day: date) -> date:
    """The first day from which on the same releases of the systems of some keys are in force as on a day."""
    systems = {key.partition(":")[0] for key in keys} & set(known_systems())
    starts = (release_period(system, release_on(system, day)[0]).start for system in systems)
    return max((start for start in starts if start), default=date.min)
