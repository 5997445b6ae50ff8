"""What every request passes before and after its handler: ASGI middleware, the outermost class first."""

import asyncio
import hmac
import time
import traceback
from urllib.parse import urlsplit

from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from icdbridge.server.limits import BODY_BYTES, Limits
from icdbridge.server.observing import Metrics, logger
from icdbridge.server.problems import Problem

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
_TOO_LARGE = f"a body may have at most {BODY_BYTES:,} bytes"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


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
        except Exception as error:  # its message may quote a note: only its type and place are logged
            places = " < ".join(
                f"{frame.filename}:{frame.lineno}"
                for frame in reversed(traceback.extract_tb(error.__traceback__)[-5:])
            )
            logger.error("%s at %s", type(error).__name__, places)
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
    The page's files and the health checks are open: they hold nothing.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(Headers(scope=scope), scope["path"])):
            return await refusal(scope, receive, send)
        await self.app(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        if self.token is None:
            if _host(headers) in LOOPBACK:
                return None
            return Problem(421, "without a token this server answers to localhost only").response()
        if not path.startswith(("/v1/", "/metrics", "/openapi.json")):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # bytes, because the comparison of texts refuses what is not ASCII
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return None
        challenge = {"WWW-Authenticate": "Bearer"}
        return Problem(
            401, "send the server's token: Authorization: Bearer TOKEN", headers=challenge
        ).response()


def _host(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:  # such as an unclosed bracket
        return None


class Bound:
    """Bounds how many requests to /v1 are at work at once, how large each is and how long it may take."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            return await self.app(scope, receive, send)
        if self._running >= self.limits.requests:
            return await busy("too many requests at once")(scope, receive, send)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > BODY_BYTES:
            return await Problem(413, _TOO_LARGE, headers={"Connection": "close"}).response()(
                scope, receive, send
            )
        arrived = started = False
        size = 0

        async def receive_watched() -> Message:
            nonlocal arrived, size
            message = await receive()
            arrived = arrived or not message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > BODY_BYTES:
                raise HTTPException(413, _TOO_LARGE)
            return message

        async def send_watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        self._running += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self.app(scope, receive_watched, send_watched)
        except TimeoutError:
            if started:
                raise
            late = f"the answer was not ready within {self.limits.seconds:g} s"
            slow = f"the body did not arrive within {self.limits.seconds:g} s"
            response = (
                busy(late) if arrived else Problem(408, slow, headers={"Connection": "close"}).response()
            )
            await response(scope, receive, send)
        finally:
            self._running -= 1


def busy(detail: str, retry_after: int = 1) -> Response:
    """503 with the number of seconds after which to try again."""
    return Problem(503, detail, headers={"Retry-After": str(retry_after)}).response()
