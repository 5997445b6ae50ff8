"""The audit trail: entries are added, never changed, and each is chained to the one before by SHA-256."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from icdbridge.server.store.records import Table, now

_START = "0" * 64  # what the first entry is chained to
_STAYS = "the audit trail is never changed"


class TrailEntry(Table):
    """One thing that was done; ``hash`` covers it and the ``previous`` one. ``details`` has codes, states and
    names of fields, never a word of a note or comment.
    """

    __tablename__ = "trail"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    action: Mapped[str] = mapped_column(sa.String(32))
    encounter_id: Mapped[int | None]
    document_id: Mapped[int | None]
    version: Mapped[int | None]  # of the encounter that it made
    details: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))

    __table_args__ = (sa.Index("trail_of_encounter", "encounter_id", "version"),)


class TrailHead(Table):
    """The last entry of the trail; who writes locks this row first."""

    __tablename__ = "trail_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(sa.String(64))

    __table_args__ = (sa.UniqueConstraint("number"),)


@sa.event.listens_for(TrailEntry.__table__, "after_create")
def _keep_the_trail(table: Any, connection: sa.Connection, **_: Any) -> None:
    """The database itself refuses to change or delete entries of the trail."""
    if connection.dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER trail_no_{what.lower()} BEFORE {what} ON trail "
                f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END"
            )
        return
    connection.exec_driver_sql(
        "CREATE FUNCTION trail_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_STAYS}'; END $$"
    )
    connection.exec_driver_sql(
        "CREATE TRIGGER trail_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION trail_stays()"
    )


@sa.event.listens_for(TrailHead.__table__, "after_create")
def _begin_the_trail(table: Any, connection: sa.Connection, **_: Any) -> None:
    connection.execute(sa.insert(TrailHead).values(id=1, number=0, hash=_START))


class Verified(NamedTuple):
    """``entries``: how many there are; ``head``: the hash of the last; ``fault``: what is wrong, None: nothing."""

    entries: int
    head: str
    fault: str | None


def record(
    session: Session,
    by: str,
    action: str,
    encounter: int | None = None,
    document: int | None = None,
    version: int | None = None,
    **details: Any,
) -> None:
    """Adds an entry, in the transaction of what it is about. ``details`` must hold nothing of a note."""
    head = session.execute(select(TrailHead).where(TrailHead.id == 1).with_for_update()).scalar_one()
    entry = TrailEntry(
        number=head.number + 1, at=now(), by=by, action=action, version=version, details=details
    )
    entry.encounter_id, entry.document_id, entry.previous = encounter, document, head.hash
    entry.hash = digest(entry)
    session.add(entry)
    head.number, head.hash = entry.number, entry.hash
    session.flush()


def digest(entry: TrailEntry) -> str:
    """SHA-256 of an entry and of the hash of the one before it."""
    parts = (
        *(entry.number, entry.at.isoformat(timespec="microseconds"), entry.by, entry.action),
        *(entry.encounter_id, entry.document_id, entry.version, entry.details, entry.previous),
    )
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(session: Session, noted: tuple[int, str] | None = None) -> Verified:
    """Whether the chain is whole. ``noted``: number and hash of an entry that was written down elsewhere."""
    number, previous, fault = 0, _START, None
    for entry in session.scalars(
        select(TrailEntry).order_by(TrailEntry.number).execution_options(yield_per=1000)
    ):
        if entry.number != number + 1:
            fault = f"entries {number + 1} to {entry.number - 1} are missing"
        elif entry.previous != previous or entry.hash != digest(entry):
            fault = f"entry {entry.number} was changed, or one before it"
        elif noted and noted[0] == entry.number and noted[1] != entry.hash:
            fault = f"entry {entry.number} is not the one that was noted"
        if fault:
            return Verified(number, previous, fault)
        number, previous = entry.number, entry.hash
        session.expunge(entry)
    head = session.execute(select(TrailHead)).scalar_one_or_none()
    if head is None or (head.number, head.hash) != (number, previous):
        fault = "the last entries are missing: the trail ends before its head"
    elif noted and noted[0] > number:
        fault = f"the trail ends at {number}, before the entry that was noted"
    return Verified(number, previous, fault)


def entries_before(session: Session, number: int | None, limit: int) -> Sequence[TrailEntry]:
    """The newest entries, or the newest before one, the newest first."""
    wanted = select(TrailEntry).order_by(TrailEntry.number.desc()).limit(limit)
    return session.scalars(wanted if number is None else wanted.where(TrailEntry.number < number)).all()
