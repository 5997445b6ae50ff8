"""Overload, time limits, failures, tokens and shutdown."""

import asyncio
import json
import logging
import signal
import socket
import threading

import httpx
import pytest
from tests.server.conftest import NOTE, assert_nothing_of_notes, start_server

from icdbridge import Coder, InputError
from icdbridge.server import Limits, create_app, serve
from icdbridge.server.batching import evidence_price, score_price
from icdbridge.server.guards import is_loopback
from icdbridge.server.listening import read_token

REQUEST = {"notes": [{"text": NOTE}], "version": "icd10"}
TOKEN = "0123456789-abcdefghij"


class Gate:
    """Holds the model back until it is told to ``go_on``; ``started``: it has notes to code."""

    def __init__(self):
        self.started, self.go_on = threading.Event(), threading.Event()


@pytest.fixture
def gate(coder, monkeypatch):
    gate = Gate()
    code_many = coder.code_many

    def held(texts, *arguments, **keywords):
        if "warm up" not in texts:
            gate.started.set()
            assert gate.go_on.wait(20)
        return code_many(texts, *arguments, **keywords)

    monkeypatch.setattr(coder, "code_many", held)
    yield gate
    gate.go_on.set()


def with_client(app, work):
    """Runs ``work(client)`` with the app in this process, started up and shut down."""

    async def main():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", timeout=60
            ) as client:
                while (await client.get("/health/ready")).status_code != 200:
                    await asyncio.sleep(0.01)
                return await work(client)

    return asyncio.run(main())


async def until_waiting(client, notes):
    while f"icdbridge_waiting_notes {notes}.0" not in (await client.get("/metrics")).text:
        await asyncio.sleep(0.01)


def assert_busy(answer):
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_full_queue_answers_503_and_serves_the_others(coder, gate):
    async def work(client):
        first = asyncio.create_task(client.post("/v1/code", json=REQUEST))
        await asyncio.to_thread(gate.started.wait, 20)
        waiting = [asyncio.create_task(client.post("/v1/code", json=REQUEST)) for _ in range(3)]
        await until_waiting(client, 3)
        refused = await client.post("/v1/code", json=REQUEST)
        gate.go_on.set()
        return refused, [await task for task in (first, *waiting)]

    size = len(NOTE.split()), len(NOTE)
    one = score_price(*size, codes=0) + evidence_price(*size, evidenced=10)  # at least
    refused, others = with_client(create_app({"tiny": coder}, limits=Limits(waiting=3.5 * one)), work)
    assert_busy(refused)
    assert [answer.status_code for answer in others] == [200] * 4


def test_too_many_requests_at_once(coder, gate):
    async def work(client):
        running = asyncio.create_task(client.post("/v1/code", json=REQUEST))
        await asyncio.to_thread(gate.started.wait, 20)
        refused = await client.get("/v1/models")
        health = await client.get("/health/live")
        gate.go_on.set()
        return refused, health, await running

    refused, health, running = with_client(create_app({"tiny": coder}, limits=Limits(requests=1)), work)
    assert_busy(refused)
    assert (health.status_code, running.status_code) == (200, 200)


def test_a_request_that_takes_too_long_is_given_up_and_the_next_is_served(coder, gate):
    async def work(client):
        late = await client.post("/v1/code", json=REQUEST)
        gate.go_on.set()
        while (after := await client.post("/v1/code", json=REQUEST)).status_code != 200:
            await asyncio.sleep(0.01)
        return late, after

    late, after = with_client(create_app({"tiny": coder}, limits=Limits(seconds=0.5)), work)
    assert_busy(late)
    assert "within 0.5 s" in late.json()["detail"]
    assert after.json()["notes"][0]["suggestions"]


def test_a_body_that_does_not_arrive(coder):
    async def trickle():
        yield b"{"
        await asyncio.sleep(60)

    async def work(client):
        return await client.post("/v1/code", content=trickle(), headers={"Content-Type": "application/json"})

    answer = with_client(create_app({"tiny": coder}, limits=Limits(seconds=0.3)), work)
    assert answer.status_code == 408


def test_a_failure_of_the_model_is_a_500_that_tells_nothing(coder, monkeypatch, caplog):
    def fails(texts, *arguments, **keywords):
        if "warm up" in texts:
            return [[]]
        raise RuntimeError(f"qzxsecret {texts}")

    monkeypatch.setattr(coder, "code_many", fails)
    with caplog.at_level(logging.INFO):
        answer = with_client(
            create_app({"tiny": coder}), lambda client: client.post("/v1/code", json=REQUEST)
        )
    assert answer.status_code == 500
    assert answer.json()["detail"] == "the error is in the server's log"
    assert "RuntimeError at" in caplog.text
    assert "test_guards.py" in caplog.text
    assert_nothing_of_notes(caplog.text.replace("Traceback", ""))


