"""What is stored, as /v1/desk answers it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from icdbridge.server.desk_api import desk_answer_schemas as out
from icdbridge.server.store.encounters import Opened
from icdbridge.server.store.records import Decision, Encounter, Table

Answer = TypeVar("Answer", bound=BaseModel)


def answer(schema: type[Answer], row: Table, **more: Any) -> Answer:
    """A row of the store as an answer: the fields of the schema from ``more``, or else by the names of the columns."""
    return schema(**{name: getattr(row, name) for name in schema.model_fields if name not in more}, **more)


def encounter_out(opened: Opened) -> out.EncounterOut:
    texts = {document.id: document.text for document in opened.documents}
    return answer(
        out.EncounterOut,
        opened.encounter,
        coding=None if opened.coding is None else out.CodingOut.model_validate(opened.coding),
        documents=[answer(out.DocumentHead, document) for document in opened.documents],
        suggestions=[
            answer(out.DeskSuggestion, found, evidence=_spans(found.evidence, texts))
            for found in opened.suggestions
        ],
        codes=_decided(opened.decisions, opened.encounter, texts),
        comments=[answer(out.CommentOut, said) for said in opened.comments],
    )


def _decided(
    decisions: Sequence[Decision], encounter: Encounter, texts: Mapping[int, str | None]
) -> list[out.DeskCode]:
    places = {key: place for place, key in enumerate(encounter.code_order, 1)}
    ordered = sorted(decisions, key=lambda row: (row.key not in places, places.get(row.key, row.id)))
    return [
        answer(
            out.DeskCode,
            row,
            position=places.get(row.key),
            principal=row.key == encounter.principal,
            suggested=row.suggestion_id is not None,
            evidence=_spans(row.evidence, texts),
        )
        for row in ordered
    ]


def _spans(evidence: Sequence[Mapping[str, Any]], texts: Mapping[int, str | None]) -> list[out.DeskSpan]:
    spans = []
    for span in evidence:
        text = texts.get(span["document"])
        words = None if text is None else text[span["start"] : span["end"]]
        spans.append(out.DeskSpan(text=words, **span))
    return spans
