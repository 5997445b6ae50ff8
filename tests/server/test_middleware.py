"""The guards alone, around small ASGI applications: what passes, what is counted, what is let go again."""

import asyncio
import json
import logging

import pytest
from starlette.exceptions import HTTPException

from icdbridge.server import Limits
from icdbridge.server import guards as guards_module
from icdbridge.server.guards import HEADERS, Admit, Bound, Observe, busy, names_this_machine
from icdbridge.server.limits import BODY_BYTES, HELD_BYTES
from icdbridge.server.observing import Metrics

TOKEN = "correct-horse-battery-staple"
PIECE = 64 * 1024


class Client:
    """One request: what it sends, and what came back; it leaves when all is said and ``stays`` is false."""

    def __init__(self, path="/v1/code", headers=(), bodies=(b"",), method="POST", stays=True, kind="http"):
        self.scope = {
            "type": kind,
            "method": method,
            "path": path,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        }
        self.parts = [
            {"type": "http.request", "body": body, "more_body": number < len(bodies) - 1}
            for number, body in enumerate(bodies)
        ]
        self.stays, self.sent = stays, []

    async def receive(self):
        if self.parts:
            return self.parts.pop(0)
        if self.stays:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    async def ask(self, app):
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return {name.decode(): value.decode("latin-1") for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def ask(app, *arguments, **options):
    return asyncio.run(Client(*arguments, **options).ask(app))


def answering(body=b"yes", headers=()):
    """An application that reads the body and gives this one."""

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        head = [(b"content-length", str(len(body)).encode()), *headers]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return app


async def refusing(scope, receive, send):
    raise AssertionError("a request that should not have come here")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN[:1]}", 401),
        (f"Bearer {TOKEN[1:]}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN.upper()}", 401),
        ("Bearer ", 401),
        ("Bearer", 401),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
        ("", 401),
    ],
)
def test_no_part_of_the_token_lets_in(header, status):
    app = Admit(answering() if status == 200 else refusing, TOKEN)
    asked = ask(app, "/v1/code", [("authorization", header), ("host", "desk.example")])
    assert asked.status == status
    if status == 401:
        assert asked.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in str(asked.sent)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/codes", 401), ("/metrics", 401), ("/openapi.json", 401), ("/health/ready", 200), ("/", 200)],
)
def test_what_holds_nothing_is_open_with_a_token(path, status):
    assert ask(Admit(answering(), TOKEN), path).status == status


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["localhost:8000"], 200),
        (["desk.example"], 421),
        ([], 421),
        (["localhost", "desk.example"], 421),
        (["localhost", "localhost"], 421),
    ],
)
def test_without_a_token_only_one_host_that_is_this_machine(hosts, status):
    app = Admit(answering() if status == 200 else refusing, None)
    assert ask(app, "/", [("host", host) for host in hosts]).status == status


@pytest.mark.parametrize(
    ("host", "this"),
    [
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("localhost:65535", True),
        ("localhost:65536", False),
        ("localhost:0", False),
        ("localhost:", False),
        ("127.0.0.1:8000", True),
        ("127.200.3.4", True),
        ("128.0.0.1", False),
        ("[::1]", True),
        ("[::1]:8000", True),
        ("[::2]", False),
        ("::1", False),
        ("[127.0.0.1]", False),
        ("localhost.evil.example", False),
        ("evil.example", False),
    ],
)
def test_names_of_this_machine(host, this):
    assert names_this_machine(host) is this


def test_what_is_no_request_goes_through_untouched():
    async def app(scope, receive, send):
        await send({"type": "lifespan.startup.complete"})

    for guard in (Admit(app, TOKEN), Bound(app, Limits()), Observe(app, Metrics(lambda: 0))):
        assert ask(guard, kind="lifespan").sent == [{"type": "lifespan.startup.complete"}]


def observed(app, caplog, **options):
    metrics = Metrics(lambda: 0)
    with caplog.at_level(logging.INFO, "icdbridge.server"):
        asked = ask(Observe(app, metrics), **options)
    return asked, metrics.text().decode()


