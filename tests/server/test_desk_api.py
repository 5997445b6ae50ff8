"""/v1/desk over HTTP: who may do what, what is answered, and that no words of notes go anywhere else."""

import logging
import ssl
import threading
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text
from starlette.datastructures import Headers
from tests.server.stub import StubCoder

from icdbridge import InputError
from icdbridge.feedback.desk_figures import desk_figures
from icdbridge.server import Limits, create_app, serve
from icdbridge.server.desk_api import Access, Desk
from icdbridge.server.listening import make_server
from icdbridge.server.store import open_store
from icdbridge.server.store.people import add_user

NOTE = "dyspnea at rest, qzxsecret"
TOO_EARLY = {"text": "Fever.", "date": "0001-01-01T00:00:00+14:00"}  # in UTC before all years
PROXY_TOKEN = "0123456789-abcdefghij"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: each client would read all certificates
ROLES = ("coder", "auditor", "admin")


def opened(folder):
    store = open_store(str(folder / "desk.db"))
    with store.writing() as session:
        tokens = {role: add_user(session, "test", f"a {role}", role) for role in ROLES}
        add_user(session, "test", "gone", "coder")
    return store, tokens


class Served:
    """A server of a stub coder in a thread, with a store and an account of each role."""

    def __init__(self, folder, **access):
        self.store, self.tokens = opened(folder)
        desk = Desk(self.store, Access(self.store, **access), reporting=desk_figures)
        app = create_app({"stub": StubCoder()}, limits=Limits(), desk=desk)
        self.server = make_server(app, Limits())
        self.server.config.host, self.server.config.port = "127.0.0.1", 0
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def client(self, role=None, token=None):
        """Of an account of this role, of a token, or of nobody."""
        token = self.tokens.get(role, token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/v1/desk", timeout=60, headers=headers, verify=NO_TLS)

    def close(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("icdbridge.server.searching.find", lambda words: None)  # no test here searches codes
        server = Served(tmp_path_factory.mktemp("desk"))
        yield server
        server.close()


@pytest.fixture(scope="module")
def coder(served):
    with served.client("coder") as client:
        yield client


@pytest.fixture
def encounter(coder, request):
    """An encounter that is coded, as the coder opened it."""
    sent = {
        "number": f"E-{request.node.name}"[:64].replace(" ", "-"),
        "patient": "P-1",
        "setting": "inpatient",
        "documents": [
            {"text": NOTE, "title": "Note", "source_id": "a", "date": "2025-11-03T12:00:00+01:00"},
            {"text": "Metformin.", "source_id": "b", "date": "2025-11-02"},
        ],
    }
    answer = coder.post("/encounters", json=sent)
    assert answer.status_code == 200, answer.text
    number = answer.json()["id"]
    for _ in range(1000):
        found = coder.get(f"/encounters/{number}").json()
        if found["coded"]:
            return found
        time.sleep(0.01)
    raise AssertionError("it was not coded")


# What each path takes, and the roles that it is for; the body may be wrong: who may not is told so first.
PATHS = [
    ("POST", "/worklist", {}, ROLES),
    ("POST", "/encounters", {"number": "E-table"}, ("coder", "admin")),
    ("POST", "/files", None, ("coder", "admin")),
    ("GET", "/encounters/{number}", None, ROLES),
    ("PATCH", "/encounters/{number}", {"version": 1}, ROLES),
    ("POST", "/encounters/{number}/comments", {"text": "which side?"}, ROLES),
    ("GET", "/encounters/{number}/history", None, ROLES),
    ("POST", "/encounters/{number}/decisions", {"version": 1}, ROLES),
    ("GET", "/encounters/{number}/findings", None, ROLES),
    ("GET", "/encounters/{number}/results", None, ROLES),
    ("GET", "/documents/{number}", None, ROLES),
    ("GET", "/me", None, ROLES),
    ("POST", "/session", None, ROLES),
    ("DELETE", "/session", None, ROLES),
    ("GET", "/users", None, ROLES),
    ("POST", "/users", {"name": "local", "role": "coder"}, ("admin",)),
    ("DELETE", "/users/{name}", None, ("admin",)),
    ("GET", "/trail", None, ("auditor", "admin")),
    ("GET", "/report", None, ("auditor", "admin")),
]


def test_every_path_stands_in_the_table(served):
    with served.client("admin") as client:
        described = client.get(f"{served.url}/openapi.json").json()["paths"]
    known = {
        (method.upper(), path.removeprefix("/v1/desk"))
        for path, methods in described.items()
        for method in methods
        if path.startswith("/v1/desk")
    }
    assert known == {(method, path) for method, path, *_ in PATHS}


@pytest.mark.parametrize(
    ("method", "path", "body", "roles"), PATHS, ids=[f"{one[0]} {one[1]}" for one in PATHS]
)
def test_who_may_do_what(served, method, path, body, roles):
    path = path.format(number=1, name="nobody")
    for token in (None, "wrong", served.tokens["coder"][:-1]):
        with served.client(token=token) as client:
            answer = client.request(method, path, json=body)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    for role in ROLES:
        with served.client(role) as client:
            answer = client.request(method, path, json=body)
            assert (answer.status_code == 403) == (role not in roles), answer.text
            assert answer.status_code < 500


def test_the_other_paths_ask_too(served):
    with served.client() as nobody, served.client("coder") as coder:
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            assert nobody.get(served.url + path).status_code == 401
            assert coder.get(served.url + path).status_code == 200


def test_an_encounter_from_new_to_audited(served, coder, encounter):
    number = encounter["id"]
    (suggestion,) = encounter["suggestions"]
    assert (suggestion["code"], encounter["coding"]["model"]) == ("I50.9", "stub")
    (words,) = suggestion["evidence"]
    assert words["text"] == "dyspnea"
    decisions = [
        {"system": "icd10cm", "code": "I50.9", "verdict": "accepted", "poa": "Y",
         "evidence": [{key: words[key] for key in ("document", "start", "end")}]},
        {"system": "icd10pcs", "code": "5A1D70Z", "verdict": "accepted"},
        {"system": "icd10cm", "code": "e119", "verdict": "accepted"},
        {"system": "icd10cm", "code": "E10.9", "verdict": "accepted", "instead_of": "icd10cm:E11.9"},
        {"system": "icd10cm", "code": "J18.9", "verdict": "rejected"},
    ]  # fmt: skip
    body = {
        "version": encounter["version"],
        "decisions": decisions,
        "order": ["icd10pcs:5A1D70Z", "icd10cm:E11.9"],
    }
    saved = coder.post(f"/encounters/{number}/decisions", json=body).json()
    assert (saved["state"], saved["assignee"], saved["principal"]) == ("in work", "a coder", "icd10cm:E11.9")
    late = coder.post(f"/encounters/{number}/decisions", json=body)
    assert late.status_code == 409
    assert "a coder accepted I50.9, accepted 5A1D70Z" in late.json()["detail"]
    codes = coder.get(f"/encounters/{number}").json()["codes"]
    assert [(one["code"], one["position"], one["principal"], one["suggested"]) for one in codes] == [
        ("5A1D70Z", 1, False, False), ("E11.9", 2, True, False), ("I50.9", 3, False, True), ("E10.9", 4, False, False),
        ("J18.9", None, False, False),
    ]  # fmt: skip
    assert codes[2]["evidence"][0]["text"] == "dyspnea"
    findings = coder.get(f"/encounters/{number}/findings").json()["findings"]
    assert ("Excludes1", ["E10.9", "E11.9"]) in [(one["rule"], one["codes"]) for one in findings]
    done = coder.patch(f"/encounters/{number}", json={"version": saved["version"], "state": "done"}).json()
    audit = {"version": done["version"], "state": "audited"}
    assert coder.patch(f"/encounters/{number}", json=audit).status_code == 403
    with served.client("auditor") as auditor:
        assert auditor.patch(f"/encounters/{number}", json=audit).json()["state"] == "audited"
        history = auditor.get(f"/encounters/{number}/history").json()["entries"]
        assert [one["action"] for one in history][:2] == ["changed state", "changed state"]
        report = auditor.get("/report?weeks=1").json()
        assert auditor.get("/trail?limit=1").json()["entries"][0]["action"] == "read the report"
    assert report["encounters"] == 1
    (row,) = report["coders"]
    assert (row["coder"], row["decisions"], row["added"]) == ("a coder", 5, 3)
    assert [one["accepted"] for one in report["bands"] if one["shown"]] == [1]
    assert "qzxsecret" not in str(report)


def test_one_that_cannot_be_coded_keeps_no_other_waiting(served, coder, encounter, monkeypatch):
    def broken(self, texts, *arguments, **keywords):
        if any("qzxbroken" in text for text in texts):
            raise RuntimeError(texts[0])
        return code_many(self, texts, *arguments, **keywords)

    code_many = StubCoder.code_many
    monkeypatch.setattr(StubCoder, "code_many", broken)
    numbers = [
        coder.post("/encounters", json={"number": f"E-{text}", "documents": [{"text": text}]}).json()["id"]
        for text in ("qzxbroken", "whole")
    ]
    for number in numbers:
        while not (opened := coder.get(f"/encounters/{number}").json())["coded"]:
            time.sleep(0.01)
        assert len(opened["suggestions"]) == (number == numbers[1])
    history = coder.get(f"/encounters/{numbers[0]}/history").json()["entries"]
    assert "not coded" in [one["action"] for one in history]


def test_a_document_is_read_and_the_trail_says_so(served, coder, encounter):
    document = encounter["documents"][0]
    answer = coder.get(f"/documents/{document['id']}").json()
    assert (answer["text"], answer["encounter"], answer["repeats"]) == (NOTE, encounter["id"], [])
    with served.client("auditor") as auditor:
        newest = auditor.get("/trail?limit=1").json()["entries"][0]
    assert (newest["by"], newest["action"], newest["document"]) == ("a coder", "read", document["id"])


def test_facts_assignee_and_comments(coder, encounter):
    number, version = encounter["id"], encounter["version"]
    wrong = coder.patch(f"/encounters/{number}", json={"version": version, "assignee": "gone with the wind"})
    assert wrong.status_code == 422
    changes = {
        "version": version,
        "assignee": "an auditor",
        "birth_date": "1950-03-04",
        "discharge": "2014-05-06",
    }
    changed = coder.patch(f"/encounters/{number}", json={**changes, "assignee": "a auditor"}).json()
    assert (changed["assignee"], changed["discharge"]) == ("a auditor", "2014-05-06")
    freed = coder.patch(
        f"/encounters/{number}", json={"version": changed["version"], "assignee": None}
    ).json()
    assert freed["assignee"] is None
    assert coder.get(f"/encounters/{number}").json()["age"] == pytest.approx(64.2, abs=0.1)
    said = coder.post(
        f"/encounters/{number}/comments", json={"text": "which side?", "code": "icd10cm:I50.9"}
    ).json()
    assert coder.get(f"/encounters/{number}").json()["comments"] == [said]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/encounters/999999", None, 404, "no encounter"),
        ("GET", "/documents/999999", None, 404, "no document"),
        ("POST", "/encounters", {"number": "E-9", "documents": [{"text": "  "}]}, 422, "no words"),
        ("POST", "/encounters", {"number": "E-9", "discharge": "2025-02-30"}, 422, "no such day"),
        ("POST", "/encounters", {"number": "E-9", "discharge": 20250230}, 422, "no such day"),
        ("POST", "/encounters", {"number": "E-9", "documents": [TOO_EARLY]}, 422, "no such time"),
        ("POST", "/encounters", {"number": "E 9"}, 422, "body.number"),
        ("POST", "/encounters", {"number": "E-9", "qzxsecret": 1}, 422, "(unknown field)"),
        ("PATCH", "/encounters/{id}", {"version": 99}, 409, "Read it again"),
        ("PATCH", "/encounters/{id}", {"version": 1, "state": "audited"}, 403, "cannot become audited"),
        ("POST", "/encounters/{id}/decisions",
         {"version": 1, "decisions": [{"system": "icd10cm", "code": "Q99.99", "verdict": "accepted"}]}, 422, "no code"),
        ("POST", "/encounters/{id}/decisions", {"version": 1, "decisions": [
            {"system": "icd10cm", "code": "I10", "verdict": "accepted",
             "evidence": [{"document": 999999, "start": 0, "end": 1}]}]}, 422, "no document"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(coder, encounter, method, path, body, status, said):
    answer = coder.request(method, path.format(id=encounter["id"]), json=body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert "qzxsecret" not in answer.text


HL7 = (
    "MSH|^~\\&|EHR|H|||20251103||MDM^T02|{id}|P|2.5\rPID|1||P-77||||19500304|F\rPV1|1|I|||||||||||||||||V-9\r"
    "TXA|1|DS|TX|20251103|||||||D-{id}\rOBX|1|TX|||{text}\r"
)


def test_files_go_to_the_encounters_that_they_name(coder):
    sent = coder.post("/files", content=HL7.format(id=1, text="dyspnea at rest").encode()).json()
    assert sent["refused"] == []
    ((number, added),) = [(one["id"], one["added"]) for one in sent["encounters"]]
    again = coder.post("/files", content=HL7.format(id=1, text="dyspnea at rest").encode()).json()
    assert again["encounters"] == [{"id": number, "added": []}]
    headers = {"Encounter-Number": "V-9", "Document-Title": "Ward%20r%C3%B6nde.txt"}
    plain = coder.post("/files", content=b"Feels better.", headers=headers).json()
    assert [one["id"] for one in plain["encounters"]] == [number]
    opened = coder.get(f"/encounters/{number}").json()
    assert (opened["number"], opened["patient"], opened["sex"], opened["document_count"]) == (
        "V-9",
        "P-77",
        "female",
        2,
    )
    assert coder.get(f"/documents/{added[0]}").json()["text"].strip() == "dyspnea at rest"
    assert "Ward rönde.txt" in [one["title"] for one in opened["documents"]]
    alone = [coder.post("/files", content=b"Nobody's note.").json()["encounters"] for _ in range(2)]
    assert alone[0][0]["added"]
    assert alone[1] == [{"id": alone[0][0]["id"], "added": []}]


@pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"%PDF-1.7 qzxsecret", "body: ")])
def test_a_file_that_cannot_be_read_is_refused(coder, content, said):
    answer = coder.post("/files", content=content)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "qzxsecret" not in answer.text


def test_a_session_is_another_token_until_it_ends(served, coder):
    answer = coder.post("/session").json()
    with served.client(token=answer["token"]) as client:
        assert client.get("/me").json() == {"name": "a coder", "role": "coder", "account": True}
        assert client.delete("/session").status_code == 204
        assert client.get("/me").status_code == 401
    assert coder.get("/me").status_code == 200


def test_accounts_come_and_go(served):
    with served.client("admin") as admin:
        added = admin.post("/users", json={"name": "carla", "role": "coder"}).json()
        assert admin.post("/users", json={"name": "carla", "role": "admin"}).status_code == 422
        with served.client(token=added["token"]) as carla:
            assert carla.get("/me").json()["name"] == "carla"
            assert admin.delete("/users/carla").status_code == 204
            assert carla.get("/me").status_code == 401
        assert {"name": "carla", "role": "coder", "active": False} in admin.get("/users").json()["users"]


def test_a_proxy_names_who_asks(tmp_path):
    store, tokens = opened(tmp_path)
    access = Access(store, PROXY_TOKEN, "x-remote-user")

    def asked(token, *names):
        pairs = [("authorization", f"Bearer {token}"), *(("x-remote-user", name) for name in names)]
        return access.person(Headers(raw=[(name.encode(), value.encode()) for name, value in pairs]))

    assert asked(PROXY_TOKEN, "a auditor").role == "auditor"
    assert asked(PROXY_TOKEN) is None
    assert asked(PROXY_TOKEN, "a auditor", "a admin") is None
    assert asked(PROXY_TOKEN, "eve") is None
    assert asked(tokens["coder"], "a admin").role == "coder"  # only the proxy is believed
    assert asked("", "a admin") is None
    store.close()


def test_the_one_local_user_is_there_on_loopback_only(tmp_path):
    store = open_store(str(tmp_path / "desk.db"))
    assert Access(store).person(Headers({})).role == "admin"
    assert Access(store).person(Headers({"authorization": "Bearer wrong"})) is None
    assert Access(store, loopback=False).person(Headers({})) is None
    assert Access(store, PROXY_TOKEN).person(Headers({})) is None
    with store.writing() as session:
        add_user(session, "test", "bea", "coder")
    assert Access(store).person(Headers({})) is None
    store.close()


def test_a_server_that_others_reach_needs_a_token_or_accounts(tmp_path):
    with pytest.raises(InputError, match="can be reached by others"):
        serve([], "0.0.0.0", 0, store=str(tmp_path / "desk.db"))
    with pytest.raises(InputError, match="only your proxy"):
        serve([], "127.0.0.1", 0, store=str(tmp_path / "desk.db"), user_header="x-remote-user")


SETTINGS = settings(
    max_examples=3, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
DESCRIBED = [
    ("POST", "/worklist"),
    ("POST", "/encounters"),
    ("PATCH", "/encounters/{number}"),
    ("POST", "/encounters/{number}/decisions"),
]


@pytest.fixture(scope="module")
def description(served):
    import schemathesis  # here, as it takes seconds that every worker would spend

    headers = {"Authorization": f"Bearer {served.tokens['admin']}"}
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json", headers=headers), headers


@pytest.mark.parametrize(("method", "path"), DESCRIBED, ids=[" ".join(one) for one in DESCRIBED])
def test_answers_are_as_described(description, method, path):
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema, headers = description
    operation = schema[f"/v1/desk{path}"][method]

    @SETTINGS
    @given(
        right=operation.as_strategy(), wrong=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    def check(right, wrong):
        for case in (right, wrong):
            answer = case.call(headers=headers)
            if answer.status_code != 413:
                case.validate_response(answer, excluded_checks=[positive_data_acceptance], headers=headers)

    check()


def test_no_words_of_notes_in_log_metrics_and_trail(served, coder, encounter, caplog):
    caplog.set_level(logging.INFO)
    coder.get(f"/documents/{encounter['documents'][0]['id']}")
    with served.store.reading() as session:
        trail = str(session.execute(text("SELECT * FROM trail")).all())
    metrics = coder.get(f"{served.url}/metrics").text
    assert "/v1/desk/documents/{number}" in metrics
    for kept in (trail, metrics, caplog.text):
        assert "qzxsecret" not in kept
