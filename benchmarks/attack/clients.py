"""An innocent client of a server that others attack."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from benchmarks.attack.attackers import ATTACKS, SMALL
from benchmarks.attack.outcomes import LOST, SILENT, SOUND, TRACEBACK, Outcome
from benchmarks.processes import started
from benchmarks.serve import start

LOG_BYTES = 200_000  # that the log may grow in one attack


class Server:
    """The server under attack."""

    def __init__(self, run: Path, log: Path, version: str) -> None:
        self.process, self.url = start(run, log)
        self.log = log
        self.body = json.dumps({"notes": [{"text": SMALL}], "version": version}).encode()

    def peak(self) -> float:
        """The most memory since ``forget``, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return 1024.0 * int(found[1]) if found else 0.0

    def forget(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def innocent(server: Server, seconds: float, outcome: Outcome) -> list[float]:
    """Seconds of each answer to a small note, one after another; a wrong answer or none is lost."""
    took, expected = [], None
    with httpx.Client(base_url=server.url, timeout=60) as client:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start_at = time.perf_counter()
            try:
                answer = client.post(
                    "/v1/code", content=server.body, headers={"Content-Type": "application/json"}
                )
            except httpx.TransportError as error:
                outcome.add(LOST, f"{type(error).__name__}")
                continue
            took.append(time.perf_counter() - start_at)
            if answer.status_code != 200:
                outcome.add(LOST, f"{answer.status_code} {answer.text[:100]}")
                continue
            found = [one["code"] for one in answer.json()["notes"][0]["suggestions"]]
            expected = expected or found
            outcome.add(SOUND if found == expected else SILENT, "another answer to the same note")
            time.sleep(0.1)
    return took


def attack_server(server: Server, version: str, seconds: float) -> list[Outcome]:
    """Each attack for so many seconds, with the innocent client beside it."""
    outcomes = [Outcome("nobody else")]
    for _ in range(2):  # the first fills the caches
        server.forget()
        took = innocent(server, seconds / 2, outcomes[0])
    idle = server.peak()
    outcomes[0].p95, outcomes[0].memory = float(np.percentile(took, 95)), 1.0
    for name in ATTACKS:
        outcome = Outcome(name)
        logged = server.log.stat().st_size
        server.forget()
        attackers = started(
            [sys.executable, "-m", "benchmarks.attack.attackers", server.url, version, name],
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(2)  # it is at work
            took = innocent(server, seconds, outcome)
        finally:
            attackers.kill()
            attackers.wait()
        outcome.p95 = float(np.percentile(took, 95)) if took else None
        outcome.memory = server.peak() / idle
        said = server.log.read_text("utf-8")[logged:]
        if "Traceback" in said or re.search(r"ERROR \w*(Error|Exception) at", said):
            outcome.add(TRACEBACK, said[-300:])
        if len(said) > LOG_BYTES:
            outcome.add(SILENT, f"the log grew by {len(said):,} bytes")
        outcomes.append(outcome)
        print(f"  {name}: p95 {1000 * (outcome.p95 or 0):,.0f} ms, memory x {outcome.memory:.2f}", flush=True)
    return outcomes


def serve_under_attack(run: Path, work: Path, version: str, seconds: float) -> list[Outcome]:
    """All attacks on one server, which must then end when it is told to."""
    server = Server(run, work / "log.txt", version)
    stop = Outcome("told to stop afterwards")
    try:
        outcomes = attack_server(server, version, seconds)
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(60)
            stop.add(SOUND)
        except subprocess.TimeoutExpired:
            stop.add(LOST, "it does not end within 60 s")
    finally:
        server.process.kill()
        server.process.wait()
    return [*outcomes, stop]
