"""Paths for decisions on codes, and for what the rules find of them."""

from typing import cast

from fastapi import APIRouter

from icdbridge.codes import describe
from icdbridge.errors import InputError
from icdbridge.rules import Given, check
from icdbridge.server.checking import CheckResponse, FindingOut
from icdbridge.server.desk_api import shown
from icdbridge.server.desk_api.access import Anybody
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.desk_api.desk_answer_schemas import EncounterRow
from icdbridge.server.desk_api.desk_request_schemas import DecisionIn, DecisionsIn
from icdbridge.server.desk_api.encounter_routes import CHANGE, READ, Number
from icdbridge.server.given_codes import existing_code
from icdbridge.server.problems import field_problem
from icdbridge.server.request_schemas import ChosenCode
from icdbridge.server.store.changes import encounter_of
from icdbridge.server.store.deciding import NewDecision, decide
from icdbridge.server.store.encounters import current_decisions


def make_decision_router(desk: Desk) -> APIRouter:
    """What is decided, and checked."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])
    store = desk.store

    @router.post("/encounters/{number}/decisions", summary="Save decisions", responses=CHANGE)
    def decided(number: Number, request: DecisionsIn, person: Anybody) -> EncounterRow:
        """Saves decisions and order. Once it answers 200 they are on the disk. 409: somebody changed the encounter
        since; `detail` says who did what, and nothing was saved.
        """
        decisions = [_decision(one, f"body.decisions.{place}") for place, one in enumerate(request.decisions)]
        try:
            with store.writing() as session:
                found = decide(session, person, number, request.version, decisions, request.order)
                return EncounterRow(**shown.row(found, desk.count_documents(session, number)))
        except InputError as error:
            raise field_problem("body.decisions", str(error)) from error

    @router.get("/encounters/{number}/findings", summary="Check the codes of an encounter", responses=READ)
    def findings(number: Number, person: Anybody) -> CheckResponse:
        """What the rules find of the accepted codes, in their order, for this patient and date."""
        with store.reading() as session:
            one = encounter_of(session, number)
            by_key = {f"{row.system}:{row.code}": row for row in current_decisions(session, number)}
            given = [Given(key, by_key[key].poa) for key in one.code_order if key in by_key]
            day = one.discharge or one.admission
            sex, age, setting = one.sex, shown.age_of(one), one.setting
        diagnoses_first = sorted(given, key=lambda code: shown.principal([code.text]) is None)
        found = check(diagnoses_first, date=day, sex=sex, age=age, setting=setting)
        return CheckResponse(findings=[cast(FindingOut, finding.to_dict()) for finding in found])

    return router


def _decision(given: DecisionIn, where: str) -> NewDecision:
    code = existing_code(ChosenCode(system=given.system, code=given.code), where)
    return NewDecision(
        system=code.system,
        code=code.code,
        description=describe(code).text,
        verdict=given.verdict,
        poa=given.poa,
        evidence=[span.model_dump() for span in given.evidence],
        instead_of=given.instead_of,
    )
