"""Load on `icdbridge serve`, over loopback, bounded in time: throughput, latency, memory, overload.

    python -m benchmarks.serve RUN CORPUS [--version icd10] [--seconds 15]

Clients send one note of the corpus's test split a request and wait for the answer before the next. Server and clients
share the machine. Prints the tables of docs/performance.md, section "Serving".
"""

import argparse
import asyncio
import itertools
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np

from benchmarks.processes import started
from icdbridge.corpora import Corpus

FLAT = 2_000  # requests over which memory must not grow


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--version", default="icd10")
    parser.add_argument("--seconds", type=float, default=15, help="for each number of clients")
    asked = parser.parse_args()
    corpus = Corpus.open(asked.corpus)
    texts = list(corpus.column("text", "test"))[:500]
    words = np.array([len(text.split()) for text in texts])
    print(
        f"{len(texts)} notes of {corpus.name}, {np.median(words):.0f} words (median), {words.max()} at most\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        server, url = start(asked.run, Path(folder) / "log.txt")
        try:
            asyncio.run(measure(url, texts, asked.version, asked.seconds))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def start(run: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The server as a process of its own, warmed up."""
    command = [
        sys.executable,
        "-c",
        "from icdbridge.cli import main; main()",
        "serve",
        str(run),
        "--port",
        "0",
    ]
    with log.open("wb") as handle:
        server = started(command, stdout=handle, stderr=subprocess.STDOUT)
    while not (found := re.search(r"at (http://\S+)", log.read_text("utf-8"))):
        if server.poll() is not None:
            sys.exit(log.read_text("utf-8"))
        time.sleep(0.1)
    while httpx.get(f"{found[1]}/health/ready", timeout=60).status_code != 200:
        time.sleep(0.1)
    return server, found[1]


async def measure(url: str, texts: list[str], version: str, seconds: float) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120) as client:
        await load(client, texts, version, 8, 3)  # caches of torch and of the allocator
        print("| clients | notes/s | p50 ms | p95 ms | p99 ms | notes a batch |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: |")
        for clients in (1, 8, 64):
            before = await metrics(client)
            start = time.perf_counter()
            answers = await load(client, texts, version, clients, seconds)
            took = time.perf_counter() - start
            after = await metrics(client)
            notes, batches = (
                after[name] - before[name]
                for name in ("icdbridge_batch_notes_sum", "icdbridge_batch_notes_count")
            )
            assert all(status == 200 for status, _, _ in answers)
            shown = " | ".join(f"{1000 * value:,.0f}" for value in percentiles(answers))
            print(f"| {clients} | {len(answers) / took:,.1f} | {shown} | {notes / batches:.1f} |", flush=True)

        print(f"\nMemory of the server over {FLAT:,} requests, 8 clients:")
        sizes = [await resident(client)]
        for _ in range(4):
            await load(client, texts, version, 8, 60, FLAT // 4)
            sizes.append(await resident(client))
        print(" → ".join(f"{size:,.0f}" for size in sizes), "MB", flush=True)

        print("\nOverload, 256 clients that do not wait when told to:")
        answers = await load(client, texts, version, 256, seconds)
        counts = Counter(status for status, _, _ in answers)
        good = [answer for answer in answers if answer[0] == 200]
        refused = [answer for answer in answers if answer[0] != 200]
        waits = sorted({answer[2] for answer in refused})
        print(f"answers by status: {dict(sorted(counts.items()))}; Retry-After {waits}")
        print("200: p50, p95, p99 ms " + ", ".join(f"{1000 * value:,.0f}" for value in percentiles(good)))
        print("503: p50, p95, p99 ms " + ", ".join(f"{1000 * value:,.0f}" for value in percentiles(refused)))
        print(f"memory {await resident(client):,.0f} MB")


async def load(
    client: httpx.AsyncClient,
    texts: list[str],
    version: str,
    clients: int,
    seconds: float,
    requests: int = 10**9,
) -> list[tuple[int, float, str]]:
    """Status, seconds and Retry-After of each answer, until the time or the number of requests is up."""
    answers: list[tuple[int, float, str]] = []
    notes = itertools.islice(itertools.cycle(texts), requests)
    end = time.perf_counter() + seconds

    async def one_client() -> None:
        for text in notes:
            start = time.perf_counter()
            if start > end:
                return
            answer = await client.post("/v1/code", json={"notes": [{"text": text}], "version": version})
            answers.append(
                (answer.status_code, time.perf_counter() - start, answer.headers.get("retry-after", ""))
            )

    await asyncio.gather(*(one_client() for _ in range(clients)))
    return answers


async def metrics(client: httpx.AsyncClient) -> dict[str, float]:
    lines = (await client.get("/metrics")).text.splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


async def resident(client: httpx.AsyncClient) -> float:
    return (await metrics(client))["process_resident_memory_bytes"] / 1e6


def percentiles(answers: list[tuple[int, float, str]]) -> list[float]:
    return np.percentile([seconds for _, seconds, _ in answers], [50, 95, 99]).tolist() if answers else []


if __name__ == "__main__":
    main()
