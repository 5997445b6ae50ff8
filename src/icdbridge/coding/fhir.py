"""Suggestions as FHIR R4 resources: a Condition for a diagnosis, a Procedure for a procedure."""

import re
from collections.abc import Sequence
from typing import Any

from icdbridge.codes import Code, declaration
from icdbridge.codes.gate import standing
from icdbridge.coding.identity import note_identity, part_identity
from icdbridge.coding.suggestion import Suggestion

MEDIA_TYPE = "application/fhir+json"
EXTENSION = "urn:icdbridge:"  # of the extensions: probability, confidence, band, evidence
_CONDITION_STATUS = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
# What a note says of a code, as the status of a Condition and of a Procedure.
_CONDITION_BY_CONTEXT = {None: "unconfirmed", "uncertain": "provisional", "negated": "refuted"}
_PROCEDURE_BY_CONTEXT = {None: "unknown", "uncertain": "unknown", "negated": "not-done"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}


def coded(
    system: str,
    code: str,
    description: str,
    note: str | None,
    patient: str | None = None,
    *,
    identity: str | None = None,
    accepted: bool = False,
    context: str | None = None,
) -> dict[str, Any]:
    """One code of a note as a Condition or (of a procedure system) a Procedure.

    ``note`` and ``patient`` are identifiers. Without a patient the subject, which FHIR requires, is marked unknown;
    without a note no source is named. Until a coder has ``accepted`` it, a Condition is unconfirmed: provisional in an
    uncertain ``context``, refuted in a negated one (a Procedure: not done). Codes of undeclared systems are Conditions
    under ``urn:icdbridge:code-system:NAME``. The id is derived from the code and the note's ``identity``
    (``note_identity``; by default from patient and note, without a text). A category is marked as such, in a note and
    by an extension of its coding.
    """
    known = declaration(system)
    identity = identity or note_identity(note, patient)
    wide = standing(Code(system, code)) in ("category", "unlisted")
    marked = {"extension": [{"url": f"{EXTENSION}billable", "valueBoolean": False}]} if wide else {}
    made: dict[str, Any] = {
        "resourceType": "Procedure" if known.kind == "procedure" else "Condition",
        "id": part_identity(identity, f"{system}:{code}"),
        "code": {"coding": [{**marked, "system": known.uri, "code": code, "display": _string(description)}]},
        "subject": {"type": "Patient", "identifier": {"value": _string(patient)}}
        if patient
        else dict(_UNKNOWN),
    }
    if wide:
        made["note"] = [{"text": f"{code} is a category, not a billable code."}]
    source = [{"type": "DocumentReference", "identifier": {"value": _string(note)}}] if note else []
    if known.kind == "procedure":  # whether it was carried out is for the reader of the note to say
        made["status"] = "unknown" if accepted else _PROCEDURE_BY_CONTEXT[context]
        return made | ({"report": source} if source else {})
    status = "confirmed" if accepted else _CONDITION_BY_CONTEXT[context]
    made["verificationStatus"] = {"coding": [{"system": _CONDITION_STATUS, "code": status}]}
    return made | ({"evidence": [{"detail": source}]} if source else {})


def resource(
    found: Suggestion, note: str | None, patient: str | None = None, *, identity: str | None = None
) -> dict[str, Any] | None:
    """A suggestion as ``coded`` makes it, with probability, confidence, band and evidence as extensions.

    None for a suggestion about a relative, or a hypothetical one, as it is not the patient's.
    """
    if found.context not in _CONDITION_BY_CONTEXT:
        return None
    code = found.system, found.code, found.description
    made = coded(*code, note, patient, identity=identity, context=found.context)
    return made | {"extension": _extensions(found)}


def bundle(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A collection Bundle of resources without duplicates. ``ValueError`` for two different ones with one id."""
    by_id: dict[str, dict[str, Any]] = {}
    for one in resources:
        if by_id.setdefault(one["id"], one) != one:
            raise ValueError(f"two resources have the id {one['id']}")
    entries = [{"fullUrl": f"urn:uuid:{name}", "resource": one} for name, one in by_id.items()]
    # FHIR has no empty lists: what is empty is left out
    return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})


def _string(text: str) -> str:
    """A text as FHIR allows it: control characters but tab and line ends, and what XML forbids, become blanks."""
    return _FORBIDDEN.sub(" ", text)


def _extensions(found: Suggestion) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = [
        {"url": f"{EXTENSION}probability", "valueDecimal": round(found.probability, 6)}
    ]
    if found.confidence is not None:
        extensions.append({"url": f"{EXTENSION}confidence", "valueDecimal": round(found.confidence, 6)})
    if found.band is not None:
        extensions.append({"url": f"{EXTENSION}band", "valueString": found.band})
    for span in found.evidence:
        parts = [
            {"url": "start", "valueInteger": span.start},
            {"url": "end", "valueInteger": span.end},
            {"url": "text", "valueString": _string(span.text)},
        ]
        if span.context is not None:
            parts.append({"url": "context", "valueString": span.context})
        extensions.append({"url": f"{EXTENSION}evidence", "extension": parts})
    return extensions
