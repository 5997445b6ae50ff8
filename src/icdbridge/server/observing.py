"""Metrics and logs: counts, sizes and times, never a word of a note, a query or a body."""

import logging
import time
import traceback
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

logger = logging.getLogger("icdbridge.server")

SELDOM, PERIOD = 5, 60.0  # so many warnings of a kind in so many seconds are written, the others counted


def places(error: BaseException) -> str:
    """Where an error was raised, the innermost place first: its message may quote a note."""
    return _places(error.__traceback__)


def _places(found: TracebackType | None) -> str:
    return " < ".join(
        f"{frame.filename}:{frame.lineno}" for frame in reversed(traceback.extract_tb(found)[-5:])
    )


class Line(logging.Formatter):
    """One line a record, also where a library logs an exception with its traceback and message."""

    def formatException(self, ei: Any) -> str:
        return f"{ei[0].__name__ if ei[0] else 'error'} at {_places(ei[2])}"

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split("\n"))


class Seldom(logging.Filter):
    """Lets few warnings of a kind through, so that nobody can fill the disk with them."""

    def __init__(self) -> None:
        super().__init__()
        self._since = 0.0
        self._seen: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - self._since > PERIOD:
            self._since, self._seen = now, {}
        kind = str(record.msg)
        self._seen[kind] = self._seen.get(kind, 0) + 1
        if self._seen[kind] == SELDOM:
            record.msg = f"{record.msg} (more of this kind in this minute are not written)"
        return self._seen[kind] <= SELDOM


LOGGING: dict[str, Any] = {  # of the whole process; uvicorn's own access log, which holds queries, is off
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": Line, "format": "%(asctime)s %(levelname)s %(message)s"}},
    "filters": {"seldom": {"()": Seldom}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["seldom"]}},
    "loggers": {
        "icdbridge.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "asyncio": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


class Metrics:
    """What ``/metrics`` shows; labels take their values from closed sets only."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        counter, histogram = (
            partial(Counter, registry=self.registry),
            partial(Histogram, registry=self.registry),
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = counter("icdbridge_requests", "Requests answered", ["method", "route", "status"])
        self.seconds = histogram("icdbridge_request_seconds", "Seconds to answer", ["route"])
        self.notes = counter("icdbridge_notes", "Notes coded", ["model", "version"])
        self.batch_notes = histogram(
            "icdbridge_batch_notes", "Notes coded together", buckets=(1, 2, 4, 8, 16)
        )
        self.batch_seconds = histogram("icdbridge_batch_seconds", "Seconds to code a batch")
        Gauge("icdbridge_waiting_notes", "Notes in the queue", registry=self.registry).set_function(waiting)

    def batch(self, notes: int, seconds: float) -> None:
        self.batch_notes.observe(notes)
        self.batch_seconds.observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self.registry)
