"""What is stored, as /v1/desk answers it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from icdbridge.codes import parse_key
from icdbridge.server import answers
from icdbridge.server.answer_schemas import AlternativeOut
from icdbridge.server.desk_api import desk_answer_schemas as out
from icdbridge.server.store.encounters import Opened
from icdbridge.server.store.records import Decision, Document, Encounter

_YEAR = 365.2425
# What is stored of a suggestion as it is.
SUGGESTION_FIELDS = (
    *("rank", "system", "code", "description", "probability", "confidence", "context", "predicted", "reason"),
)


def row(one: Encounter, documents: int) -> dict[str, Any]:
    """An encounter as ``EncounterRow``."""
    same = ("id", "number", "patient", "sex", "setting", "admission", "discharge", "due", "state", "assignee")
    return {
        **{name: getattr(one, name) for name in (*same, "version", "need", "updated", "updated_by")},
        "document_count": documents,
        "code_count": len(one.code_order),
        "principal": principal(one.code_order),
        "coded": not one.to_code,
    }


def principal(order: Sequence[str]) -> str | None:
    """The first diagnosis of an order of codes."""
    return next((key for key in order if answers.kind(parse_key(key).system) == "diagnosis"), None)


def age_of(one: Encounter) -> float | None:
    """In years, when the encounter began, or else ended."""
    day: date | None = one.admission or one.discharge
    if day is None or one.birth_date is None or day < one.birth_date:
        return None
    return round((day - one.birth_date).days / _YEAR, 2)


def encounter_out(opened: Opened) -> out.EncounterOut:
    one, coding = opened.encounter, opened.coding
    texts = {document.id: document.text for document in opened.documents}
    standing = [document for document in opened.documents if document.status != "superseded"]
    return out.EncounterOut(
        **row(one, len(standing)),
        birth_date=one.birth_date,
        age=age_of(one),
        coding=None if coding is None else out.CodingOut.model_validate(coding),
        documents=[out.DocumentHead(**head(document)) for document in opened.documents],
        suggestions=[
            out.DeskSuggestion(
                **{name: getattr(found, name) for name in (*SUGGESTION_FIELDS, "id", "band")},
                kind=answers.kind(found.system),
                alternatives=[AlternativeOut(**other) for other in found.alternatives],
                evidence=_spans(found.evidence, texts),
            )
            for found in opened.suggestions
        ],
        codes=_decided(opened.decisions, one.code_order, texts),
        comments=[out.CommentOut.model_validate(said) for said in opened.comments],
    )


def head(document: Document) -> dict[str, Any]:
    """A document as ``DocumentHead``."""
    same = ("id", "source_id", "title", "kind", "status", "date", "characters", "added")
    return {name: getattr(document, name) for name in same} | {"deleted": document.deleted is not None}


def _decided(
    decisions: Sequence[Decision], order: Sequence[str], texts: Mapping[int, str | None]
) -> list[out.DeskCode]:
    places = {key: place for place, key in enumerate(order, 1)}
    first = principal(order)
    keyed = sorted(
        ((places.get(f"{one.system}:{one.code}"), one) for one in decisions),
        key=lambda pair: (pair[0] is None, pair[0] or pair[1].id),
    )
    return [
        out.DeskCode(
            system=one.system,
            code=one.code,
            description=one.description,
            kind=answers.kind(one.system),
            verdict=cast(Any, one.verdict),
            position=place,
            principal=f"{one.system}:{one.code}" == first,
            poa=one.poa,
            suggested=one.suggestion_id is not None,
            instead_of=one.instead_of,
            evidence=_spans(one.evidence, texts),
            by=one.by,
            at=one.at,
        )
        for place, one in keyed
    ]


def _spans(evidence: Sequence[Mapping[str, Any]], texts: Mapping[int, str | None]) -> list[out.DeskSpan]:
    spans = []
    for span in evidence:
        text = texts.get(span["document"])
        words = None if text is None else text[span["start"] : span["end"]]
        spans.append(out.DeskSpan(text=words, **span))
    return spans
