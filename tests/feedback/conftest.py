"""A store with encounters that coders finished."""

import pytest

from icdbridge.server.store import open_store
from icdbridge.server.store.changes import move
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import receive, store_coding
from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Decision, Document

BEA, CARL, AUDE = Person("bea", "coder"), Person("carl", "coder"), Person("aude", "auditor")
TITLES = {
    "J18.9": "Pneumonia, unspecified organism",
    "I10": "Essential (primary) hypertension",
    "E11.9": "Type 2 diabetes mellitus without complications",
    "N17.9": "Acute kidney failure, unspecified",
}
ABOUT = {"model": "starter", "fingerprint": "f", "code_version": "icd10", "release": "FY2026", "repeats": {}}


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path / "desk.db"))
    yield store
    store.close()


def suggestion(rank, code, confidence, evidence=()):
    band = "likely" if confidence >= 0.5 else "possible" if confidence >= 0.1 else "unlikely"
    return {
        "rank": rank, "system": "icd10cm", "code": code, "description": TITLES[code], "probability": confidence,
        "confidence": confidence, "band": band, "context": None, "predicted": confidence > 0.4, "reason": None,
        "alternatives": [], "evidence": list(evidence),
    }  # fmt: skip


def finish(store, number, texts, suggested, decided, person=BEA, patient=None, state="done", **facts):
    """An encounter that was coded and decided on. ``suggested``: code to confidence; ``decided``: code to verdict, or
    to verdict and evidence ``(index of the document, start, end)``.
    """
    with store.writing() as session:
        documents = [
            Document(text=text, source_id=f"d{index}", title=f"Note {index}")
            for index, text in enumerate(texts)
        ]
        encounter, added = receive(session, "test", number, documents, patient=patient, **facts)
        ids = [one.id for one in added]
        rows = [suggestion(rank, *pair) for rank, pair in enumerate(suggested.items(), 1)]
        store_coding(session, encounter.id, encounter.version, {**ABOUT, "document_ids": ids}, rows, 0.5)
        decisions = []
        for code, told in decided.items():
            verdict, *spans = told if isinstance(told, tuple) else (told,)
            evidence = [{"document": ids[document], "start": a, "end": b} for document, a, b in spans]
            decisions.append(
                Decision(
                    system="icd10cm",
                    code=code,
                    description=TITLES[code],
                    verdict=verdict,
                    poa="Y",
                    evidence=evidence,
                )
            )
        encounter = decide(session, person, encounter.id, encounter.version, decisions)
        if state in ("done", "audited"):
            move(session, person, encounter, "done")
        if state == "audited":
            move(session, AUDE, encounter, "audited")
        return encounter.id
