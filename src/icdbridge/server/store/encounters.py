"""Encounters and their documents: receiving, opening, and the suggestions that are stored with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from icdbridge.server.store.changes import Missing, encounter_of, touch
from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Coding, Comment, Decision, Document, Encounter, StoredSuggestion
from icdbridge.server.store.trail import TrailEntry, record


@dataclass(frozen=True)
class Opened:
    """All that is stored of an encounter."""

    encounter: Encounter
    documents: Sequence[Document]
    coding: Coding | None
    suggestions: Sequence[StoredSuggestion]
    decisions: Sequence[Decision]
    comments: Sequence[Comment]


def receive(
    session: Session, by: str, number: str, documents: Sequence[Document], **facts: Any
) -> tuple[Encounter, list[Document]]:
    """Makes an encounter, or adds to the one of this number; gives it and those of the ``documents`` that are new.

    A document that is there already, word for word, is not added again; else it takes the place of an older one with
    the same ``source_id``. One that comes to an encounter that is done opens it again. ``facts`` are columns of the
    encounter; None: not known, or as it was.
    """
    known = {name: value for name, value in facts.items() if value is not None}
    found = session.scalar(select(Encounter).where(Encounter.number == number))
    is_new = found is None
    if found is None:
        found = Encounter(number=number, updated_by=by, to_code=False, **known)
        session.add(found)
        session.flush()
    changed = [name for name, value in known.items() if getattr(found, name) != value]
    for name in changed:
        setattr(found, name, known[name])
    added = [one for one in documents if _add(session, found, one)]
    if added or changed or is_new:
        made = found.version if is_new else touch(found, by)
        found.to_code = found.to_code or bool(added) or any(name != "due" for name in changed)
        if added and found.state in ("done", "audited"):
            found.state = "in work" if found.assignee else "new"
        session.flush()
        ids = [one.id for one in added]
        record(session, by, "received", found.id, version=made, documents=len(ids), ids=ids)
    return found, added


def _add(session: Session, encounter: Encounter, new: Document) -> bool:
    new.encounter_id, new.characters, new.status = encounter.id, len(new.text or ""), new.status or "final"
    standing = select(Document).where(Document.encounter_id == encounter.id, Document.status != "superseded")
    if new.source_id is not None:
        standing = standing.where(Document.source_id == new.source_id)
    else:
        standing = standing.where(Document.characters == new.characters, Document.title == new.title)
    for older in session.scalars(standing):
        if older.text == new.text and older.status == new.status:
            return False
        if new.source_id is not None:
            older.status = "superseded"
    session.add(new)
    return True


def open_encounter(session: Session, person: Person, number: int) -> Opened:
    """An encounter with all that is shown of it at once; the trail says which documents words are shown of."""
    found = encounter_of(session, number)
    documents = session.scalars(
        select(Document).where(Document.encounter_id == number).order_by(*_newest_final_first())
    ).all()
    coding = newest_coding(session, number)
    suggestions = [] if coding is None else coding.suggestions
    decisions = current_decisions(session, number)
    comments = session.scalars(
        select(Comment).where(Comment.encounter_id == number).order_by(Comment.id)
    ).all()
    evidence = [one.evidence for one in suggestions] + [one.evidence for one in decisions]
    shown = {span["document"] for spans in evidence for span in spans}
    record(session, person.name, "opened", number, words_of=sorted(shown))
    return Opened(found, documents, coding, suggestions, decisions, comments)


def documents_of(session: Session, number: int) -> Sequence[Document]:
    """The documents that an encounter is coded from, in the order in which they are read."""
    standing = select(Document).where(
        Document.encounter_id == number, Document.status != "superseded", Document.text.is_not(None)
    )
    return session.scalars(standing.order_by(*_newest_final_first())).all()


def _newest_final_first() -> tuple[Any, ...]:
    """Final documents before others, the newest of them first."""
    written = func.coalesce(Document.date, Document.added)
    return Document.status != "final", written.desc(), Document.id.desc()


def newest_coding(session: Session, number: int) -> Coding | None:
    return session.scalar(
        select(Coding).where(Coding.encounter_id == number).order_by(Coding.id.desc()).limit(1)
    )


def current_decisions(session: Session, number: int) -> Sequence[Decision]:
    """The decisions that hold, in the order in which they were made."""
    return session.scalars(decisions_that_hold([number])).all()


def decisions_that_hold(numbers: Sequence[int]) -> Select[Decision]:
    """Of these encounters, in the order in which they were made."""
    return (
        select(Decision)
        .where(Decision.encounter_id.in_(numbers), Decision.current, Decision.verdict != "undecided")
        .order_by(Decision.id)
    )


def read_document(session: Session, person: Person, number: int) -> Document:
    """A document with its text; the trail says who read it."""
    found = session.get(Document, number)
    if found is None:
        raise Missing(f"there is no document {number}")
    record(session, person.name, "read", found.encounter_id, number)
    return found


def history(session: Session, number: int) -> Sequence[TrailEntry]:
    """What was done to, and read of, an encounter, the newest first."""
    encounter_of(session, number)
    wanted = select(TrailEntry).where(TrailEntry.encounter_id == number)
    return session.scalars(wanted.order_by(TrailEntry.number.desc()).limit(1000)).all()


def to_code(session: Session) -> int | None:
    """The encounter that has waited longest for suggestions, or None."""
    return session.scalar(select(Encounter.id).where(Encounter.to_code).order_by(Encounter.updated).limit(1))


def give_up(session: Session, number: int, version: int) -> None:
    """An encounter that cannot be coded as it is waits no more, until it changes."""
    found = session.get(Encounter, number)
    if found is not None and found.version == version:
        found.to_code = False
        record(session, "icdbridge", "not coded", number)


def store_coding(
    session: Session,
    number: int,
    version: int,
    about: Mapping[str, Any],
    suggestions: Sequence[Mapping[str, Any]],
    need: float | None,
) -> bool:
    """Stores the suggestions of a model for an encounter at ``version``; False if it was changed since.

    It makes no new version, touches no decision. Suggestions without a decision are deleted, others stay as shown.
    """
    done = session.execute(
        update(Encounter)
        .where(Encounter.id == number, Encounter.version == version)
        .values(to_code=False, need=need)
        .execution_options(synchronize_session=False)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    decided = select(Decision.suggestion_id).where(
        Decision.encounter_id == number, Decision.suggestion_id.is_not(None)
    )
    codings = select(Coding.id).where(Coding.encounter_id == number)
    session.execute(
        delete(StoredSuggestion)
        .where(StoredSuggestion.coding_id.in_(codings), StoredSuggestion.id.not_in(decided))
        .execution_options(synchronize_session=False)
    )
    made = Coding(encounter_id=number, **about)
    made.suggestions = [StoredSuggestion(**one) for one in suggestions]
    session.add(made)
    session.flush()
    record(session, "icdbridge", "suggested", number, model=made.model, codes=len(suggestions))
    return True
