"""The worklist: encounters by state, person and words, sorted by how much they need a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from icdbridge.server.store.records import Document, Encounter

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
class Wanted:
    """Which encounters, in which order. ``assignee``: a name, or "" for those of nobody; ``words``: part of the number
    or the patient.
    """

    states: Sequence[str] = ()
    assignee: str | None = None
    setting: str | None = None
    words: str | None = None
    sort: Sort = "need"
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class Listed:
    """One page. ``documents``: how many each encounter has; ``total``: encounters that fit; ``states``: how many of
    those that fit all else have each state.
    """

    encounters: Sequence[Encounter]
    documents: dict[int, int]
    total: int
    states: dict[str, int]


def worklist(session: Session, wanted: Wanted) -> Listed:
    """A page of the worklist."""
    others = list(_conditions(wanted))
    counted = select(Encounter.state, func.count()).where(*others).group_by(Encounter.state)
    states = _counts(session, counted)
    conditions = [*others, Encounter.state.in_(wanted.states)] if wanted.states else others
    page = select(Encounter).where(*conditions).order_by(*_ORDERS[wanted.sort], Encounter.id)
    found = session.scalars(page.offset(wanted.offset).limit(wanted.limit)).all()
    total = sum(count for state, count in states.items() if not wanted.states or state in wanted.states)
    several = (
        select(Document.encounter_id, func.count())
        .where(Document.encounter_id.in_([one.id for one in found]), Document.status != "superseded")
        .group_by(Document.encounter_id)
    )
    return Listed(found, _counts(session, several), total, states)


def _counts(session: Session, query: Select[Any, Any]) -> dict[Any, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.assignee is not None:
        same = Encounter.assignee == wanted.assignee if wanted.assignee else Encounter.assignee.is_(None)
        conditions.append(same)
    if wanted.setting is not None:
        conditions.append(Encounter.setting == wanted.setting)
    if wanted.words:
        part = wanted.words.strip()
        columns = (Encounter.number, Encounter.patient)
        conditions.append(or_(*(column.icontains(part, autoescape=True) for column in columns)))
    return conditions
