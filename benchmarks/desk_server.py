"""`icdbridge serve --store` as a process of its own, which a benchmark may kill and start again.

As a program: `python -m benchmarks.desk_server PORT STORE`, the same server with a model that suggests nothing, so that
a start takes a second.
"""

import logging.config
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.processes import started

SERVE = ("-c", "from icdbridge.cli import main; main()", "serve", "--port")


class DeskServer:
    """The server at ``url``; without ``models`` nothing is suggested. ``start`` waits until it answers."""

    def __init__(self, store: str, log: Path, *, models: bool = True) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url, self._log = f"http://127.0.0.1:{port}", log
        self._ready = "/health/ready" if models else "/health/live"
        served = (*SERVE, str(port), "--store", store)
        alone = ("-m", "benchmarks.desk_server", str(port), store)
        self._command = [sys.executable, *(served if models else alone)]

    def start(self) -> "DeskServer":
        with self._log.open("ab") as log:
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            self.process = started(self._command, stdout=log, stderr=log, env=environment)
        with httpx.Client(base_url=self.url, timeout=60, verify=False) as client:
            for _ in range(6000):
                try:
                    if client.get(self._ready).status_code == 200:
                        return self
                except httpx.TransportError:
                    pass
                if self.process.poll() is not None:
                    raise RuntimeError(self._log.read_text("utf-8")[-2000:])
                time.sleep(0.05)
        raise RuntimeError("the server did not become ready")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    @property
    def megabytes(self) -> float:
        """Its memory, as it stands in RAM."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6


class Nothing:
    """A model that suggests nothing."""

    name, versions, default_version, basis = "nothing", ("icd10",), "icd10", "nothing"
    max_note_words, threshold, synthetic, measured, settings = 4_000, 0.5, True, False, ()
    evidence_apart = False
    calibration: Mapping[str, Any] = {}

    def fingerprint(self) -> str:
        return self.name

    def fault(self, text: str) -> None:
        return None

    def count_words(self, text: str) -> int:
        return len(text.split())

    def codes_of(self, version: str) -> dict[str, str]:
        return {"icd10cm:I10": "Essential (primary) hypertension"}

    def scored_codes(self, version: str | None, codes: Mapping[str, str] | None) -> int:
        return 1

    def code_many(self, texts: Sequence[str], version: str | None = None, **options: Any) -> list[list[Any]]:
        return [[] for _ in texts]


def main() -> None:
    from icdbridge.server import Limits, create_app
    from icdbridge.server.desk_api import Access, Desk
    from icdbridge.server.listening import make_server
    from icdbridge.server.observing import LOGGING
    from icdbridge.server.store import open_store

    port, address = sys.argv[1:]
    logging.config.dictConfig(LOGGING)
    store = open_store(address)
    app = create_app({"nothing": Nothing()}, desk=Desk(store, Access(store)))  # type: ignore[dict-item]
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        make_server(app, Limits()).run(sockets=[listener])


if __name__ == "__main__":
    main()