def test_an_answer_is_counted_and_gets_the_security_headers(caplog):
    own = [(b"cache-control", b"max-age=9"), (b"x-frame-options", b"ALLOW")]

    async def app(scope, receive, send):
        scope["route"] = type("Route", (), {"path": "/v1/{name}"})
        await answering(headers=own)(scope, receive, send)

    asked, text = observed(app, caplog, path="/v1/secret", method="GET")
    assert {name: asked.headers[name.lower()] for name in HEADERS} == HEADERS
    assert asked.headers["cache-control"] == "max-age=9"  # of the application: it knows better
    assert 'icdbridge_requests_total{method="GET",route="/v1/{name}",status="200"} 1.0' in text
    assert 'icdbridge_request_seconds_count{route="/v1/{name}"} 1.0' in text
    [line] = caplog.messages
    assert line.startswith("GET /v1/{name} 200 ")
    assert 0 <= float(line.split()[-2]) < 10_000
    assert "secret" not in line


def test_an_answer_is_not_kept_unless_the_application_says_so(caplog):
    asked, text = observed(answering(), caplog, path="/nowhere", method="BREW")
    assert asked.headers["cache-control"] == "no-store"
    assert 'icdbridge_requests_total{method="other",route="unmatched",status="200"} 1.0' in text


def test_the_time_of_an_answer_is_measured_in_seconds(caplog, monkeypatch):
    ticks = iter([5.0, 7.5])
    monkeypatch.setattr(guards_module.time, "perf_counter", lambda: next(ticks))
    _, text = observed(answering(), caplog)
    assert 'icdbridge_request_seconds_sum{route="unmatched"} 2.5' in text
    assert caplog.messages == ["POST unmatched 200 2500 ms"]


def test_a_failure_is_a_500_that_says_nothing_of_it(caplog):
    async def app(scope, receive, send):
        raise ValueError("a word of a note")

    asked, text = observed(app, caplog)
    assert asked.status == 500
    assert asked.headers["x-content-type-options"] == "nosniff"
    assert "word of a note" not in asked.body.decode() + caplog.text
    assert "ValueError at " in caplog.text
    assert 'status="500"} 1.0' in text


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
def test_an_answer_that_has_begun_is_not_begun_again(caplog, error):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    asked, text = observed(app, caplog)
    assert [message["type"] for message in asked.sent] == ["http.response.start"]
    assert 'status="200"} 1.0' in text


def test_a_request_that_the_stop_cuts_off_is_told_so(caplog):
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    asked, _ = observed(app, caplog)
    assert asked.status == 503
    assert b"the server is stopping" in asked.body


def test_as_many_requests_as_allowed_and_no_more():
    async def main():
        go_on = asyncio.Event()

        async def app(scope, receive, send):
            await go_on.wait()
            await answering()(scope, receive, send)

        bound = Bound(app, Limits(requests=2))
        running = [asyncio.create_task(Client().ask(bound)) for _ in range(2)]
        await asyncio.sleep(0)
        late, free = await Client().ask(bound), asyncio.create_task(Client("/health/live").ask(bound))
        go_on.set()
        done = [await task for task in (*running, free)]
        again = [await Client().ask(bound) for _ in range(3)]
        return late, done, again

    late, done, again = asyncio.run(main())
    assert (late.status, late.headers["retry-after"]) == (503, "1")
    assert [one.status for one in (*done, *again)] == [200] * 6  # what ended, ended


@pytest.mark.parametrize(
    ("size", "status"), [(BODY_BYTES, 200), (BODY_BYTES + 1, 413), (10 * BODY_BYTES, 413)]
)
def test_a_body_is_bounded_as_declared(size, status):
    app = Bound(answering() if status == 200 else refusing, Limits())
    assert ask(app, headers=[("content-length", str(size))]).status == status


