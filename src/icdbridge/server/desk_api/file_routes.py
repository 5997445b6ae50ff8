"""The path that files are sent to: converted, and taken into the encounters that they name."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Request

from icdbridge.server.desk_api.access import Sender
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.desk_api.desk_answer_schemas import FileEncounter, FileRefused, FileTakenIn
from icdbridge.server.document_conversion import AT_ONCE, BODY, documents_of_body
from icdbridge.server.problems import described
from icdbridge.server.request_schemas import Identifier
from icdbridge.server.store.intake import TakenIn, take_in


def make_file_router(desk: Desk) -> APIRouter:
    """Sending files as hospitals have them."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])
    turn = asyncio.Semaphore(AT_ONCE)

    @router.post(
        "/files",
        summary="Send a file of documents",
        responses=described(400, 401, 403, 408, 413, 422, 503),
        openapi_extra=BODY,
    )
    async def sent(
        request: Request,
        person: Sender,
        encounter_number: Annotated[
            Identifier | None, Header(description="The encounter, for documents that name none.")
        ] = None,
        document_title: Annotated[
            str | None,
            Header(max_length=600, description="A title, percent-encoded, for a document that has none."),
        ] = None,
    ) -> FileTakenIn:
        """Takes the documents of a file into the encounters that they name: RTF, Word, HTML, PDF with text, C-CDA,
        FHIR R4, HL7 v2, a table, plain text. One that names none makes an encounter of its own.
        """
        documents = await documents_of_body(request, turn)
        if encounter_number is not None:
            documents = [
                one if one.encounter_id else replace(one, encounter_id=encounter_number) for one in documents
            ]
        if document_title is not None:
            title = "".join(sign for sign in unquote(document_title) if sign.isprintable()).strip() or None
            documents = [one if one.title else replace(one, title=title) for one in documents]

        # the same file again makes no second encounter
        name = f"FILE-{hashlib.sha256(await request.body()).hexdigest()[:12]}"

        def taken() -> TakenIn:
            with desk.store.writing() as session:
                return take_in(session, person.name, documents, name, desk.fault)

        found = await asyncio.to_thread(taken)
        desk.wake()
        return FileTakenIn(
            encounters=[FileEncounter(id=number, added=ids) for number, ids in found.encounters.items()],
            refused=[FileRefused(document=name, why=why) for name, why in found.refused],
        )

    return router
