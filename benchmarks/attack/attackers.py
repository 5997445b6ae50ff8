"""Clients that stall, flood and ask for too much: a process of its own, so that the innocent client has its own time.

python -m benchmarks.attack.attackers URL VERSION ATTACK: goes on until it is killed.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Awaitable, Callable

import httpx

SMALL = "Patient seen today with dyspnea at rest and oedema, takes metformin for diabetes, no fever. "
LONG = SMALL * 340  # some 5,000 words
HEAD = b"HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Target:
    """The server under attack."""

    def __init__(self, url: str, version: str) -> None:
        self.address, self.version = (httpx.URL(url).host, httpx.URL(url).port or 80), version

    def body(self, *texts: str, **more: object) -> bytes:
        notes = [{"text": text} for text in texts]
        return json.dumps({"notes": notes, "version": self.version, **more}).encode()

    async def send(
        self, content: bytes, buffer: int | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which ``content`` was sent; ``buffer``: bytes that its receiver takes in unread."""
        made = socket.socket()
        if buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, self.address)
        reader, writer = await asyncio.open_connection(sock=made, limit=4_096)
        writer.write(content)
        with contextlib.suppress(OSError):
            await writer.drain()
        return reader, writer

    def request(self, body: bytes, path: str = "/v1/code") -> bytes:
        return f"POST {path} ".encode() + HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


Attack = Callable[[Target], Awaitable[None]]


async def stalled_heads(target: Target) -> None:
    held = [await target.send(b"GET / HTTP/1.1\r\nCookie: ") for _ in range(100)]
    while True:
        for _, writer in held:
            with contextlib.suppress(OSError):
                writer.write(b"a")
        await asyncio.sleep(0.5)


async def stalled_bodies(target: Target) -> None:
    held = [
        await target.send(b"POST /v1/code " + HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 100_000)
        for _ in range(60)
    ]
    await asyncio.sleep(3_600)
    del held


async def stalled_readers(target: Target) -> None:
    body = target.body(*[SMALL] * 64, top=200)
    while True:
        held = [await target.send(target.request(body), buffer=4_096) for _ in range(6)]
        await asyncio.sleep(5)
        del held


async def long_batches(target: Target) -> None:
    await _repeat(target, target.body(*[LONG] * 64), 4)


async def long_words(target: Target) -> None:
    await _repeat(target, target.body(*["a" * 400_000] * 4, top=200), 6)


async def much_evidence(target: Target) -> None:
    await _repeat(target, target.body(*[LONG] * 4, top=200), 6)


async def wide_code_sets(target: Target) -> None:
    codes = [{"system": "mine", "code": f"X{i}", "description": f"{SMALL} {i}"} for i in range(1_000)]
    await _repeat(target, target.body(*[SMALL] * 64, version=None, codes=codes, top=200), 4)


async def wrong_bodies(target: Target) -> None:
    fields = json.dumps({f"field{i}": i for i in range(100_000)}).encode()
    deep, cut = b"[" * 1_000_000, target.body(LONG)[:-10]
    await asyncio.gather(*(_repeat(target, body, 4) for body in (fields, deep, cut)))


async def floods(target: Target) -> None:
    while True:
        with contextlib.suppress(OSError):
            held = [await target.send(b"\x16\x03\x01 no HTTP\r\n\r\n") for _ in range(300)]
            for _, writer in held:
                writer.close()
        await asyncio.sleep(0.05)


ATTACKS: dict[str, Attack] = {
    "heads in drops, 100 connections": stalled_heads,
    "bodies that do not arrive, 60 connections": stalled_bodies,
    "answers that nobody reads, 6 clients": stalled_readers,
    "64 notes of 5,000 words, 4 clients": long_batches,
    "4 notes of one word of 400,000 characters, 6 clients": long_words,
    "200 codes with evidence of long notes, 6 clients": much_evidence,
    "1,000 codes of their own for 64 notes, 4 clients": wide_code_sets,
    "bodies that are none, 12 clients": wrong_bodies,
    "no HTTP, 300 connections at once": floods,
}


async def _repeat(target: Target, body: bytes, clients: int) -> None:
    async def one() -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await target.send(target.request(body))
                while await reader.read(65_536):
                    if reader.at_eof():
                        break
                    if not await _more(reader):
                        break
                writer.close()
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one() for _ in range(clients)))


async def _more(reader: asyncio.StreamReader) -> bool:
    """Whether something comes within two seconds: the end of an answer on a connection that stays open."""
    try:
        async with asyncio.timeout(2):
            return bool(await reader.read(65_536))
    except TimeoutError:
        return False


if __name__ == "__main__":
    url, version, name = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(ATTACKS[name](Target(url, version)))  # type: ignore[arg-type]
