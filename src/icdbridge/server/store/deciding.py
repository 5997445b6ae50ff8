"""Saves decisions on codes: all of a request or none, and never over another's unseen change."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from icdbridge.errors import InputError
from icdbridge.server.store.changes import Refused, encounter_of, touch
from icdbridge.server.store.encounters import current_decisions, newest_coding
from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Decision, Document, Encounter
from icdbridge.server.store.trail import record


def decide(
    session: Session,
    person: Person,
    number: int,
    version: int,
    decisions: Sequence[Decision],
    order: Sequence[str] | None = None,
) -> Encounter:
    """Saves decisions on codes of an encounter and, if given, the ``order`` of its accepted codes (keys, the principal
    diagnosis first). A decision has a code that exists, verdict, evidence, ``poa``, ``instead_of``.

    A new encounter changes to in work. Raises ``Conflict``; ``Refused`` if the encounter is done (an auditor may still
    correct it); ``InputError`` for evidence outside of its documents.
    """
    found = encounter_of(session, number, version)
    if found.state in ("done", "audited") and person.role == "coder":
        raise Refused(f"the encounter is {found.state}: take it back into work first")
    _check_evidence(session, number, decisions)
    made = touch(found, person.name)
    if found.state == "new":
        found.state = "in work"
        found.assignee = found.assignee or person.name
    coding = newest_coding(session, number)
    shown = {} if coding is None else {one.key: one.id for one in coding.suggestions}
    for one in decisions:
        session.execute(
            update(Decision)
            .where(Decision.encounter_id == number, Decision.current)
            .where(Decision.system == one.system, Decision.code == one.code)
            .values(current=False)
        )
        one.encounter_id, one.version, one.suggestion_id = number, made, shown.get(one.key)
        one.by, one.role = person.name, person.role
        session.add(one)
        session.flush()
    accepted = [one.key for one in current_decisions(session, number) if one.verdict == "accepted"]
    wanted = list(found.code_order if order is None else order)
    ordered = [key for key in wanted if key in accepted]
    found.code_order = ordered + [key for key in accepted if key not in wanted]
    codes = {one.key: one.verdict for one in decisions}
    record(session, person.name, "decided", number, version=made, codes=codes)
    return found


def _check_evidence(session: Session, number: int, decisions: Sequence[Decision]) -> None:
    rows = session.execute(select(Document.id, Document.characters).where(Document.encounter_id == number))
    lengths: dict[int, int] = {row.id: row.characters for row in rows}
    for one in decisions:
        for span in one.evidence or ():
            document = span["document"]
            if document not in lengths:
                raise InputError(f"evidence of {one.code}: the encounter has no document {document}")
            if not 0 <= span["start"] < span["end"] <= lengths[document]:
                raise InputError(f"evidence of {one.code}: document {document} has no such characters")
