"""More specific choices for a code: side, encounter, kind and so on, each with its code."""

from collections.abc import Mapping
from typing import NamedTuple

from icdbridge.knowledge.search.search_index import Entry, Index
from icdbridge.knowledge.search.slots import ASSUMED, AXES

_MOST = 16  # kinds of a category


class Choice(NamedTuple):
    """``axis``: such as ``side`` or ``kind``; ``value``: such as ``left``; ``code`` is the code that it leads to."""

    axis: str
    value: str
    code: str
    title: str


def choices(index: Index, entry: Entry) -> tuple[Choice, ...]:
    """The choices of a code's family, its own value among those of each axis; of a category its kinds."""
    found: list[Choice] = []
    if entry.family >= 0:
        members = index.family(entry.family)
        for axis in AXES:
            values = {one.said.get(axis, "") for one in members.values()}
            if len(values) > 1:
                found += [
                    Choice(axis, value or "unspecified", other.code, other.title)
                    for value in sorted(values, key=lambda value: _place(axis, value))
                    if (other := _nearest(members, entry, axis, value))
                ]
    if not entry.billable:
        below = [one for one in index.beginning(entry.code.replace(".", "")) if one.id != entry.id]
        kinds = [one for one in below if not any(one.code.startswith(o.code) and o is not one for o in below)]
        found += [Choice("kind", one.title, one.code, one.title) for one in kinds[:_MOST]]
    return tuple(found)


def _place(axis: str, value: str) -> tuple[int, str]:
    assumed = ASSUMED[axis]
    return (assumed.index(value) if value in assumed else len(assumed), value)


def _nearest(
    members: Mapping[frozenset[tuple[str, str]], Entry], entry: Entry, axis: str, value: str
) -> Entry | None:
    """The member with this value that is otherwise most like ``entry``."""
    said = {one: other for one, other in entry.said.items() if one != axis} | ({axis: value} if value else {})
    if same := members.get(frozenset(said.items())):
        return same
    having = [one for one in members.values() if one.said.get(axis, "") == value]
    return min(
        having,
        key=lambda one: (
            sum(one.said.get(a, "") != entry.said.get(a, "") for a in {*one.said, *entry.said} if a != axis),
            one.place,
        ),
        default=None,
    )
