"""Translates suggestions to the codes valid on a day."""

from dataclasses import replace
from datetime import date

from icdbridge.codes import VERSIONS, Code, declaration, describe, releases, systems_of
from icdbridge.codes.validity import release_on, release_period, validity, version_period
from icdbridge.coding.suggestion import Suggestion
from icdbridge.knowledge.successors import predecessors, successors


def on_day(one: Suggestion, day: date | None) -> Suggestion:
    """The suggestion with the code for the same thing on a day. If a release has no such code, another one is used."""
    code = Code(one.system, one.code)
    valid = validity(code) if day else None
    if day is None or valid is None:
        return one
    start, end = valid.period
    others = predecessors(code) if start and day < start else successors(code) if end and day > end else ()
    if not others or others[0].inferred:
        return one  # the rules say that it is not valid on the day
    other = others[0].code
    return replace(one, system=other.system, code=other.code, description=describe(other).text)


def once(found: list[Suggestion]) -> list[Suggestion]:
    """Each code once, by its likeliest suggestion, ranked anew."""
    kept: dict[tuple[str, str], Suggestion] = {}
    for one in found:
        kept.setdefault((one.system, one.code), one)
    return [replace(one, rank=rank) for rank, one in enumerate(kept.values(), 1)]


def not_of_day(version: str, day: date) -> str | None:
    """What to tell of a day on which a version's codes were not in force, or of which no release is installed."""
    system, period = systems_of(version)[0], version_period(version)
    label = declaration(system).label
    if not period.holds(day):
        other = next(one for one in VERSIONS if one != version)
        return f"{day} is not coded by {label}: --version {other} codes by {declaration(systems_of(other)[0]).label}"
    release, in_force = release_on(system, day)
    if in_force or release_period(system, release) == period:
        return None
    return f"no release of {label} for {day} is installed ({', '.join(releases(system))} are): coded by {release}"
