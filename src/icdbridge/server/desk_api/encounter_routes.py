"""Paths for the worklist, encounters and documents: listing, receiving, opening, reading."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path

from icdbridge.server.desk_api import shown
from icdbridge.server.desk_api.access import Anybody, Sender
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.desk_api.desk_answer_schemas import (
    CommentOut,
    DeskDocument,
    EncounterOut,
    EncounterRow,
    Received,
    Repeated,
    TrailOut,
    TrailResponse,
    WorklistResponse,
)
from icdbridge.server.desk_api.desk_request_schemas import (
    CommentIn,
    EncounterChange,
    EncounterIn,
    WorklistRequest,
)
from icdbridge.server.problems import described
from icdbridge.server.store.changes import assign, comment, correct, encounter_of, move
from icdbridge.server.store.encounters import (
    Facts,
    NewDocument,
    history,
    newest_coding,
    open_encounter,
    read_document,
    receive,
)
from icdbridge.server.store.worklist import Wanted, worklist

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_DATES = ("birth_date", "admission", "discharge", "due")
BODY = described(400, 401, 403, 408, 413, 415, 422, 503)
READ = described(401, 403, 404, 422, 503)
CHANGE = described(400, 401, 403, 404, 408, 409, 413, 415, 422, 503)


def make_encounter_router(desk: Desk) -> APIRouter:
    """What is listed, received and read."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])
    store = desk.store

    @router.post("/worklist", summary="List encounters", responses=BODY)
    def listed(request: WorklistRequest, person: Anybody) -> WorklistResponse:
        """A page of the worklist."""
        assignee = person.name if request.assignee == "me" else request.assignee
        wanted = Wanted(**{**request.model_dump(), "assignee": assignee})
        with store.reading() as session:
            page = worklist(session, wanted)
            rows = [EncounterRow(**shown.row(one, page.documents.get(one.id, 0))) for one in page.encounters]
        return WorklistResponse(encounters=rows, total=page.total, states=page.states)

    @router.post("/encounters", summary="Send an encounter or documents", responses=BODY)
    def received(request: EncounterIn, person: Sender) -> Received:
        """Makes an encounter, or adds facts and documents to the one of this number; suggestions follow by
        themselves.
        """
        facts = Facts(**_dated(request.model_dump(exclude={"number", "documents"})))
        documents = [
            NewDocument(**{**one.model_dump(), "date": one.date and moment(one.date)})
            for one in request.documents
        ]
        for place, one in enumerate(request.documents):
            desk.check_text(one.text, f"body.documents.{place}.text")
        with store.writing() as session:
            found, added = receive(session, person.name, request.number, facts, documents)
            answer = Received(id=found.id, version=found.version, added=[one.id for one in added])
        desk.wake()
        return answer

    @router.get("/encounters/{number}", summary="Open an encounter", responses=READ)
    def opened(number: Number, person: Anybody) -> EncounterOut:
        """Facts, documents (without their texts), suggestions, decisions and comments; the trail says who opened it."""
        with store.writing() as session:
            return shown.encounter_out(open_encounter(session, person, number))

    @router.patch("/encounters/{number}", summary="Change an encounter", responses=CHANGE)
    def changed(number: Number, request: EncounterChange, person: Anybody) -> EncounterRow:
        """State, assignee and facts; only fields that are sent are changed. Other facts lead to other suggestions."""
        given = request.model_dump(exclude_unset=True)
        version = given.pop("version")
        state = given.pop("state", None)
        with store.writing() as session:
            found = encounter_of(session, number, version)
            if "assignee" in given:
                name = given.pop("assignee")
                desk.check_assignee(session, name)
                found = assign(session, person, number, version, name)
            if given:
                found = correct(session, person, number, found.version, _dated(given))
            if state is not None:
                found = move(session, person, number, found.version, state)
            answer = EncounterRow(**shown.row(found, desk.count_documents(session, number)))
        desk.wake()
        return answer

    @router.post("/encounters/{number}/comments", summary="Comment", responses=CHANGE)
    def commented(number: Number, request: CommentIn, person: Anybody) -> CommentOut:
        """A remark on an encounter or a code, such as a question to the clinician."""
        with store.writing() as session:
            return CommentOut.model_validate(comment(session, person, number, request.text, request.code))

    @router.get("/encounters/{number}/history", summary="What was done to an encounter", responses=READ)
    def told(number: Number, person: Anybody) -> TrailResponse:
        """The newest 1,000 entries of the trail on an encounter."""
        with store.reading() as session:
            return TrailResponse(entries=[TrailOut.model_validate(one) for one in history(session, number)])

    @router.get("/documents/{number}", summary="Read a document", responses=READ)
    def document(number: Number, person: Anybody) -> DeskDocument:
        """A document with its text; the trail says who read it."""
        with store.writing() as session:
            found = read_document(session, person, number)
            coding = newest_coding(session, found.encounter_id)
            repeats = [] if coding is None else coding.repeats.get(str(found.id), [])
            spans = [Repeated(start=start, end=end) for start, end in repeats]
            return DeskDocument(
                **shown.head(found), encounter=found.encounter_id, text=found.text, repeats=spans
            )

    return router


def moment(value: str) -> datetime:
    """A time as ``desk_request_schemas.Moment`` has it; in UTC where no time zone is said."""
    read = datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _dated(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: date.fromisoformat(value) if name in _DATES and value is not None else value
        for name, value in facts.items()
    }