def test_a_body_is_bounded_as_it_arrives():
    seen = []

    async def app(scope, receive, send):
        try:
            await answering()(scope, receive, send)
        except HTTPException as error:
            seen.append(error.status_code)

    half = b"a" * (BODY_BYTES // 2)
    bound = Bound(app, Limits())
    assert ask(bound, bodies=[half, half]).status == 200
    ask(bound, bodies=[half, half, b"a"])
    ask(bound, headers=[("content-length", "3")], bodies=[half, half, b"a"])  # it said less
    assert seen == [413, 413]


def test_what_all_bodies_hold_together_is_bounded_and_let_go():
    async def main():
        go_on, refused = asyncio.Event(), []

        async def app(scope, receive, send):
            try:
                while (await receive()).get("more_body"):
                    pass
            except HTTPException as error:
                refused.append((error.status_code, error.headers["Retry-After"]))
                return
            await go_on.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        bound = Bound(app, Limits())
        whole = HELD_BYTES // BODY_BYTES
        running = [asyncio.create_task(Client(bodies=[b"a" * BODY_BYTES]).ask(bound)) for _ in range(whole)]
        await asyncio.sleep(0.01)
        await Client(bodies=[b"a"]).ask(bound)
        go_on.set()
        done = [(await task).status for task in running]
        for _ in range(2 * whole):
            done.append((await Client(bodies=[b"a" * BODY_BYTES]).ask(bound)).status)
        return refused, done

    refused, done = asyncio.run(main())
    assert refused == [(503, "1")]
    assert set(done) == {200}


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE + 7])
def test_an_answer_goes_out_whole_in_pieces(size):
    body = bytes(number % 251 for number in range(size))
    asked = ask(Bound(answering(body), Limits()))
    assert asked.body == body
    pieces = asked.sent[1:]
    assert max(len(piece["body"]) for piece in pieces) <= PIECE
    assert [piece.get("more_body", False) for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert len(pieces) == max(1, -(-size // PIECE))


def test_answers_that_are_being_read_are_bounded_together():
    long = b"a" * (HELD_BYTES // 2)

    class Slow(Client):
        async def send(self, message):
            self.sent.append(message)
            if message["type"] == "http.response.body":
                await go_on.wait()

    async def main():
        nonlocal go_on
        go_on = asyncio.Event()
        bound, short = Bound(answering(long), Limits()), Bound(answering(), Limits())
        slow = [asyncio.create_task(Slow().ask(bound)) for _ in range(2)]
        await asyncio.sleep(0.01)
        refused = [await Client().ask(bound) for _ in range(2)]
        bound.app = answering()
        small = await Client().ask(bound)
        assert (await Client().ask(short)).status == 200
        bound.app = answering(long)
        go_on.set()
        done = [await task for task in slow]
        return refused, small, [*done, *[await Client().ask(bound) for _ in range(3)]]

    go_on = None
    refused, small, done = asyncio.run(main())
    for one in refused:
        assert one.status == 503
        assert one.headers["retry-after"] == "1"
        assert json.loads(one.body)["status"] == 503  # one answer, whole
    assert small.status == 200
    assert all(one.status == 200 and len(one.body) == len(long) for one in done)


@pytest.mark.parametrize(("arrives", "status"), [(True, 503), (False, 408)])
def test_late_is_the_server_or_the_client(arrives, status):
    async def app(scope, receive, send):
        await receive()
        await asyncio.sleep(60)

    class Slow(Client):
        async def receive(self):
            if not arrives:
                await asyncio.sleep(60)
            return await super().receive()

    asked = asyncio.run(Slow().ask(Bound(app, Limits(seconds=0.05))))
    assert asked.status == status
    assert "within 0.05 s" in json.loads(asked.body)["detail"]
    assert asked.headers.get("connection") == (None if arrives else "close")


def test_an_answer_that_was_begun_and_is_late_is_left_unfinished():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    asked = ask(Bound(app, Limits(seconds=0.05)))
    assert [message["type"] for message in asked.sent] == ["http.response.start"]


def test_work_for_a_client_that_left_is_given_up():
    ended = []

    async def app(scope, receive, send):
        await receive()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    asked = ask(Bound(app, Limits(requests=1)), stays=False)
    assert (ended, asked.sent) == ([True], [])


def test_an_error_of_the_application_comes_through():
    async def app(scope, receive, send):
        raise HTTPException(418)

    with pytest.raises(HTTPException) as told:
        ask(Bound(app, Limits()))
    assert told.value.status_code == 418


def test_busy_says_when_to_come_back():
    asked = ask(busy("full"))
    assert (asked.status, asked.headers["retry-after"]) == (503, "1")