def test_with_a_token_only_who_has_it_is_served(coder):
    async def work(client):
        headers = {
            "right": f"Bearer {TOKEN}",
            "wrong": f"Bearer {TOKEN}x",
            "beginning": f"Bearer {TOKEN[:-1]}",
            "end": f"Bearer {TOKEN[1:]}",
            "odd": "Bearer \xe9",
            "basic": "Basic eDp4",
        }
        answers = {name: await client.get("/v1/models", headers={"Authorization": value.encode("latin-1")})
                   for name, value in headers.items()}  # fmt: skip
        answers["none"] = await client.get("/v1/models")
        paths = ("/", "/desk.js", "/health/live", "/metrics", "/openapi.json", "/v1/codes?q=fever")
        return answers, {path: (await client.get(path)).status_code for path in paths}

    answers, paths = with_client(create_app({"tiny": coder}, TOKEN), work)
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "right": 200, "wrong": 401, "beginning": 401, "end": 401, "odd": 401, "basic": 401, "none": 401
    }  # fmt: skip
    assert answers["none"].headers["www-authenticate"] == "Bearer"
    assert answers["none"].headers["content-type"] == "application/problem+json"
    assert list(paths.values()) == [200, 200, 200, 401, 401, 401]


def test_several_models_by_name(coder):
    async def work(client):
        unnamed = await client.post("/v1/code", json=REQUEST)
        return unnamed, await client.post("/v1/code", json={**REQUEST, "model": "two"})

    unnamed, named = with_client(create_app({"one": coder, "two": coder}), work)
    assert "say which of one, two" in unnamed.json()["detail"]
    assert named.json()["model"] == "two"


def test_off_loopback_a_token_is_demanded(run_path, tmp_path, monkeypatch):
    monkeypatch.delenv("ICDBRIDGE_TOKEN", raising=False)
    with pytest.raises(InputError, match=r"--token-file.*TLS"):
        serve([run_path], "0.0.0.0", 0)
    short = tmp_path / "token"
    short.write_text("short\n")
    with pytest.raises(InputError, match="at least 20 characters"):
        serve([run_path], "0.0.0.0", 0, short)
    with pytest.raises(InputError, match="cannot read a token"):
        serve([run_path], "127.0.0.1", 0, tmp_path / "none")
    short.write_text(f"{TOKEN}\n")
    assert read_token(short) == TOKEN
    monkeypatch.setenv("ICDBRIDGE_TOKEN", TOKEN)
    assert read_token(None) == TOKEN


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_loopback(host, loopback):
    assert is_loopback(host) is loopback


def test_what_cannot_be_served(run_path, tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        serve([tmp_path / "none"], "127.0.0.1", 0)
    with pytest.raises(InputError, match="two runs are called tiny"):
        serve([run_path, run_path], "127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve([run_path], "127.0.0.1", port)


@pytest.fixture(scope="module")
def bf16_server(run_path, tmp_path_factory):
    """A server of these tests alone, which the last of them stops."""
    log = tmp_path_factory.mktemp("bf16") / "log.txt"
    server = start_server(run_path, log, "--precision", "bf16", "--seconds", "60", copied=True)
    yield server
    server.process.kill()
    server.process.wait(60)


def test_the_server_scores_in_the_precision_asked_for(bf16_server, run_path, coder):
    body = {"notes": [{"text": NOTE}], "version": "icd10", "top": 3, "evidence": False}
    answer = httpx.post(f"{bf16_server.url}/v1/code", json=body, timeout=60).json()
    found = [one["probability"] for one in answer["notes"][0]["suggestions"]]
    narrow = Coder.load(run_path, precision="bf16").code(NOTE, "icd10", top=3)
    assert found == pytest.approx([one.probability for one in narrow], abs=1e-6)
    assert found != pytest.approx([one.probability for one in coder.code(NOTE, "icd10", top=3)], rel=1e-9)


def test_told_to_stop_the_server_finishes_what_is_running(bf16_server):
    server = bf16_server
    body = httpx.Request("POST", "http://x", json=REQUEST).content
    head = (
        "POST /v1/code HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # its handler is running
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.TransportError):
            while True:
                httpx.get(f"{server.url}/health/live")
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"suggestions":[{' in answer
    assert server.process.wait(60) == -signal.SIGTERM
    assert "all notes are coded, stopped" in server.log.read_text("utf-8")


def test_a_request_whose_client_left_is_given_up(coder, gate):
    async def work(client):
        first = asyncio.create_task(client.post("/v1/code", json=REQUEST))
        await asyncio.to_thread(gate.started.wait, 20)
        messages = [
            {"type": "http.request", "body": json.dumps(REQUEST).encode()},
            {"type": "http.disconnect"},
        ]
        scope = {
            "type": "http", "method": "POST", "path": "/v1/code", "raw_path": b"/v1/code", "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")], "root_path": "",
            "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        sent = []

        async def receive():
            if len(messages) == 1:
                await until_waiting(client, 1)
            return messages.pop(0)

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)
        gate.go_on.set()
        return sent, await first

    app = create_app({"tiny": coder})
    sent, first = with_client(app, work)
    assert sent == []
    assert first.status_code == 200
