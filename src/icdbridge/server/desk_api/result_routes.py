"""A path for the codes of an encounter that is done, as other systems take them."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from icdbridge.server.desk_api.access import Anybody
from icdbridge.server.desk_api.desk import Desk
from icdbridge.server.desk_api.encounter_routes import READ, Number
from icdbridge.server.store.changes import Missing, encounter_of
from icdbridge.server.store.encounter_results import MEDIA_TYPES, Format, told
from icdbridge.server.store.finished import FINISHED, finished
from icdbridge.server.store.trail import record


def make_result_router(desk: Desk) -> APIRouter:
    """What is taken away."""
    router = APIRouter(prefix="/v1/desk", tags=["desk"])

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
        with desk.store.writing() as session:
            one = encounter_of(session, number)
            if one.state not in FINISHED:
                raise Missing(f"the encounter is {one.state}: there are results once it is done")
            body = "".join(told(finished(session, [number], texts=False), format))
            record(session, person.name, "took results of", number, form=format)
        return Response(body, media_type=MEDIA_TYPES[format])

    return router
