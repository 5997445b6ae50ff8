"""Documents as files have them, taken into the store: each goes to the encounter that it names."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.documents import Document as Read
from icdbridge.server.limits import NOTE_CHARACTERS
from icdbridge.server.store.changes import touch
from icdbridge.server.store.encounters import receive
from icdbridge.server.store.records import Document, Encounter, in_utc
from icdbridge.server.store.trail import record

_LONGEST = 64  # characters of a number
_WITHDRAWN = ("superseded", "entered-in-error")
_TITLE, _KIND = 200, 64


@dataclass
class TakenIn:
    """``encounters``: id to the documents that are new there; ``refused``: which documents were not taken, and why."""

    encounters: dict[int, list[int]] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


def take_in(
    session: Session,
    by: str,
    documents: Sequence[Read],
    name: str,
    fault_of: Callable[[str], str | None] = lambda text: None,
) -> TakenIn:
    """Imports documents.

    One that names no encounter gets one of its own, named by its id or else ``name``. A withdrawn document is no longer
    coded. ``fault_of`` says why a text cannot be coded.
    """
    taken = TakenIn()
    groups: dict[str, list[Read]] = {}
    for place, one in enumerate(documents, 1):
        called = one.id or (name if len(documents) == 1 else f"{name}-{place}")
        long = len(one.text) > NOTE_CHARACTERS and f"it has more than {NOTE_CHARACTERS:,} characters"
        fault = one.status not in _WITHDRAWN and (one.fault or long or fault_of(one.text))
        if fault:
            taken.refused.append((called, fault))
        else:
            groups.setdefault(identifier(one.encounter_id or called), []).append(one)
    for number, group in groups.items():
        standing = [one for one in group if one.status not in _WITHDRAWN]
        if standing:
            found, added = receive(session, by, number, [_new(one) for one in standing], **_facts(group))
            taken.encounters[found.id] = [one.id for one in added]
        for one in group:
            if one.status in _WITHDRAWN and one.id:
                _withdraw(session, by, number, identifier(one.id, 128))
    return taken


def identifier(text: str, longest: int = _LONGEST) -> str:
    """A number as the store has it: printable ASCII without blanks; one that is too long ends with its checksum."""
    plain = re.sub(r"[^!-~]+", "-", text.strip())
    if plain == text and len(plain) <= longest:
        return plain
    return f"{plain[: longest - 9]}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _withdraw(session: Session, by: str, number: str, source_id: str) -> None:
    found = session.scalar(select(Encounter).where(Encounter.number == number))
    if found is None:
        return
    standing = select(Document).where(
        Document.encounter_id == found.id, Document.source_id == source_id, Document.status != "superseded"
    )
    gone = session.scalars(standing).all()
    for one in gone:
        one.status = "superseded"
    if gone:
        found.to_code = True
        record(session, by, "withdrew", found.id, version=touch(found, by), ids=[one.id for one in gone])


def _new(one: Read) -> Document:
    return Document(
        text=one.text,
        source_id=identifier(one.id, 128) if one.id else None,
        title=one.title and one.title[:_TITLE],
        kind=one.type and one.type[:_KIND],
        status="preliminary" if one.status == "preliminary" else "final",
        date=_moment(one.date),
    )


def _facts(group: Sequence[Read]) -> dict[str, Any]:
    """What the documents say of their encounter; of each fact the first that is said."""

    def first(name: str) -> Any:
        return next((value for one in group if (value := getattr(one, name)) is not None), None)

    patient = first("patient_id")
    found: dict[str, Any] = {"patient": None if patient is None else identifier(patient)}
    found |= {name: _day(first(name)) for name in ("birth_date", "admission", "discharge")}
    return found | {name: first(name) for name in ("sex", "setting")}


def _day(said: str | None) -> date | None:
    """A day, where one is said: not of a year or month alone."""
    try:
        return None if said is None else date.fromisoformat(said[:10])
    except ValueError:
        return None


def _moment(said: str | None) -> datetime | None:
    """When a document was written; of a year or month alone, its first day. Taken for UTC."""
    if said is None:
        return None
    try:
        return in_utc(datetime.fromisoformat(said + {4: "-01-01", 7: "-01"}.get(len(said), "")))
    except (ValueError, OverflowError):
        return None
