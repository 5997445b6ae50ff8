"""The application: /v1, health, metrics and the page, behind the guards."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from icdbridge import __version__
from icdbridge.coding import Coder
from icdbridge.server import problems
from icdbridge.server.answer_schemas import Health
from icdbridge.server.api import make_router
from icdbridge.server.batching import BatchQueue
from icdbridge.server.checking import make_check_router
from icdbridge.server.document_conversion import make_documents_router
from icdbridge.server.guards import Admit, Bound, Observe, busy
from icdbridge.server.limits import Limits
from icdbridge.server.observing import Metrics, logger
from icdbridge.server.request_schemas import Request as RequestBody
from icdbridge.server.searching import NOT_INDEXED, SearchIndex, make_search_router
from icdbridge.server.terminology import make_terminology_router
from icdbridge.starter.examples import EXAMPLES, example

if TYPE_CHECKING:
    from icdbridge.server.desk_api import Desk

_DESCRIPTION = """Assigns ICD codes to clinical notes, each with the words of the note that support it.

{kept} Nothing of a note is logged or sent on. Errors are `application/problem+json`; a 503 carries `Retry-After`.
"""
_KEPT = "Encounters under `/v1/desk` are kept in the store, notes of other requests are not."
_NOT_KEPT = "Nothing of a note is stored."
# Switched off: records of validation failures hold what was sent.
_NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


CLOSING_SECONDS = 1.0  # for the worker to end, once all requests are answered or given up


def create_app(
    coders: Mapping[str, Coder],
    token: str | None = None,
    limits: Limits = Limits(),
    desk: "Desk | None" = None,
) -> FastAPI:
    """The server for models by name. With a ``token``, /v1, /metrics and /openapi.json demand it; with a ``desk`` they
    ask who it is.
    """

    def warm_up() -> None:
        for coder in coders.values():
            for version in coder.versions:
                coder.code_many(["warm up"], version, top=1)  # encodes the codes of the version

    queue = BatchQueue(limits.waiting, warm_up, lambda *done: metrics.batch(*done), limits.seconds)
    metrics = Metrics(lambda: len(queue))

    index = SearchIndex(queue.ready)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_log_fault)
        queue.start()
        index.start()
        watchdog = asyncio.create_task(_watch(queue))
        if desk:
            desk.start(queue)
        yield
        if desk:
            await asyncio.to_thread(desk.close, CLOSING_SECONDS)
        await asyncio.to_thread(index.close, CLOSING_SECONDS)
        watchdog.cancel()
        with suppress(asyncio.CancelledError):
            await watchdog
        if await asyncio.to_thread(queue.close, CLOSING_SECONDS):
            logger.info("all notes are coded, stopped")
        else:
            logger.error("stopped, though the worker has not ended: its notes are lost")

    app = FastAPI(
        title="icdbridge",
        version=__version__,
        summary="ICD codes of any version for clinical notes, with evidence.",
        description=_DESCRIPTION.format(kept=_KEPT if desk else _NOT_KEPT),
        license_info={"name": "MIT", "identifier": "MIT"},
        docs_url=None,  # these pages load scripts from other hosts
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    # Admit checks it: this describes it.
    with_token = [Depends(HTTPBearer(auto_error=False))] if token or desk else []
    routers = [make_router(coders, queue, metrics, store=desk is not None), make_search_router(coders)]
    routers += [make_check_router(), make_documents_router(), make_terminology_router()]
    if desk:
        desk.install(app, coders)
        routers += desk.routers()
    for router in routers:
        app.include_router(router, dependencies=with_token)

    @app.get("/health/live", tags=["health"], summary="Is the process alive?")
    async def live() -> Health:
        return Health(status="ok")

    @app.get(
        "/health/ready",
        tags=["health"],
        summary="Can it code notes?",
        response_model=Health,
        responses=problems.described(503),
    )
    async def ready() -> Health | Response:
        """503 until all codes are encoded and can be searched, and while notes wait for a worker that stands still."""
        if queue.failed:
            return busy("the models cannot be warmed up: the server's log says why")
        if queue.stalled:
            return busy(f"no note was coded for {limits.seconds:g} s")
        if not queue.ready.is_set():
            return busy("the models are warming up")
        return Health(status="ok") if index.ready.is_set() else busy(NOT_INDEXED)

    @app.get(
        "/metrics",
        tags=["health"],
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **problems.described(401),
        },
        dependencies=with_token,
    )
    async def show_metrics() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    _add_page(app)
    _describe(app)
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    parameters = {one.alias for route in routes for one in get_flat_params(route.dependant)}
    problems.install(app, known_fields=RequestBody.field_names() | parameters)
    app.add_middleware(Bound, limits)  # the last that is added is the outermost
    app.add_middleware(Admit, token, desk.access if desk else None)
    app.add_middleware(Observe, metrics)
    return app


async def _watch(queue: BatchQueue) -> None:
    """Logs when the worker stalls, and when it continues."""
    stalled = False
    while True:
        await asyncio.sleep(1)
        if queue.stalled != stalled:
            stalled = not stalled
            if stalled:
                logger.error("the worker stands still: %d notes wait, not ready", len(queue))
            else:
                logger.warning("the worker goes on: ready")


def _log_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio has to say outside of any request, such as that there are no more file descriptors."""
    error = context.get("exception")
    logger.error("%s%s", context["message"], f": {type(error).__name__}" if error else "")


def _add_page(app: FastAPI) -> None:
    files = {
        "/" if one.name == "index.html" else f"/{one.name}": (
            one.read_bytes(),
            f"{_KINDS[PurePath(one.name).suffix]}; charset=utf-8",
        )
        for one in (resources.files("icdbridge.server") / "desk").iterdir()
    }
    files |= {f"/examples/{name}": (example(name).encode(), "text/plain; charset=utf-8") for name in EXAMPLES}
    for path, (content, media_type) in files.items():
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"', "Cache-Control": "no-cache"}

        async def file(
            request: Request,
            content: bytes = content,
            media_type: str = media_type,
            headers: Mapping[str, str] = headers,
        ) -> Response:
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=dict(headers))
            return Response(content, media_type=media_type, headers=dict(headers))

        app.add_api_route(path, file, include_in_schema=False)


def _describe(app: FastAPI) -> None:
    """Puts the problem into the OpenAPI description, where the answers refer to it."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        description = made()
        problem = problems.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = problem.pop("$defs")
        description["components"]["schemas"] |= {"ProblemDetails": problem, **parts}
        return description

    app.openapi = openapi  # type: ignore[method-assign]
