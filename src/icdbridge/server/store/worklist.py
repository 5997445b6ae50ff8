"""The worklist: encounters by state, person and words, sorted by how much they need a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from icdbridge.server.store.records import Encounter

Sort = Literal["need", "trust", "due", "discharge", "updated", "number"]
_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "need": (Encounter.need.desc().nulls_last(),),
    "trust": (Encounter.need.asc().nulls_last(),),
    "due": (Encounter.due.asc().nulls_last(),),
    "discharge": (Encounter.discharge.asc().nulls_last(),),
    "updated": (Encounter.updated.desc(),),
    "number": (Encounter.number.asc(),),
}


@dataclass(frozen=True)
class Listed:
    """One page. ``total``: encounters that fit; ``states``: how many of each state fit all else."""

    encounters: Sequence[Encounter]
    total: int
    states: dict[str, int]


def worklist(
    session: Session,
    *,
    states: Sequence[str] = (),
    assignee: str | None = None,
    setting: str | None = None,
    words: str | None = None,
    sort: Sort = "need",
    offset: int = 0,
    limit: int = 50,
) -> Listed:
    """A page of the worklist. ``assignee``: a name, "" for nobody's; ``words``: part of a number or the patient."""
    others: list[ColumnElement[bool]] = []
    if assignee is not None:
        others.append(Encounter.assignee == assignee if assignee else Encounter.assignee.is_(None))
    if setting is not None:
        others.append(Encounter.setting == setting)
    if words:
        columns = (Encounter.number, Encounter.patient)
        others.append(or_(*(column.icontains(words.strip(), autoescape=True) for column in columns)))
    counted = select(Encounter.state, func.count()).where(*others).group_by(Encounter.state)
    counts = dict(session.execute(counted).tuples().all())
    conditions = [*others, Encounter.state.in_(states)] if states else others
    page = select(Encounter).where(*conditions).order_by(*_ORDERS[sort], Encounter.id)
    found = session.scalars(page.offset(offset).limit(limit)).all()
    total = sum(count for state, count in counts.items() if not states or state in states)
    return Listed(found, total, counts)
