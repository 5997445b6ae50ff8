"""Changes encounters: each change names the version that was seen, and makes the next one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Comment, Encounter, now
from icdbridge.server.store.trail import TrailEntry, record

# From a state to those that may follow; what only an auditor or admin may do.
MOVES = {
    "new": ("in work", "question"),
    "in work": ("new", "question", "done"),
    "question": ("in work", "done"),
    "done": ("in work", "audited"),
    "audited": ("in work",),
}
AUDITS = {("done", "audited"), ("audited", "in work")}
_SHOWN = 5  # changes and codes named in words


class Missing(Exception):
    """There is no such encounter or document."""


class Refused(Exception):
    """What the state of the encounter, or the person's role, does not allow; the message says why."""


class Conflict(Exception):
    """The encounter was changed since; ``changes``: who did what, in words."""

    def __init__(self, version: int, changes: Sequence[str]) -> None:
        said = "; ".join(changes) or "it was changed"
        super().__init__(f"the encounter was changed since you opened it: {said}. Read it again, then decide")
        self.version, self.changes = version, list(changes)


def encounter_of(session: Session, number: int, version: int | None = None) -> Encounter:
    """An encounter, to change it as it was in ``version``. Raises ``Missing`` and ``Conflict``."""
    found = session.get(Encounter, number)
    if found is None:
        raise Missing(f"there is no encounter {number}")
    if version is not None and found.version != version:
        raise Conflict(found.version, changes_since(session, number, version))
    return found


def touch(encounter: Encounter, by: str) -> int:
    """Marks an encounter as changed and gives its new version."""
    encounter.updated, encounter.updated_by = now(), by
    encounter.version += 1
    return encounter.version


def move(session: Session, person: Person, found: Encounter, state: str) -> None:
    """Another state. Raises ``Refused`` where it does not follow, or is an auditor's to give."""
    if state == found.state:
        return
    if state not in MOVES[found.state]:
        ways = " or ".join(MOVES[found.state])
        raise Refused(f"an encounter that is {found.state} cannot become {state}: it can become {ways}")
    if (found.state, state) in AUDITS and person.role == "coder":
        raise Refused("only an auditor or admin may do this")
    before, found.state = found.state, state
    if state == "done":
        found.done = now()
    if state == "in work" and found.assignee is None:
        found.assignee = person.name
    made = touch(found, person.name)
    record(session, person.name, "changed state", found.id, version=made, before=before, after=state)


def assign(session: Session, person: Person, found: Encounter, assignee: str | None) -> None:
    """Gives an encounter to somebody, or back to nobody."""
    found.assignee = assignee
    record(session, person.name, "assigned", found.id, version=touch(found, person.name), to=assignee)


def correct(session: Session, person: Person, found: Encounter, facts: dict[str, Any]) -> None:
    """Other facts of the encounter, such as setting and discharge; its suggestions are made anew."""
    changed = [name for name, value in facts.items() if getattr(found, name) != value]
    for name in changed:
        setattr(found, name, facts[name])
    if changed:
        found.to_code = found.to_code or changed != ["due"]
        record(session, person.name, "corrected", found.id, version=touch(found, person.name), fields=changed)


def comment(session: Session, person: Person, number: int, text: str, code: str | None) -> Comment:
    """A remark on an encounter or a code of it; it overwrites nothing, so it needs no version."""
    encounter_of(session, number)
    said = Comment(encounter_id=number, code=code, text=text, by=person.name)
    session.add(said)
    session.flush()
    record(session, person.name, "commented", number, comment=said.id, code=code)
    return said


def changes_since(session: Session, number: int, version: int) -> list[str]:
    """What was done to an encounter after a version, in words, the first change first."""
    entries = session.scalars(
        select(TrailEntry)
        .where(TrailEntry.encounter_id == number, TrailEntry.version > version)
        .order_by(TrailEntry.number)
    ).all()
    said = [in_words(entry) for entry in entries[:_SHOWN]]
    return [*said, f"and {len(entries) - _SHOWN} more changes"] if len(entries) > _SHOWN else said


def in_words(entry: TrailEntry) -> str:
    """An entry of the trail that made a version, as people say it."""
    what, details = entry.action, entry.details
    if what == "decided":
        codes = [f"{verdict} {code.partition(':')[2]}" for code, verdict in details["codes"].items()]
        more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
        what = ", ".join(codes[:_SHOWN]) + more if codes else "put the codes in another order"
    elif what == "changed state":
        what = f"changed its state from {details['before']} to {details['after']}"
    elif what == "assigned":
        what = f"gave it to {details['to'] or 'nobody'}"
    elif what == "corrected":
        what = f"corrected {', '.join(details['fields']).replace('_', ' ')}"
    elif what == "withdrew":
        what = "withdrew a document"
    elif what == "received":
        what = f"added {details['documents']} documents" if details["documents"] != 1 else "added a document"
    return f"{entry.by} {what} at {entry.at:%H:%M} UTC"
