"""One connection: time limits that uvicorn lacks, and protocol errors as problem documents."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from icdbridge.server.guards import HEADERS
from icdbridge.server.limits import Limits
from icdbridge.server.observing import logger
from icdbridge.server.problems import Problem

SPARE = 64  # connections beyond the limit that are told so; still more are closed without a word
LINGER_SECONDS = 1.0  # for a client to read the last answer: closing at once would take it away unread


class Connection(H11Protocol):
    """A connection, closed if the head of a request is not complete within ``head_seconds``, or nothing was read."""

    def __init__(self, *arguments: Any, limits: Limits, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._limits = limits
        self._seconds = min(limits.head_seconds, limits.seconds)
        self._no_head = _Timer(self._seconds, self._head_is_late)
        self._no_reader = _Timer(self._seconds, lambda: self.transport.abort())
        self._ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Lingering(transport, self))  # type: ignore[arg-type]
        transport.set_write_buffer_limits(0)  # pause_writing as soon as anything waits to be read
        over = len(self.connections) - self._limits.connections
        if over > 0:
            logger.warning("more than %d connections at once: refused", self._limits.connections)
            if over > SPARE:
                transport.abort()
            else:
                self._end(Problem(503, "too many connections at once", headers={"Retry-After": "1"}))
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        super().data_received(data)
        self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._no_reader.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._no_reader.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_head.stop()
        self._no_reader.stop()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._ending or self.conn.our_state is h11.ERROR:
            self.transport.close()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn while it handles what h11 raised."""
        raised = sys.exc_info()[1]
        status = raised.error_status_hint if isinstance(raised, h11.RemoteProtocolError) else 400
        self._end(Problem(status, "this is not a request in HTTP/1.1"))

    def _should_upgrade(self) -> bool:
        return False  # the request is answered as if it did not ask for another protocol, as HTTP has it

    def _await_head(self) -> None:
        """Runs the clock while there is no request at work: also while the rest of one that was answered flows in."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._no_head.stop()
        elif not self._ending:
            self._no_head.start()

    def _head_is_late(self) -> None:
        begun = self.conn.our_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if begun:
            self._end(Problem(408, f"no whole request within {self._seconds:g} s"))
        else:
            self.transport.close()

    def _end(self, problem: Problem) -> None:
        """The last answer on this connection; what else arrives is thrown away."""
        self._ending = True
        self._no_head.stop()
        self._unset_keepalive_if_required()
        if self.cycle is not None:
            self.cycle.disconnected = True  # its handler may still be running
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer is on its way already
            self.transport.close()
            return
        response = problem.response()
        headers = [*self.server_state.default_headers, *response.raw_headers]
        headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        headers += [(b"cache-control", b"no-store"), (b"connection", b"close")]
        head = h11.Response(
            status_code=problem.status, headers=headers, reason=STATUS_PHRASES.get(problem.status, b"")
        )
        for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def close(self, transport: asyncio.Transport) -> None:
        """Closes at once where the request was read whole, else after what the client may still be sending."""
        if self.conn.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED) or not transport.can_write_eof():
            transport.close()
        elif not transport.is_closing():
            self._ending = True
            self._no_head.stop()
            try:
                transport.write_eof()
            except OSError:  # the client has gone
                transport.abort()
            self.loop.call_later(LINGER_SECONDS, transport.abort)


class _Lingering:
    """A transport whose ``close`` is the connection's: uvicorn calls it in many places."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport, self._connection = transport, connection

    def close(self) -> None:
        self._connection.close(self._transport)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Timer:
    """Calls ``act`` so many seconds after the first ``start``, unless it is stopped before."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds, self._act = seconds, act
        self._running: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._running is None:
            self._running = asyncio.get_running_loop().call_later(self._seconds, self._act)

    def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None
