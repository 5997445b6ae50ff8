"""Translates suggestions to the codes valid on a day."""

from dataclasses import replace
from datetime import date

from icdbridge.codes import Code, describe
from icdbridge.codes.validity import validity
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
