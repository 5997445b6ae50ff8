"""Connections: what comes over them before, instead of and after a request."""

import contextlib
import json
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import NOTE, start_server
from tests.server.stub import StubCoder

from icdbridge.server import Limits, create_app
from icdbridge.server.listening import make_server

HEAD = b"HTTP/1.1\r\nHost: localhost\r\n"
SECONDS = 0.5  # of the server in this process


def until_ready(client):
    while True:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/health/ready").status_code == 200:
                return
        time.sleep(0.01)


@contextlib.contextmanager
def running(coder, **limits):
    """A client of a server in this process, on a port of its own."""
    limits = Limits(**{"head_seconds": SECONDS, **limits})
    server = make_server(create_app({"stub": coder}, limits=limits), limits)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        limits = httpx.Limits(max_keepalive_connections=0)
        try:
            with httpx.Client(base_url=url, limits=limits, timeout=60) as client:
                until_ready(client)
                yield client
        finally:
            coder.go_on.set()
            server.should_exit = True
            thread.join(30)


def connect(url, receive_buffer=None):
    url = httpx.URL(url)
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(60)
    connection.connect((url.host, url.port))
    return connection


def read(connection):
    """All that comes until the server closes."""
    with contextlib.suppress(ConnectionError):
        return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


def assert_problem(answer, status):
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first.split()[1] == str(status)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"qzxsecret\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # a client that wants TLS
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / " + HEAD + b"Host: qzxsecret\r\n\r\n", 400),
        (b"GET / " + HEAD + b"qzxsecret\r\n\r\n", 400),
        (b"GET / " + HEAD + b"Cookie: " + b"a" * 200_000, 431),
        (b"POST /v1/code " + HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST /v1/code " + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /v1/code " + HEAD + b"Transfer-Encoding: qzxsecret\r\n\r\n", 501),
        (b"POST /v1/code " + HEAD + b"Transfer-Encoding: chunked\r\n\r\nqzxsecret\r\n", 400),
        (b"POST /v1/code " + HEAD + b"Connection: close\r\nContent-Length: 3000000\r\n\r\n" + b"a" * 3_000_000, 413),
        (b"GET /qzxsecret " + HEAD + b"Connection: close\r\n\r\n", 404),
        (b"GET /v1/codes/?q=fever " + HEAD + b"Connection: close\r\n\r\n", 404),
        (b"TRACE /v1/code " + HEAD + b"Connection: close\r\n\r\n", 405),
    ],
)  # fmt: skip
def test_every_error_is_a_problem_with_the_security_headers(served, sent, status):
    with connect(served.url) as connection:
        connection.sendall(sent)
        answer = read(connection)
    assert_problem(answer, status)
    assert b"qzxsecret" not in answer


