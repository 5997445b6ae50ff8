"""The paths of the terminology service, under ``/v1/terminology``: a FHIR client takes that as its base URL."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from icdbridge import __version__
from icdbridge.codes import declaration, known_systems, load_system, releases
from icdbridge.coding.fhir import MEDIA_TYPE
from icdbridge.server.terminology import operations
from icdbridge.server.terminology.parameters import OperationOutcome, Parameters, from_query, from_resource

# Resource and operation -> what carries it out, and the parameters that it knows.
OPERATIONS: dict[tuple[str, str], tuple[Callable[[Parameters], dict[str, Any]], tuple[str, ...]]] = {
    ("CodeSystem", "lookup"): (operations.lookup, operations.CODE_PARAMETERS),
    ("CodeSystem", "validate-code"): (operations.validate_code, operations.CODE_PARAMETERS),
    ("ValueSet", "validate-code"): (operations.validate_code, operations.CODE_PARAMETERS),
    ("ValueSet", "expand"): (operations.expand, operations.EXPAND_PARAMETERS),
    ("ConceptMap", "translate"): (operations.translate, operations.TRANSLATE_PARAMETERS),
}
_KNOWN = ", ".join(f"{resource}/${operation}" for resource, operation in OPERATIONS)


def make_terminology_router() -> APIRouter:
    """The paths; they need no model. FHIR describes them itself (``/v1/terminology/metadata``)."""
    router = APIRouter(prefix="/v1/terminology", include_in_schema=False)

    @router.get("/metadata")
    def metadata(request: Request) -> Response:
        mode = request.query_params.get("mode", "full")
        return _fhir(_terminology() if mode == "terminology" else _capabilities())

    @router.get("/CodeSystem")
    def code_systems(request: Request) -> Response:
        wanted = request.query_params.get("url")
        entries = [{"resource": one} for one in _code_systems() if wanted in (None, one["url"])]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
        return _fhir(bundle if entries else {key: value for key, value in bundle.items() if key != "entry"})

    @router.get("/{resource}/${operation}")
    def asked_by_url(resource: str, operation: str, request: Request) -> Response:
        pairs = request.query_params.multi_items()
        return _carried_out(resource, operation, lambda known: from_query(pairs, known))

    @router.get("/CodeSystem/{name}")  # below the operations, whose paths it would take too
    def code_system(name: str) -> Response:
        found = next((one for one in _code_systems() if one["id"] == name), None)
        if found is None:
            return _outcome(OperationOutcome(404, "not-found", "there is no such code system here"))
        return _fhir(found)

    @router.post("/{resource}/${operation}")
    async def asked_by_resource(resource: str, operation: str, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _outcome(OperationOutcome(400, "structure", "the body is not JSON in UTF-8"))
        return await run_in_threadpool(
            _carried_out, resource, operation, lambda known: from_resource(body, known)
        )

    @router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nothing(rest: str) -> Response:
        text = f"there is nothing here: expected metadata, CodeSystem or {_KNOWN}"
        return _outcome(OperationOutcome(404, "not-supported", text))

    return router


def _carried_out(resource: str, operation: str, read: Callable[[tuple[str, ...]], Parameters]) -> Response:
    try:
        if (resource, operation) not in OPERATIONS:
            told = f"there is no such operation: expected one of {_KNOWN}"
            raise OperationOutcome(404, "not-supported", told)
        carry_out, parameters = OPERATIONS[resource, operation]
        return _fhir(carry_out(read(parameters)))
    except OperationOutcome as refused:
        return _outcome(refused)


def _fhir(resource: dict[str, Any]) -> Response:
    return JSONResponse(resource, media_type=MEDIA_TYPE)


def _outcome(refused: OperationOutcome) -> Response:
    return JSONResponse(refused.resource(), refused.status, media_type=MEDIA_TYPE)


def _code_systems() -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "CodeSystem",
            "id": name,
            "url": declaration(name).uri,
            "version": releases(name)[-1],
            "name": name,
            "title": declaration(name).label,
            "status": "active",
            "content": "not-present",
            "count": len(load_system(name).listed),
        }
        for name in known_systems()
    ]


def _statement(resource: str) -> dict[str, Any]:
    """What both statements of the server's abilities begin with."""
    return {
        "resourceType": resource,
        "status": "active",
        "date": date.today().isoformat(),
        "kind": "instance",
        "software": {"name": "icdbridge", "version": __version__},
        "implementation": {"description": "icdbridge's terminology service"},
    }


def _capabilities() -> dict[str, Any]:
    resources: dict[str, dict[str, Any]] = {}
    for resource, operation in sorted(OPERATIONS):
        read = ("read", "search-type") if resource == "CodeSystem" else ()
        interactions = [{"code": code} for code in read]
        told = {"type": resource, "interaction": interactions, "operation": list[dict[str, str]]()}
        definition = f"http://hl7.org/fhir/OperationDefinition/{resource}-{operation}"
        operations = resources.setdefault(resource, told)["operation"]
        operations.append({"name": operation, "definition": definition})
    rest = [{"mode": "server", "resource": list(resources.values())}]
    return _statement("CapabilityStatement") | {"fhirVersion": "4.0.1", "format": ["json"], "rest": rest}


def _terminology() -> dict[str, Any]:
    systems: dict[str, dict[str, None]] = {}
    for name in known_systems():
        systems.setdefault(declaration(name).uri, {}).update(dict.fromkeys(releases(name)))
    return {
        **_statement("TerminologyCapabilities"),
        "codeSystem": [
            {
                "uri": uri,
                "version": [{"code": release, "isDefault": release == [*several][-1]} for release in several],
            }
            for uri, several in systems.items()
        ],
        "expansion": {"hierarchical": False, "paging": True, "incomplete": True},
        "translation": {"needsMap": False},
    }
