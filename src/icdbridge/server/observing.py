"""Metrics and logs: counts, sizes and times, never a word of a note, a query or a body."""

import logging
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

logger = logging.getLogger("icdbridge.server")

LOGGING: dict[str, Any] = {  # of the whole process; uvicorn's own access log, which holds queries, is off
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "icdbridge.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


class Metrics:
    """What ``/metrics`` shows; labels take their values from closed sets only."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = Counter(
            "icdbridge_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "icdbridge_request_seconds", "Seconds to answer", ["route"], registry=self.registry
        )
        self.notes = Counter("icdbridge_notes", "Notes coded", ["model", "version"], registry=self.registry)
        self.batch_notes = Histogram(
            "icdbridge_batch_notes",
            "Notes coded together",
            buckets=(1, 2, 4, 8, 16),
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "icdbridge_batch_seconds", "Seconds to code a batch", registry=self.registry
        )
        Gauge("icdbridge_waiting_notes", "Notes in the queue", registry=self.registry).set_function(waiting)

    def batch(self, notes: int, seconds: float) -> None:
        self.batch_notes.observe(notes)
        self.batch_seconds.observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self.registry)
