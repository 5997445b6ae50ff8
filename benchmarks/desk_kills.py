"""Kill -9 of server and database while clients save decisions: every acknowledged decision has to be there.

    python -m benchmarks.desk_kills [file database postgresql] [--kills 10] [--clients 8]

So many kills of each part: of the server with a store in a `file`, of the server with a store on PostgreSQL
(`database`), and of `postgresql` itself. Each client decides on encounters of its own and of others, waits for each
answer, and goes on after an error as the page does: it reads the encounter again. Exits 1 where an acknowledged
decision is missing or the audit trail does not verify. The processes die, the machine does not: a loss of power is the
disk's to bear.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
from sqlalchemy import select

from benchmarks.desk_server import DeskServer
from benchmarks.postgresql import Postgresql
from icdbridge.server.store import Store, open_store
from icdbridge.server.store.encounters import receive
from icdbridge.server.store.records import Decision, Document
from icdbridge.server.store.trail import verify

CODES = ("I10", "E11.9", "J18.9", "N17.9", "E87.6", "J44.1", "I50.9", "Z79.4", "E78.5", "F41.1")
VERDICTS = ("accepted", "rejected", "undecided")
PARTS = ("file", "database", "postgresql")
ENCOUNTERS = 16
AT_LEAST = 20  # decisions acknowledged between two kills


class Saved(NamedTuple):
    """A decision that was acknowledged."""

    encounter: int
    version: int
    code: str
    verdict: str


class Client(threading.Thread):
    """Saves decisions until it is told to stop."""

    def __init__(self, url: str, seed: int, saved: list[Saved], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._url, self._saved, self._stopping, self._rng = url, saved, stop, random.Random(seed)
        self.answers = Counter[str]()

    def run(self) -> None:
        with httpx.Client(base_url=f"{self._url}/v1/desk", timeout=30, verify=False) as client:
            while not self._stopping.is_set():
                try:
                    self._work(client)
                except httpx.TransportError:
                    self.answers["no answer"] += 1
                    time.sleep(0.1)

    def _work(self, client: httpx.Client) -> None:
        number = self._rng.randint(1, ENCOUNTERS)
        opened = client.get(f"/encounters/{number}")
        if opened.status_code != 200:
            self.answers[str(opened.status_code)] += 1
            time.sleep(0.1)
            return
        version = opened.json()["version"]
        for _ in range(8):
            code, verdict = self._rng.choice(CODES), self._rng.choice(VERDICTS)
            decision = {"system": "icd10cm", "code": code, "verdict": verdict}
            body = {"version": version, "decisions": [decision]}
            answer = client.post(f"/encounters/{number}/decisions", json=body)
            self.answers[str(answer.status_code)] += 1
            if answer.status_code != 200:
                return
            version = answer.json()["version"]
            self._saved.append(Saved(number, version, code, verdict))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    whole = [part(one, asked) for one in PARTS if one in asked.parts]
    sys.exit(0 if all(whole) else 1)


def part(name: str, asked: argparse.Namespace) -> bool:
    """Starts what a part needs, and kills; whether nothing was lost."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        if name == "file":
            address = str(Path(folder) / "desk.db")
            server = DeskServer(address, log, models=False)
            return killed("server, store in a file", address, server, server, asked)
        database = Postgresql().start()
        try:
            server = DeskServer(database.address, log, models=False)
            if name == "database":
                return killed("server, store on PostgreSQL", database.address, server, server, asked)
            return killed("PostgreSQL", database.address, server, database, asked)
        finally:
            database.stop()


def killed(
    what: str, address: str, server: DeskServer, victim: DeskServer | Postgresql, asked: argparse.Namespace
) -> bool:
    """Kills the victim again and again; whether all that was acknowledged is there."""
    store = open_store(address)
    with store.writing() as session:
        for number in range(ENCOUNTERS):
            receive(session, "benchmark", f"E-{number}", [Document(text="Made-up note.")])
    server.start()
    saved, stop = list[Saved](), threading.Event()
    clients = [Client(server.url, seed, saved, stop) for seed in range(asked.clients)]
    for client in clients:
        client.start()
    rng = random.Random(0)
    for _ in range(asked.kills):
        before = len(saved)
        wait_until(lambda before=before: len(saved) >= before + AT_LEAST)
        time.sleep(rng.random() / 2)
        victim.kill()
        victim.start()
    stop.set()
    for client in clients:
        client.join()
    server.stop()
    answers = sum((client.answers for client in clients), Counter[str]())
    missing, entries, fault = examined(store, saved)
    store.close()
    print(
        f"{what}: {asked.kills} kills, {len(saved)} decisions acknowledged, {missing} of them missing; trail of "
        f"{entries} entries {'broken: ' + fault if fault else 'unbroken'}; answers "
        + ", ".join(f"{answer}: {count}" for answer, count in sorted(answers.items())),
        flush=True,
    )
    return not missing and fault is None


def examined(store: Store, saved: list[Saved]) -> tuple[int, int, str | None]:
    """How many acknowledged decisions are missing, entries of the trail, what is wrong with it."""
    with store.reading() as session:
        rows = session.execute(
            select(Decision.encounter_id, Decision.version, Decision.code, Decision.verdict)
        )
        kept = {Saved(*row) for row in rows}
        trail = verify(session)
    return len(set(saved) - kept) + len(saved) - len(set(saved)), trail.entries, trail.fault


def wait_until(done: Callable[[], bool], seconds: float = 120) -> None:
    for _ in range(int(seconds / 0.05)):
        if done():
            return
        time.sleep(0.05)
    raise RuntimeError("the clients make no progress")


if __name__ == "__main__":
    main()
