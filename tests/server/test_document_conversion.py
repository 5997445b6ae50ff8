"""``POST /v1/documents``, and conversion in a process of its own."""

import pytest
from fastapi.testclient import TestClient
from tests.documents.making import bundle, encoded, pdf, reference
from tests.server.stub import StubCoder

from icdbridge.documents import apart, read_documents
from icdbridge.errors import InputError
from icdbridge.server import create_app


@pytest.fixture(scope="module")
def client():
    return TestClient(create_app({"stub": StubCoder()}), "http://localhost")


def post(client, data, kind="application/octet-stream"):
    return client.post("/v1/documents", content=data, headers={"Content-Type": kind})


def test_documents_become_text(client):
    (plain,) = post(client, "Fièvre, toux".encode()).json()["documents"]
    assert (plain["text"], plain["format"], plain["id"]) == ("Fièvre, toux", "plain text", None)
    sent = bundle(
        reference("d1", contentType="application/pdf", data=encoded(pdf("Pneumonia", ""))),
        reference("d2", contentType="application/pdf", data=encoded(pdf(""))),
    )
    first, second = post(client, sent).json()["documents"]
    assert (first["text"], first["encounter_id"], first["setting"]) == ("Pneumonia", "V-77", "inpatient")
    assert first["remarks"] == ["1 of 2 pages have no text (scanned?)"]
    assert second["fault"].startswith("it has no text: a scan?")
    (row,) = post(client, b"note_id,text\n7,Cough\n", "text/csv; charset=utf-8").json()["documents"]
    assert (row["id"], row["text"]) == ("7", "Cough")


@pytest.mark.parametrize(
    ("data", "status", "detail"),
    [
        (b"", 422, "body: it is empty: send a document"),
        (pdf(""), 422, "body: the document: it has no text: a scan? Recognize its text (OCR) first"),
        (b"\x89PNG secret", 422, "body: the document: an image, not plain text: save its text as .txt"),
        (b"secret" * 4_000_000, 413, "a body may have at most 20,971,520 bytes: send less at once"),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_what_cannot_be_converted_is_a_problem(client, data, status, detail):
    answer = post(client, data)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_a_process_gives_what_this_one_gives():
    data = bundle(reference(contentType="text/html", data=encoded("<p>Cough</p><p>2</p>")))
    assert apart.read_apart(data) == read_documents(data)


def test_what_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(apart, "PROGRAM", ("-c", "while True: pass"))
    monkeypatch.setattr(apart, "GRACE", 0.1)
    with pytest.raises(InputError, match="not converted within"):
        apart.read_apart(b"{\\rtf1 x}", seconds=0)
