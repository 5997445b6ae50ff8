"""``POST /v1/documents``: documents as hospitals have them, as text that can be coded."""

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from icdbridge.documents import Document
from icdbridge.documents.apart import read_apart
from icdbridge.documents.document import Setting, Sex, Status
from icdbridge.server.limits import ANSWER_BYTES
from icdbridge.server.problems import Problem, described, field_problem, refusing

AT_ONCE = 2  # processes that convert
TABLES = {  # what else a file is its content says
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is; what it is, its content says. Only a table names its media type.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def documents_of_body(request: Request, turn: asyncio.Semaphore) -> list[Document]:
    """The documents of the file that is a request's body, read when it is its ``turn``; a 422 where there are none."""
    data = await request.body()
    if not data:
        raise field_problem("body", "it is empty: send a document")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with turn:
        with refusing("body"):
            return await asyncio.to_thread(read_apart, data, TABLES.get(media_type, ""))


class DocumentOut(BaseModel):
    """A document as text; what is not known is null. Dates are as exact as the source gives them."""

    text: str = Field(description="What to show, and to send to `/v1/code`: evidence counts in it.")
    id: str | None = Field(examples=["d-17"])
    title: str | None = Field(examples=["Discharge summary"])
    date: str | None = Field(examples=["2026-11-03T10:15"])
    type: str | None = Field(examples=["Discharge summary"])
    status: Status | None
    patient_id: str | None = Field(examples=["p-4"])
    encounter_id: str | None = Field(examples=["v-77"])
    sex: Sex | None
    birth_date: str | None = Field(examples=["1950-02-03"])
    admission: str | None = Field(examples=["2026-11-01"])
    discharge: str | None = Field(examples=["2026-11-03"])
    setting: Setting | None
    format: str = Field(description="What the source was.", examples=["PDF"])
    remarks: list[str] = Field(description="What of the source is not in the text, such as scanned pages.")
    fault: str | None = Field(description="Why there is no text.")


class DocumentsResponse(BaseModel):
    documents: list[DocumentOut]


def make_documents_router() -> APIRouter:
    """The path for converting documents; it needs no model."""
    router = APIRouter(prefix="/v1")
    turn = asyncio.Semaphore(AT_ONCE)

    @router.post(
        "/documents",
        summary="Convert documents to text",
        responses=described(400, 401, 408, 413, 422, 503),
        openapi_extra=BODY,
    )
    async def documents(request: Request) -> DocumentsResponse:
        """The documents of a file: RTF, Word, HTML, PDF with text, C-CDA, FHIR R4, HL7 v2, a table, plain text.

        Nothing of it is stored or logged.
        """
        found = await documents_of_body(request, turn)
        if sum(len(one.text.encode()) for one in found) > ANSWER_BYTES:
            raise Problem(413, f"its text has more than {ANSWER_BYTES:,} bytes: cut it up")
        return DocumentsResponse(documents=[DocumentOut(**asdict(one)) for one in found])

    return router
