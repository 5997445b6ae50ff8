"""`icdbridge serve --store` as a process of its own, which a benchmark may kill and start again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

MAIN = "from icdbridge.cli import main; main()"


class DeskServer:
    """The server at ``url``; ``ready`` says when it answers: ``/health/live``, or ``/health/ready`` with the models."""

    def __init__(self, store: str, log: Path, ready: str = "/health/ready") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url, self._log, self._ready = f"http://127.0.0.1:{port}", log, ready
        self._command = [sys.executable, "-c", MAIN, "serve", "--port", str(port), "--store", store]

    def start(self) -> "DeskServer":
        with self._log.open("ab") as log:
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment)
        for _ in range(6000):
            try:
                if httpx.get(self.url + self._ready, timeout=60).status_code == 200:
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
