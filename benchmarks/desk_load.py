"""Load on the department's desk: a long worklist, 20 coders at human pace, memory over 5,000 saves.

    python -m benchmarks.desk_load [list documents pace saves] [--coders 20] [--minutes 3] [--saves 5000]

Its parts: lists and openings, an encounter of 50 documents of 20 pages, coders at human pace, saves without a pause.
One server with the starter and a store in a file; server and coders share the machine. The 10,000 encounters of the
worklist are made up and so are their suggestions (synthetic); those that the coders work on are the starter's example
notes, which it codes as they arrive. Each coder lists, opens, reads, searches, decides every 2 to 6 seconds, checks the
codes after each decision, and finishes; an encounter arrives every 10 seconds meanwhile.
"""

import argparse
import random
import tempfile
import threading
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.desk_server import DeskServer
from icdbridge.server.store import Store, open_store
from icdbridge.server.store.records import Coding, Document, Encounter, StoredSuggestion
from icdbridge.starter.examples import EXAMPLES, example

PARTS = ("list", "documents", "pace", "saves")
LISTED = 10_000
QUERIES = ("chf", "copd exac", "left hip fx", "t2dm ckd", "aki", "htn", "pneumonia")
ORDERS = ("need", "trust", "due", "discharge", "updated", "number")
ABOUT = {
    "model": "seeded",
    "fingerprint": "seeded",
    "code_version": "icd10",
    "release": "FY2026",
    "document_ids": [],
    "repeats": {},
}
CODES = ("I10", "E11.9", "J18.9", "N17.9", "E87.6", "J44.1", "I50.9", "Z79.4", "E78.5", "F41.1")

Times = dict[str, list[float]]


