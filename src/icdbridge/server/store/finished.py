"""Encounters that are done, with all that was decided on them: what results, corpora and reports are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.server.store.encounters import current_decisions, documents_of, newest_coding
from icdbridge.server.store.records import Decision, Encounter

FINISHED = ("done", "audited")
_AT_ONCE = 200


@dataclass(frozen=True)
class ShownSuggestion:
    """A suggestion as it was shown with the encounter."""

    key: str
    description: str
    rank: int
    probability: float
    confidence: float | None
    band: str
    predicted: bool


@dataclass(frozen=True)
class Decided:
    """What holds of a code. ``evidence``: ``(document, start, end)`` of words that a person confirmed or marked."""

    key: str
    description: str
    verdict: str
    poa: str | None
    evidence: tuple[tuple[int, int, int], ...]
    suggested: bool
    instead_of: str | None
    by: str


@dataclass(frozen=True)
class FinishedEncounter:
    """``documents``: number and text (None: deleted) in the order in which they are coded; ``decisions`` in the
    coder's order, the accepted codes first, the principal diagnosis at their head.
    """

    id: int
    number: str
    patient: str | None
    sex: str | None
    birth_date: date | None
    setting: str | None
    admission: date | None
    discharge: date | None
    state: str
    done: datetime | None
    assignee: str | None
    model: str | None
    code_version: str | None
    release: str | None
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
    session: Session, numbers: Sequence[int] | None = None, *, texts: bool = True
) -> Iterator[FinishedEncounter]:
    """The encounters that are done or audited, in the order in which they came: all, or those of these ids. Without
    ``texts`` they have no documents.
    """
    wanted = select(Encounter.id).where(Encounter.state.in_(FINISHED)).order_by(Encounter.id)
    if numbers is not None:
        wanted = wanted.where(Encounter.id.in_(numbers))
    for place, number in enumerate(session.scalars(wanted).all(), 1):
        one = session.get(Encounter, number)
        if one is not None:
            yield _finished(session, one, texts)
        if place % _AT_ONCE == 0:
            session.expunge_all()  # texts of thousands of encounters would fill the memory


def _finished(session: Session, one: Encounter, texts: bool) -> FinishedEncounter:
    coding = newest_coding(session, one.id)
    decisions = [_decided(row) for row in current_decisions(session, one.id)]
    place = {key: number for number, key in enumerate(one.code_order)}
    decisions.sort(key=lambda row: (row.verdict != "accepted", place.get(row.key, len(place))))
    return FinishedEncounter(
        id=one.id,
        number=one.number,
        patient=one.patient,
        sex=one.sex,
        birth_date=one.birth_date,
        setting=one.setting,
        admission=one.admission,
        discharge=one.discharge,
        state=one.state,
        done=one.done,
        assignee=one.assignee,
        model=coding.model if coding else None,
        code_version=coding.code_version if coding else None,
        release=coding.release if coding else None,
        documents=tuple((row.id, row.text) for row in documents_of(session, one.id)) if texts else (),
        suggestions=tuple(
            ShownSuggestion(
                f"{row.system}:{row.code}",
                row.description,
                row.rank,
                row.probability,
                row.confidence,
                row.band,
                row.predicted,
            )
            for row in (coding.suggestions if coding else ())
        ),
        decisions=tuple(decisions),
    )


def _decided(row: Decision) -> Decided:
    return Decided(
        f"{row.system}:{row.code}",
        row.description,
        row.verdict,
        row.poa,
        tuple((span["document"], span["start"], span["end"]) for span in row.evidence),
        row.suggestion_id is not None,
        row.instead_of,
        row.by,
    )
