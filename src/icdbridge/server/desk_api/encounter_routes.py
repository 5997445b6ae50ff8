"""Paths for the worklist, encounters and documents: listing, receiving, reading, deciding, taking the results."""

from typing import Annotated, cast

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from icdbridge.codes import describe
from icdbridge.rules import Given, check
from icdbridge.server.checking import CheckResponse, FindingOut
from icdbridge.server.desk_api import desk_answer_schemas as out
from icdbridge.server.desk_api import desk_request_schemas as asked
from icdbridge.server.desk_api import shown
from icdbridge.server.desk_api.access import Anybody, Sender
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.given_codes import existing_code
from icdbridge.server.problems import WITH_BODY, described, field_problem, refusing
from icdbridge.server.store import encounter_results
from icdbridge.server.store.changes import Missing, assign, comment, correct, encounter_of, move
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounter_results import MEDIA_TYPES, Format
from icdbridge.server.store.encounters import (
    current_decisions,
    history,
    newest_coding,
    open_encounter,
    read_document,
    receive,
)
from icdbridge.server.store.finished import FINISHED, finished
from icdbridge.server.store.records import Decision, Document
from icdbridge.server.store.trail import record
from icdbridge.server.store.worklist import worklist

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
BODY = WITH_BODY | described(403)
READ = described(401, 403, 404, 422, 503)
CHANGE = BODY | described(404, 409)


def make_encounter_router(desk: Desk) -> APIRouter:
    """What is listed, received, read and decided."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])
    store = desk.store

    @router.post("/worklist", summary="List encounters", responses=BODY)
    def listed(request: asked.WorklistRequest, person: Anybody) -> out.WorklistResponse:
        """A page of the worklist."""
        wanted = request.model_dump()
        if request.assignee == "me":
            wanted["assignee"] = person.name
        with store.reading() as session:
            return out.WorklistResponse.model_validate(worklist(session, **wanted))

    @router.post("/encounters", summary="Send an encounter or documents", responses=BODY)
    def received(request: asked.EncounterIn, person: Sender) -> out.Received:
        """Makes an encounter, or adds facts and documents to the one of this number. Suggestions follow."""
        facts = request.model_dump(exclude={"number", "documents"})
        documents = [Document(**one.model_dump()) for one in request.documents]
        for place, one in enumerate(request.documents):
            if fault := desk.fault(one.text):
                raise field_problem(f"body.documents.{place}.text", fault)
        with store.writing() as session:
            found, added = receive(session, person.name, request.number, documents, **facts)
            answer = out.Received(id=found.id, version=found.version, added=[one.id for one in added])
        desk.wake()
        return answer

    @router.get("/encounters/{number}", summary="Open an encounter", responses=READ)
    def opened(number: Number, person: Anybody) -> out.EncounterOut:
        """Facts, documents (without their texts), suggestions, decisions and comments; the trail says who opened it."""
        with store.writing() as session:
            return shown.encounter_out(open_encounter(session, person, number))

    @router.patch("/encounters/{number}", summary="Change an encounter", responses=CHANGE)
    def changed(number: Number, request: asked.EncounterChange, person: Anybody) -> out.EncounterRow:
        """State, assignee and facts; only fields that are sent are changed. Other facts lead to other suggestions."""
        given = request.model_dump(exclude_unset=True)
        version = given.pop("version")
        state = given.pop("state", None)
        with store.writing() as session:
            found = encounter_of(session, number, version)
            if "assignee" in given:
                name = given.pop("assignee")
                desk.check_assignee(session, name)
                assign(session, person, found, name)
            if given:
                correct(session, person, found, given)
            if state is not None:
                move(session, person, found, state)
            answer = out.EncounterRow.model_validate(found)
        desk.wake()
        return answer

    @router.post("/encounters/{number}/comments", summary="Comment", responses=CHANGE)
    def commented(number: Number, request: asked.CommentIn, person: Anybody) -> out.CommentOut:
        """A remark on an encounter or a code, such as a question to the clinician."""
        with store.writing() as session:
            said = comment(session, person, number, request.text, request.code)
            return shown.answer(out.CommentOut, said)

    @router.get("/encounters/{number}/history", summary="What was done to an encounter", responses=READ)
    def told(number: Number, person: Anybody) -> out.TrailResponse:
        """The newest 1,000 entries of the trail on an encounter."""
        with store.reading() as session:
            entries = [out.TrailOut.model_validate(one) for one in history(session, number)]
            return out.TrailResponse(entries=entries)

    @router.post("/encounters/{number}/decisions", summary="Save decisions", responses=CHANGE)
    def decided(number: Number, request: asked.DecisionsIn, person: Anybody) -> out.EncounterRow:
        """Saves decisions and order. Once it answers 200 they are on the disk. 409: somebody changed the encounter
        since; `detail` says who did what, and nothing was saved.
        """
        decisions = [_decision(one, f"body.decisions.{place}") for place, one in enumerate(request.decisions)]
        with refusing("body.decisions"), store.writing() as session:
            found = decide(session, person, number, request.version, decisions, request.order)
            return out.EncounterRow.model_validate(found)

    @router.get("/encounters/{number}/findings", summary="Check the codes of an encounter", responses=READ)
    def findings(number: Number, person: Anybody) -> CheckResponse:
        """What the rules find of the accepted codes, in their order, for this patient and date."""
        with store.reading() as session:
            one = encounter_of(session, number)
            by_key = {row.key: row for row in current_decisions(session, number)}
        rows = [by_key[key] for key in one.code_order if key in by_key]
        diagnoses_first = sorted(rows, key=lambda row: row.kind != "diagnosis")
        given = [Given(row.key, row.poa) for row in diagnoses_first]
        found = check(given, date=one.day, sex=one.sex, age=one.age, setting=one.setting)
        return CheckResponse(findings=[cast(FindingOut, finding.to_dict()) for finding in found])

    @router.get(
        "/encounters/{number}/results",
        summary="Take the codes of an encounter",
        response_class=Response,
        responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}, **READ},
    )
    def results(
        number: Number,
        person: Anybody,
        format: Annotated[
            Format, Query(description="A table, JSON, a FHIR Bundle, or the elements of an 837 claim.")
        ] = "json",
    ) -> Response:
        """The accepted codes of an encounter that is done, in order (404 until then); the trail says who took them."""
        with store.writing() as session:
            one = encounter_of(session, number)
            if one.state not in FINISHED:
                raise Missing(f"the encounter is {one.state}: there are results once it is done")
            body = "".join(encounter_results.told(finished(session, [number], texts=False), format))
            record(session, person.name, "took results of", number, form=format)
        return Response(body, media_type=MEDIA_TYPES[format])

    @router.get("/documents/{number}", summary="Read a document", responses=READ)
    def document(number: Number, person: Anybody) -> out.DeskDocument:
        """A document with its text; the trail says who read it."""
        with store.writing() as session:
            found = read_document(session, person, number)
            coding = newest_coding(session, found.encounter_id)
            repeats = [] if coding is None else coding.repeats.get(str(found.id), [])
            spans = [out.Repeated(start=start, end=end) for start, end in repeats]
            return shown.answer(out.DeskDocument, found, encounter=found.encounter_id, repeats=spans)

    return router


def _decision(given: asked.DecisionIn, where: str) -> Decision:
    code = existing_code(given, where)
    return Decision(**(given.model_dump() | code._asdict() | {"description": describe(code).text}))
