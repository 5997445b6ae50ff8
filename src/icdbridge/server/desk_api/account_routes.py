"""Paths for people: signing in and out, accounts, the audit trail, and the report on what coders decided."""

from datetime import timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request

from icdbridge.server.desk_api import desk_answer_schemas as out
from icdbridge.server.desk_api.access import LOCAL, SERVER, Anybody, Overseer, needs
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.desk_api.desk_request_schemas import TokenIn
from icdbridge.server.desk_api.encounter_routes import BODY, READ
from icdbridge.server.desk_api.report_schemas import ReportOut
from icdbridge.server.guards import bearer
from icdbridge.server.problems import described, refusing
from icdbridge.server.store import people
from icdbridge.server.store.records import now
from icdbridge.server.store.trail import entries_before, record

Admin = Annotated[people.Person, Depends(needs("admin"))]


def make_account_router(desk: Desk) -> APIRouter:
    """Who works at the desk, and what they did."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])
    store = desk.store

    @router.get("/me", summary="Who am I?", responses=described(401, 503))
    def me(person: Anybody) -> out.Me:
        """Whose token was sent."""
        return out.Me(name=person.name, role=cast(Any, person.role), account=person not in (LOCAL, SERVER))

    @router.post("/session", summary="Sign in", responses=described(401, 422, 503))
    def signed_in(person: Anybody) -> out.SessionOut:
        """A session for the account whose token was sent: it expires, the account's token does not."""
        with refusing("header"), store.writing() as session:
            token, expires = people.sign_in(session, person)
        return out.SessionOut(token=token, expires=expires, idle_minutes=people.IDLE_MINUTES)

    @router.delete("/session", summary="Sign out", status_code=204, responses=described(401, 503))
    def signed_out(request: Request, person: Anybody) -> None:
        """Ends the session whose token was sent."""
        with store.writing() as session:
            people.sign_out(session, person, bearer(request.headers))

    @router.get("/users", summary="List accounts", responses=described(401, 503))
    def listed(person: Anybody) -> out.UsersResponse:
        """Names and roles, to give encounters to."""
        with store.reading() as session:
            return out.UsersResponse(users=[out.UserOut.model_validate(one) for one in people.users(session)])

    @router.post("/users", summary="Add an account", responses=BODY)
    def added(request: TokenIn, person: Admin) -> out.UserAdded:
        """A new account, and its token, this once."""
        with refusing("body.name"), store.writing() as session:
            token = people.add_user(session, person.name, request.name, request.role)
        return out.UserAdded(name=request.name, role=request.role, active=True, token=token)

    @router.delete("/users/{name}", summary="End an account", status_code=204, responses=READ)
    def removed(name: str, person: Admin) -> None:
        """Ends an account and its sessions at once. Its name is not given again."""
        with refusing("path.name", "there is no such user"), store.writing() as session:
            people.remove_user(session, person.name, name)

    @router.get("/trail", summary="Read the audit trail", responses=READ)
    def trail(
        person: Overseer,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only older entries.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> out.TrailResponse:
        """Who did and read what. Reading it is an entry too."""
        with store.writing() as session:
            found = [out.TrailOut.model_validate(one) for one in entries_before(session, before, limit)]
            record(session, person.name, "read the trail")
        return out.TrailResponse(entries=found)

    if desk.reporting is None:
        return router
    figures = desk.reporting

    @router.get("/report", summary="Report on what was decided", responses=described(401, 403, 422, 503))
    def report(
        person: Overseer,
        weeks: Annotated[int, Query(ge=1, le=520, description="How far back encounters were done.")] = 13,
    ) -> ReportOut:
        """Of encounters that are done: acceptance by confidence, code, coder and week, minutes a chart, codes added by
        hand, agreement, drift. No word of a note is in it.
        """
        found = figures(store, now() - timedelta(weeks=weeks))
        with store.writing() as session:
            record(session, person.name, "read the report", weeks=weeks)
        return ReportOut(weeks_back=weeks, **found)

    return router