class Desk:
    """One person's connection; the milliseconds of each kind of answer go into ``times``."""

    def __init__(self, url: str, times: Times) -> None:
        self._client, self._times = httpx.Client(base_url=f"{url}/v1", timeout=60, verify=False), times

    def ask(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        start = time.perf_counter()
        answer = self._client.request(method, path, json=body)
        self._times[kind].append(1000 * (time.perf_counter() - start))
        if answer.status_code == 409:
            return None
        answer.raise_for_status()
        return answer.json()

    def save(self, number: int, version: int, code: str, verdict: str) -> Any:
        decision = {"system": "icd10cm", "code": code, "verdict": verdict}
        return self.ask(
            "save",
            "POST",
            f"/desk/encounters/{number}/decisions",
            {"version": version, "decisions": [decision]},
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--coders", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--saves", type=int, default=5000)
    parser.add_argument("--store", type=Path, help="a file to fill, or that an earlier call filled")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = asked.store or folder / "desk.db"
        if not file.exists():
            store = open_store(str(file))
            fill(store)
            store.close()
        server = DeskServer(str(file), folder / "log.txt").start()
        try:
            if "list" in asked.parts:
                long_list(server)
            if "documents" in asked.parts:
                many_documents(server)
            if "pace" in asked.parts:
                human_pace(server, asked.coders, asked.minutes)
            if "saves" in asked.parts:
                memory(server, asked.saves)
        finally:
            server.stop()


def fill(store: Store) -> None:
    """A long worklist, synthetic."""
    rng = random.Random(0)
    suggestions = [
        {"rank": rank, "system": "icd10cm", "code": code, "description": code, "probability": 0.5, "confidence": 0.5,
         "band": "possible", "context": None, "predicted": False, "reason": None, "alternatives": [], "evidence": []}
        for rank, code in enumerate(CODES, 1)
    ]  # fmt: skip
    for first in range(0, LISTED, 500):
        with store.writing() as session:
            for place in range(first, first + 500):
                text = f"Made-up note {place}. " * 100
                session.add(
                    Encounter(
                        number=f"L-{place}",
                        patient=f"P-{place % 7000}",
                        setting=rng.choice(("inpatient", "outpatient")),
                        due=date(2025, 1, 1) + timedelta(rng.randrange(90)),
                        need=rng.random() * 5,
                        to_code=False,
                        updated_by="benchmark",
                        documents=[Document(text=text, characters=len(text))],
                    )
                )
            session.flush()
            for number in range(first + 1, first + 501):
                rows = [StoredSuggestion(**one) for one in suggestions]
                session.add(Coding(encounter_id=number, suggestions=rows, **ABOUT))


def long_list(server: DeskServer) -> None:
    """Lists and opens, one after the other."""
    times: Times = defaultdict(list)
    desk, rng = Desk(server.url, times), random.Random(1)
    for turn in range(60):
        wanted: dict[str, Any] = {"sort": ORDERS[turn % len(ORDERS)], "offset": rng.randrange(LISTED - 50)}
        wanted |= (
            {"words": f"-{turn}"} if turn % 3 == 0 else {"setting": "inpatient"} if turn % 3 == 1 else {}
        )
        desk.ask(f"list of {LISTED:,}", "POST", "/desk/worklist", wanted)
        desk.ask("open", "GET", f"/desk/encounters/{rng.randrange(1, LISTED)}")
    show("One person", times)


def many_documents(server: DeskServer) -> None:
    """50 documents of 20 pages in an encounter: received, coded in the background, opened."""
    times: Times = defaultdict(list)
    desk = Desk(server.url, times)
    called = f"BIG-{time.time_ns()}"
    for place in range(50):
        pages = "\n".join(
            f"Line {line} of note {place}: filler words of a long stay." for line in range(1200)
        )
        text = f"{example('discharge')}\n{pages}" if place % 5 == 0 else pages
        one = {"text": text, "source_id": str(place)}
        desk.ask("receive a document", "POST", "/desk/encounters", {"number": called, "documents": [one]})
    number = desk.ask("list", "POST", "/desk/worklist", {"words": called})["encounters"][0]["id"]
    start = time.perf_counter()
    while not (opened := desk.ask("open", "GET", f"/desk/encounters/{number}"))["coded"]:
        time.sleep(1)
    print(f"50 documents of 20 pages are coded in {time.perf_counter() - start:.0f} s, in the background")
    for one in opened["documents"]:
        desk.ask("read a document", "GET", f"/desk/documents/{one['id']}")
    for _ in range(20):
        desk.ask("open, coded", "GET", f"/desk/encounters/{number}")
    show("50 documents of 20 pages", times)


def human_pace(server: DeskServer, coders: int, minutes: float) -> None:
    """Coders who read and think between two clicks."""
    times: Times = defaultdict(list)
    end = time.monotonic() + 60 * minutes
    people = [threading.Thread(target=coder, args=(server.url, times, seed, end)) for seed in range(coders)]
    people.append(threading.Thread(target=feed, args=(server.url, times, end)))
    for one in people:
        one.start()
    for one in people:
        one.join()
    show(f"{coders} coders at human pace, {minutes:g} minutes", times)


def coder(url: str, times: Times, seed: int, end: float) -> None:
    rng, desk = random.Random(seed), Desk(url, times)
    time.sleep(rng.random() * 4)
    while time.monotonic() < end:
        listed = desk.ask("list", "POST", "/desk/worklist", {"states": ["new", "in work"], "sort": "updated"})
        row = rng.choice(listed["encounters"])
        opened = desk.ask("open", "GET", f"/desk/encounters/{row['id']}")
        for document in opened["documents"]:
            desk.ask("read a document", "GET", f"/desk/documents/{document['id']}")
        version = opened["version"]
        if not opened["suggestions"]:
            continue
        for suggestion in opened["suggestions"][:12]:
            time.sleep(2 + 4 * rng.random())
            if time.monotonic() > end:
                return
            if rng.random() < 0.2:
                desk.ask("search codes", "GET", f"/codes?q={rng.choice(QUERIES)}")
            saved = desk.save(row["id"], version, suggestion["code"], rng.choice(("accepted", "rejected")))
            if saved is None:  # somebody else is at it
                break
            version = saved["version"]
            desk.ask("check", "GET", f"/desk/encounters/{row['id']}/findings")
        else:
            desk.ask(
                "finish", "PATCH", f"/desk/encounters/{row['id']}", {"version": version, "state": "done"}
            )


def feed(url: str, times: Times, end: float) -> None:
    desk, place = Desk(url, times), 0
    while time.monotonic() < end:
        text = example(EXAMPLES[place % len(EXAMPLES)])
        desk.ask(
            "receive", "POST", "/desk/encounters", {"number": f"N-{place}", "documents": [{"text": text}]}
        )
        place += 1
        time.sleep(10)


def memory(server: DeskServer, saves: int) -> None:
    """Saves without a pause, by four clients."""
    times: Times = defaultdict(list)
    print(f"\nmemory: {server.megabytes:.0f} MB", end="")
    parts = 5
    for part in range(parts):
        people = [
            threading.Thread(
                target=keep_saving, args=(server.url, times, 100 + 4 * part + one, saves // parts // 4)
            )
            for one in range(4)
        ]
        for one in people:
            one.start()
        for one in people:
            one.join()
        print(f", {server.megabytes:.0f} MB after {saves // parts * (part + 1):,} saves", end="", flush=True)
    print()
    show("Four clients without a pause", times)


def keep_saving(url: str, times: Times, number: int, saves: int) -> None:
    desk = Desk(url, times)
    version = desk.ask("open", "GET", f"/desk/encounters/{number}")["version"]
    for turn in range(saves):
        version = desk.save(number, version, CODES[turn % len(CODES)], "accepted")["version"]


def show(what: str, times: Times) -> None:
    print(f"\n{what}\n\n| | answers | p50 ms | p95 ms | longest ms |\n| --- | ---: | ---: | ---: | ---: |")
    for kind, took in sorted(times.items()):
        p50, p95 = np.percentile(took, [50, 95])
        print(f"| {kind} | {len(took)} | {p50:.0f} | {p95:.0f} | {max(took):.0f} |")


if __name__ == "__main__":
    main()
