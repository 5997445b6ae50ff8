"""ASGI middleware that every request passes, the outermost class first."""

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from icdbridge.server.limits import BODY_BYTES, DOCUMENT_BYTES, HELD_BYTES, Limits
from icdbridge.server.observing import Metrics, logger, places
from icdbridge.server.problems import Problem

if TYPE_CHECKING:
    from icdbridge.server.desk_api import Access

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
_GUARDED = ("/v1/", "/metrics", "/openapi.json")
_PIECE = 64 * 1024  # bytes of an answer that wait in the socket


class Observe:
    """Counts and logs each answer, adds the security headers, answers 500 where the server itself fails."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status = time.perf_counter(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, send_guarded)
        except asyncio.CancelledError:  # by uvicorn, when it stops and has waited long enough
            if not status:
                await busy("the server is stopping")(scope, receive, send_guarded)
        except Exception as error:  # its message may quote a note: only its type and place are logged
            logger.error("%s at %s", type(error).__name__, places(error))
            if not status:
                response = Problem(500, "the error is in the server's log").response()
                await response(scope, receive, send_guarded)
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        seconds = time.perf_counter() - start
        self.metrics.requests.labels(method, route, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        logger.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)


class Admit:
    """Lets in who has the token; without one, only requests that name this machine as their host.

    The second keeps a web page that someone visits from reaching a server on loopback by a name of its own.
    The page's files and the health checks are open: they hold nothing. With a store, ``access`` says who asks, and the
    paths find it as ``request.state.person``.
    """

    def __init__(self, app: ASGIApp, token: str | None, access: "Access | None" = None) -> None:
        self.app, self.token, self.access = app, token, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if self.access is None:
                refusal = self._refusal(headers, scope["path"])
            else:
                refusal = await self._refusal_by_person(self.access, headers, scope)
            if refusal:
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)

    async def _refusal_by_person(self, access: "Access", headers: Headers, scope: Scope) -> Response | None:
        if not scope["path"].startswith(_GUARDED):
            return None
        from icdbridge.server.store import StoreUnreachable

        try:
            person = await asyncio.to_thread(access.person, headers)
        except StoreUnreachable:
            return busy("the store does not answer")
        if person is None:
            return _unknown("sign in: Authorization: Bearer TOKEN")
        if access.is_local(person) and (elsewhere := _elsewhere(headers)):
            return elsewhere
        scope.setdefault("state", {})["person"] = person
        return None

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        if self.token is None:
            return _elsewhere(headers)
        if not path.startswith(_GUARDED):
            return None
        # bytes, because the comparison of texts refuses what is not ASCII
        if hmac.compare_digest(bearer(headers).encode(), self.token.encode()):
            return None
        return _unknown("send the server's token: Authorization: Bearer TOKEN")


def _unknown(detail: str) -> Response:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"}).response()


def _elsewhere(headers: Headers) -> Response | None:
    """The refusal of a request that does not name this machine as its host."""
    if [names_this_machine(host) for host in headers.getlist("host")] == [True]:
        return None
    return Problem(421, "without a token this server answers to localhost only").response()


def bearer(headers: Headers) -> str:
    """The token of a request; empty where there is none."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


_HOST = re.compile(r"(?:([A-Za-z][A-Za-z0-9.-]*|[0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{1,5}))?")


def names_this_machine(host: str) -> bool:
    """Whether a Host header is ``localhost`` or a loopback address, in brackets if IPv6, with a port or without.

    Other spellings that some resolver might take for it (``localhost.``, ``127.1``, ``user@localhost``) are not.
    """
    found = _HOST.fullmatch(host)
    if not found or not 0 < int(found[3] or 80) < 65_536:
        return False
    name, address, _ = found.groups()
    return is_loopback(name.lower()) if address is None else ":" in address and is_loopback(address)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Bound:
    """Bounds the requests to /v1: how many at once, how large each is, what they hold together, how long each takes.

    Answers go out in pieces: the server holds the rest, and counts it, until the client has read what came before.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits
        self._running = self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            return await self.app(scope, receive, send)
        if self._running >= self.limits.requests:
            return await busy("too many requests at once")(scope, receive, send)
        declared = Headers(scope=scope).get("content-length", "")
        most = DOCUMENT_BYTES if scope["path"] in ("/v1/documents", "/v1/desk/files") else BODY_BYTES
        too_large = f"a body may have at most {most:,} bytes: send less at once"
        if declared.isdigit() and int(declared) > most:
            return await Problem(413, too_large).response()(scope, receive, send)
        started = refused = False
        arrived = asyncio.Event()
        size = answer = 0

        async def receive_watched() -> Message:
            nonlocal size
            message = await receive()
            if not message.get("more_body", False):
                arrived.set()
            size += len(message.get("body", b""))
            self._held += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, too_large)
            if self._held > HELD_BYTES:
                raise HTTPException(503, headers={"Retry-After": "1"})
            return message

        async def send_watched(message: Message) -> None:
            nonlocal started, refused, answer
            if message["type"] == "http.response.start":
                answer = int(Headers(scope=message).get("content-length", "0"))
                refused = answer > _PIECE and self._held + answer > HELD_BYTES
                self._held += 0 if refused else answer
                started = True
                if refused:
                    answer = 0
                    return await busy("too many long answers are being read")(scope, receive, send)
            if refused:
                return
            body = message.get("body", b"")
            for start in range(0, len(body) - _PIECE, _PIECE):
                await send({**message, "body": body[start : start + _PIECE], "more_body": True})
            await send({**message, "body": body[-(len(body) % _PIECE or _PIECE) :]} if body else message)

        self._running += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                await _unless_left(self.app(scope, receive_watched, send_watched), arrived, receive)
        except TimeoutError:
            if started:  # the client does not read: uvicorn closes an answer that is not complete
                return
            if arrived.is_set():
                response = busy(f"the answer was not ready within {self.limits.seconds:g} s")
            else:
                slow = f"the body did not arrive within {self.limits.seconds:g} s"
                response = Problem(408, slow, headers={"Connection": "close"}).response()
            await response(scope, receive, send)
        finally:
            self._running -= 1
            self._held -= size + answer


async def _unless_left(work: Awaitable[None], arrived: asyncio.Event, receive: Receive) -> None:
    """Does the work on a request; gives it up when the client closes the connection after its body has ``arrived``."""

    async def left() -> None:
        await arrived.wait()
        await receive()  # says nothing more until the client leaves, or the answer is complete

    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(left())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def busy(detail: str) -> Response:
    """503: to be tried again in a second."""
    return Problem(503, detail, headers={"Retry-After": "1"}).response()
