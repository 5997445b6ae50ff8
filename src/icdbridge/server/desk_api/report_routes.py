"""A path for the report on what coders decided: for auditors and admins, as it tells of people."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from icdbridge.server.desk_api.access import Overseer
from icdbridge.server.desk_api.report_schemas import ReportOut
from icdbridge.server.problems import described
from icdbridge.server.store import Store
from icdbridge.server.store.records import now
from icdbridge.server.store.trail import record

Reporting = Callable[[Store, datetime], dict[str, Any]]  # the figures on encounters done since then


def make_report_router(store: Store, figures: Reporting) -> APIRouter:
    """What decisions tell."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])

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
