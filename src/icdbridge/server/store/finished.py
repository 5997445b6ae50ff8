"""Encounters that are done, with all that was decided on them: what results, corpora and reports are made of."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from icdbridge.server.store.encounters import decisions_that_hold, documents_of
from icdbridge.server.store.records import Coding, Decision, Encounter, StoredSuggestion

FINISHED = ("done", "audited")
_AT_ONCE = 200
_SAME = ("id", "number", "patient", "setting", "admission", "discharge", "done")


class ShownSuggestion(NamedTuple):
    """A suggestion as it was shown with the encounter: columns of ``StoredSuggestion``."""

    key: str
    description: str
    rank: int
    probability: float
    confidence: float | None
    band: str
    predicted: bool


class Decided(NamedTuple):
    """What holds of a code: columns of ``Decision``."""

    key: str
    description: str
    verdict: str
    poa: str | None
    evidence: list[dict[str, int]]
    suggestion_id: int | None
    by: str

    @property
    def suggested(self) -> bool:
        return self.suggestion_id is not None


@dataclass(frozen=True)
class FinishedEncounter:
    """``documents``: number and text (None: deleted) in the order in which they are coded; ``decisions`` in the
    coder's order, the accepted codes first, the principal diagnosis at their head.
    """

    id: int
    number: str
    patient: str | None
    setting: str | None
    admission: date | None
    discharge: date | None
    done: datetime | None
    model: str | None
    code_version: str | None
    documents: tuple[tuple[int, str | None], ...]
    suggestions: tuple[ShownSuggestion, ...]
    decisions: tuple[Decided, ...]

    @property
    def accepted(self) -> list[Decided]:
        return [one for one in self.decisions if one.verdict == "accepted"]

    @property
    def rejected(self) -> list[Decided]:
        return [one for one in self.decisions if one.verdict == "rejected"]


def finished(
    session: Session,
    numbers: Sequence[int] | None = None,
    *,
    texts: bool = True,
    since: datetime | None = None,
) -> Iterator[FinishedEncounter]:
    """The encounters that are done or audited, in the order in which they came: all, those of these ids, those done
    ``since`` then. Without ``texts`` they have no documents.
    """
    ids = finished_ids(session, since) if numbers is None else list(numbers)
    for first in range(0, len(ids), _AT_ONCE):
        yield from _finished(session, ids[first : first + _AT_ONCE], texts)
        session.expunge_all()  # texts of thousands of encounters would fill the memory


def finished_ids(session: Session, since: datetime | None = None) -> Sequence[int]:
    """The encounters that are done or audited, since then if given, in the order in which they came."""
    wanted = select(Encounter.id).where(Encounter.state.in_(FINISHED)).order_by(Encounter.id)
    return session.scalars(wanted if since is None else wanted.where(Encounter.done >= since)).all()


def _finished(session: Session, ids: Sequence[int], texts: bool) -> Iterator[FinishedEncounter]:
    """Some encounters: a query for each kind of thing, not for each encounter."""
    wanted = select(Encounter).where(Encounter.id.in_(ids), Encounter.state.in_(FINISHED))
    encounters = session.scalars(wanted.order_by(Encounter.id)).all()
    newest = select(func.max(Coding.id)).where(Coding.encounter_id.in_(ids)).group_by(Coding.encounter_id)
    made = select(Coding.encounter_id, Coding.model, Coding.code_version)
    codings = {row.encounter_id: row for row in session.execute(made.where(Coding.id.in_(newest)))}
    suggestions, decisions = defaultdict(list), defaultdict(list)
    kept = (getattr(StoredSuggestion, name) for name in ShownSuggestion._fields)
    shown = select(Coding.encounter_id, *kept)
    of_newest = shown.join(Coding, Coding.id == StoredSuggestion.coding_id).where(Coding.id.in_(newest))
    for number, *columns in session.execute(of_newest.order_by(StoredSuggestion.rank)):
        suggestions[number].append(ShownSuggestion(*columns))
    decided = (Decision.encounter_id, *(getattr(Decision, name) for name in Decided._fields))
    for number, *columns in session.execute(decisions_that_hold(ids).with_only_columns(*decided)):
        decisions[number].append(Decided(*columns))
    for one in encounters:
        place = {key: position for position, key in enumerate(one.code_order)}
        held = decisions[one.id]
        held.sort(key=lambda row: (row.verdict != "accepted", place.get(row.key, len(place))))
        coding = codings.get(one.id)
        yield FinishedEncounter(
            **{name: getattr(one, name) for name in _SAME},
            model=coding and coding.model,
            code_version=coding and coding.code_version,
            documents=tuple((row.id, row.text) for row in documents_of(session, one.id)) if texts else (),
            suggestions=tuple(suggestions[one.id]),
            decisions=tuple(held),
        )