@pytest.mark.parametrize(
    ("host", "served_here"),
    [
        ("localhost", True),
        ("LocalHost:8000", True),
        ("127.0.0.1:65535", True),
        ("127.9.9.9", True),
        ("[::1]:8000", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("::1", False),
        ("[::1", False),
        ("[127.0.0.1]", False),
        ("[::ffff:127.0.0.1]", False),
        ("[::1%25lo]", False),
        ("[::2]", False),
        ("localhost.", False),
        ("localhost:", False),
        ("localhost:0", False),
        ("localhost:65536", False),
        ("localhost:80:80", False),
        ("localhost:8o", False),
        ("user@localhost", False),
        ("localhost@desk.example", False),
        ("localhost, desk.example", False),
        ("localhost desk.example", False),
        ("localhost.desk.example", False),
        ("127.0.0.1.desk.example", False),
        ("localhost/desk.example", False),
        ("localhost#desk.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("0x7f.0.0.1", False),
        ("0177.0.0.1", False),
        ("0.0.0.0", False),
        ("desk.example", False),
        ("", False),
    ],
)
def test_without_a_token_only_this_machine_by_name_is_served(client, host, served_here):
    assert client.get("/v1/models", headers={"Host": host}).status_code == (200 if served_here else 421)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / " + HEAD + b"Cookie: a"])
def test_a_head_that_does_not_arrive_ends_the_connection(sent):
    with running(StubCoder()) as client, connect(client.base_url) as connection:
        connection.sendall(sent)
        answer = read(connection)
    if sent:
        assert_problem(answer, 408)
    else:
        assert answer == b""


def test_a_head_in_drops_ends_the_connection_too():
    with running(StubCoder()) as client, connect(client.base_url) as connection:
        connection.settimeout(0.05)
        connection.sendall(b"GET / HTTP/1.1\r\nCookie: ")
        answer = b""
        while not answer:
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"a")
                answer = connection.recv(65536)
        connection.settimeout(20)
        answer += read(connection)
    assert_problem(answer, 408)


def test_a_body_that_goes_on_after_its_answer_ends_the_connection():
    with running(StubCoder()) as client, connect(client.base_url) as connection:
        connection.sendall(b"POST /nothing " + HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            while True:
                connection.sendall(b"1\r\na\r\n")
                time.sleep(0.01)


def test_kept_open_a_connection_takes_one_request_after_another():
    with running(StubCoder()) as other, httpx.Client(base_url=other.base_url) as client:
        for _ in range(4):
            assert client.get("/health/live").status_code == 200
            time.sleep(SECONDS / 3)


MANY = {"notes": [{"text": NOTE}] * 64}
ONE = {"notes": [{"text": NOTE}]}
MUCH = {"spans": 150, "span": "dyspnea " * 60}  # some 5 MB an answer to MANY


def test_clients_that_do_not_read_are_cut_off():
    body = json.dumps(MANY).encode()
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with running(StubCoder(**MUCH), waiting=1_000) as client, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(client.base_url, receive_buffer=4_096)) for _ in range(6)]
        for connection in connections:
            connection.sendall(b"POST /v1/code " + HEAD + head + body)
        while 'route="/v1/code",status="200"} 6.0' not in client.get("/metrics").text:
            time.sleep(0.05)
        answers = [read(connection) for connection in connections]  # what was under way, then the end
        assert client.post("/v1/code", json=ONE).status_code == 200
    assert all(len(answer) < 3_000_000 for answer in answers)


def test_answers_that_wait_for_their_readers_are_bounded_together(monkeypatch):
    monkeypatch.setattr("icdbridge.server.guards.HELD_BYTES", 500_000)
    with running(StubCoder(**MUCH)) as client:
        long, short = client.post("/v1/code", json=MANY), client.post("/v1/code", json=ONE)
    assert (long.status_code, short.status_code) == (503, 200)
    assert long.headers["content-type"] == "application/problem+json"
    assert long.headers["retry-after"] == "1"


def test_more_connections_than_allowed_are_told_so():
    with running(StubCoder(), connections=3, head_seconds=20) as client:
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(connect(client.base_url))
            with connect(client.base_url) as one_more:
                one_more.sendall(b"GET /health/live " + HEAD + b"\r\n")
                answer = read(one_more)
        assert_problem(answer, 503)
        while client.get("/health/live").status_code != 200:
            time.sleep(0.01)


def start_stub(folder, *arguments, **options):
    command = [sys.executable, "-m", "tests.server.stub", *arguments]
    return start_server(None, folder / "log.txt", command=command, cwd=Path(__file__).parents[2], **options)


def test_at_the_limit_of_open_files_the_log_does_not_grow(tmp_path):
    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))

    server = start_stub(tmp_path, preexec_fn=few_files)
    connections = []
    try:
        for _ in range(150):  # as many as wait to be taken up: further ones would try again each second
            connections.append(connect(server.url))
        time.sleep(1.5)  # what is refused is tried again and again in the meantime
        for connection in connections:
            connection.close()
        with httpx.Client(base_url=server.url) as client:
            until_ready(client)
        log = server.log.read_text("utf-8")
    finally:
        server.process.kill()
        server.process.wait(30)
    assert len(log) < 20_000
    assert "Traceback" not in log


def test_a_worker_that_hangs_is_reported_and_does_not_keep_the_process(tmp_path):
    server = start_stub(tmp_path, "hang")
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            late = client.post("/v1/code", json=ONE)
            while (ready := client.get("/health/ready")).status_code == 200:
                time.sleep(0.05)
            refused = client.post("/v1/code", json=ONE)
            while "stands still" not in server.log.read_text("utf-8"):
                time.sleep(0.05)
            live = client.get("/health/live")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == -signal.SIGTERM
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.process.kill()
    assert [answer.status_code for answer in (late, ready, refused, live)] == [503, 503, 503, 200]
    assert "no note was coded for 1 s" in ready.json()["detail"]
    assert "its notes are lost" in server.log.read_text("utf-8")
