"""The store: tables, trail, versions, documents that come again, retention, accounts."""

import shutil
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from icdbridge import InputError
from icdbridge.server.store import open_store
from icdbridge.server.store.changes import Conflict, Refused, assign, comment, encounter_of, move
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import (
    current_decisions,
    open_encounter,
    read_document,
    receive,
    store_coding,
)
from icdbridge.server.store.people import Person, add_user, person_of, remove_user, sign_in, sign_out
from icdbridge.server.store.records import Decision, Document, Encounter, Table
from icdbridge.server.store.retention import purge
from icdbridge.server.store.trail import record, verify
from icdbridge.server.store.worklist import worklist

BEA, CARL, AUDE = Person("bea", "coder"), Person("carl", "coder"), Person("aude", "auditor")


def pneumonia():
    return Decision(
        system="icd10cm",
        code="J18.9",
        description="Pneumonia, unspecified organism",
        verdict="accepted",
        poa="Y",
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A store in a file, without anything."""
    path = tmp_path_factory.mktemp("empty") / "desk.db"
    open_store(str(path)).close()
    return path


@pytest.fixture
def store(tmp_path, empty):
    shutil.copy(empty, tmp_path)
    store = open_store(str(tmp_path / "desk.db"))
    yield store
    store.close()


@pytest.fixture
def number(store):
    """An encounter with one document."""
    with store.writing() as session:
        found, _ = receive(
            session, "bea", "E-1", [Document(text="Pneumonia.", source_id="d1", title="Note")], patient="P-1"
        )
        return found.id


def test_the_steps_bring_a_store_of_the_first_release_up_to_date(tmp_path):
    """A change of the tables needs a step in ``migrations``."""
    path = tmp_path / "first.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript((Path(__file__).parent / "first_tables.sql").read_text("utf-8"))
    store = open_store(str(path))
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    with store.writing() as session:
        record(session, "bea", "opened")
        assert verify(session).fault is None
    store.close()


def test_a_store_is_opened_again_with_what_is_in_it(tmp_path, store, number):
    again = open_store(str(tmp_path / "desk.db"))
    with again.reading() as session:
        assert session.get(Encounter, number).number == "E-1"
    again.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [("mysql://host/db", "cannot be mysql"), ("nowhere/desk.db", "no folder"), ("://", "is none")],
)
def test_an_address_that_is_none(address, said):
    with pytest.raises(InputError, match=said):
        open_store(address)


def test_a_file_that_is_no_store(tmp_path):
    (tmp_path / "desk.db").write_text("a letter" * 200)
    with pytest.raises(InputError, match="cannot open the store"):
        open_store(str(tmp_path / "desk.db"))


def test_a_store_of_a_newer_release(tmp_path, store):
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="newer icdbridge"):
        open_store(str(tmp_path / "desk.db"))


def test_an_encrypted_store_has_no_word_in_the_open(tmp_path, monkeypatch):
    pytest.importorskip("sqlcipher3")
    path = tmp_path / "secret.db"
    monkeypatch.setenv("ICDBRIDGE_STORE_KEY", "short")
    with pytest.raises(InputError, match="at least 20 characters"):
        open_store(str(path))
    monkeypatch.setenv("ICDBRIDGE_STORE_KEY", "correct horse battery 'staple'")
    store = open_store(str(path))
    with store.writing() as session:
        receive(session, "bea", "E-1", [Document(text="Qzxsecret pneumonia.")])
    store.close()
    assert path.stat().st_mode & 0o077 == 0
    assert not [file for file in tmp_path.iterdir() if b"zxsecret" in file.read_bytes()]
    monkeypatch.delenv("ICDBRIDGE_STORE_KEY")
    with pytest.raises(InputError, match="is it encrypted"):
        open_store(str(path))


def test_a_decision_of_an_older_version_is_refused_in_words(store, number):
    with store.writing() as session:
        decide(session, BEA, number, 1, [pneumonia()])
    with pytest.raises(Conflict, match=r"bea accepted J18.9 at \d\d:\d\d UTC"), store.writing() as session:
        decide(
            session,
            CARL,
            number,
            1,
            [Decision(system="icd10cm", code="J18.9", description="Pneumonia", verdict="rejected")],
        )
    with store.reading() as session:
        assert [(one.by, one.verdict) for one in current_decisions(session, number)] == [("bea", "accepted")]


def test_the_newest_decision_on_a_code_holds_and_the_order_follows(store, number):
    diabetes = Decision(system="icd10cm", code="E11.9", description="Type 2 diabetes", verdict="accepted")
    with store.writing() as session:
        decide(session, BEA, number, 1, [pneumonia(), diabetes], ["icd10cm:E11.9"])
        assert session.get(Encounter, number).code_order == ["icd10cm:E11.9", "icd10cm:J18.9"]
        found = decide(
            session,
            BEA,
            number,
            2,
            [Decision(system="icd10cm", code="E11.9", description="", verdict="undecided")],
        )
        assert found.code_order == ["icd10cm:J18.9"]
        assert [one.code for one in current_decisions(session, number)] == ["J18.9"]
        assert (found.state, found.assignee, found.version) == ("in work", "bea", 3)


@pytest.mark.parametrize(
    "span", [{"document": 9, "start": 0, "end": 3}, {"document": 1, "start": 0, "end": 99}]
)
def test_evidence_lies_in_the_encounters_documents(store, number, span):
    with pytest.raises(InputError, match="evidence of I10"), store.writing() as session:
        decide(
            session,
            BEA,
            number,
            1,
            [Decision(system="icd10cm", code="I10", description="", verdict="accepted", evidence=[span])],
        )


def test_states_follow_one_another_and_audits_are_the_auditors(store, number):
    with store.writing() as session:
        with pytest.raises(Refused, match="cannot become audited"):
            move(session, BEA, encounter_of(session, number, 1), "audited")
        move(session, BEA, encounter_of(session, number, 1), "in work")
        found = encounter_of(session, number, 2)
        move(session, BEA, found, "done")
        assert found.done is not None
        with pytest.raises(Refused, match="only an auditor"):
            move(session, BEA, encounter_of(session, number, 3), "audited")
        with pytest.raises(Refused, match="take it back into work"):
            decide(session, BEA, number, 3, [pneumonia()])
        decide(session, AUDE, number, 3, [pneumonia()])
        found = encounter_of(session, number, 4)
        move(session, AUDE, found, "audited")
        assert found.version == 5


def test_documents_come_again(store, number):
    def send(*documents):
        with store.writing() as session:
            found, added = receive(session, "feed", "E-1", documents)
            return found.version, [one.id for one in added]

    assert send(Document(text="Pneumonia.", source_id="d1", title="Note")) == (
        1,
        [],
    )  # nothing new: nobody's version is out of date
    version, (amended,) = send(Document(text="No pneumonia.", source_id="d1", title="Note"))
    assert version == 2
    with store.writing() as session:
        opened = open_encounter(session, BEA, number)
        assert {one.id: one.status for one in opened.documents} == {1: "superseded", amended: "final"}
        move(session, BEA, encounter_of(session, number, 2), "in work")
        move(session, BEA, encounter_of(session, number, 3), "done")
    assert send(Document(text="Addendum.", source_id="d2"))[0] == 5
    with store.reading() as session:
        assert session.get(Encounter, number).state == "in work"


def test_suggestions_touch_no_decision_and_come_only_for_what_was_read(store, number):
    about = {"model": "m", "fingerprint": "f", "code_version": "icd10", "release": "FY2026", "document_ids": [1],
             "repeats": {}}  # fmt: skip
    one = {"rank": 1, "system": "icd10cm", "code": "J18.9", "description": "Pneumonia", "probability": 0.9,
           "confidence": 0.9, "band": "likely", "context": None, "predicted": True, "reason": None, "alternatives": [],
           "evidence": [{"document": 1, "start": 0, "end": 9, "weight": 1.0, "context": None}]}  # fmt: skip
    other = {**one, "rank": 2, "code": "I10"}
    with store.writing() as session:
        assert store_coding(session, number, 1, about, [one, other], 0.2)
        decide(session, BEA, number, 1, [pneumonia()])
        assert not store_coding(session, number, 1, about, [one], 0.1)
        assert store_coding(session, number, 2, about, [{**one, "code": "J15.9"}], 0.3)
        opened = open_encounter(session, BEA, number)
        assert [row.code for row in opened.suggestions] == ["J15.9"]
        assert opened.decisions[0].suggestion_id is not None  # what was shown then is kept


def test_the_trail_shows_what_was_changed_in_it(store, number):
    with store.writing() as session:
        read_document(session, BEA, 1)
        comment(session, BEA, number, "qzxsecret words", None)
        assign(session, BEA, encounter_of(session, number, 1), "carl")
    with store.reading() as session:
        whole = verify(session)
        assert (whole.entries, whole.fault) == (4, None)
        kept = str(session.execute(text("SELECT * FROM trail")).all())
        assert "read" in kept
        assert "qzxsecret" not in kept
        assert verify(session, (4, whole.head)).fault is None
        assert "was noted" in verify(session, (5, whole.head)).fault
        assert "not the one" in verify(session, (2, whole.head)).fault
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as session:
        session.execute(text("UPDATE trail SET by = 'carl' WHERE number = 2"))
    with pytest.raises(DBAPIError, match="never changed"), store.writing() as session:
        session.execute(text("DELETE FROM trail"))


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("UPDATE trail SET by = 'carl' WHERE number = 2", "entry 2 was changed"),
        ("DELETE FROM trail WHERE number = 2", "entries 2 to 2 are missing"),
        ("DELETE FROM trail WHERE number = 3", "last entries are missing"),
    ],
)
def test_a_trail_that_was_changed_under_the_triggers(store, harm, fault):
    with store.writing() as session:
        for _ in range(3):
            record(session, "bea", "read", document=1)
        for what in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER trail_no_{what}"))
        session.execute(text(harm))
    with store.reading() as session:
        assert fault in verify(session).fault


def test_words_are_deleted_when_their_time_is_over(store, number):
    with store.writing() as session:
        comment(session, BEA, number, "ask about the side", None)
        decide(session, BEA, number, 1, [pneumonia()])
    assert purge(store, 1) == (0, 0)
    with store.writing() as session:
        session.get(Encounter, number).updated -= timedelta(days=2)
    assert purge(store, 1) == (1, 1)
    assert purge(store, 1) == (0, 0)
    with store.writing() as session:
        opened = open_encounter(session, BEA, number)
        assert [(one.text, one.title) for one in opened.documents] == [(None, None)]
        assert [one.text for one in opened.comments] == [None]
        assert [one.code for one in opened.decisions] == ["J18.9"]
        assert verify(session).fault is None


def test_accounts_and_sessions(store):
    with store.writing() as session:
        token = add_user(session, "admin", "bea", "coder")
        for name, role in (("bea", "coder"), ("local", "admin"), ("eve", "boss"), (" eve", "coder")):
            with pytest.raises(InputError):
                add_user(session, "admin", name, role)
        assert person_of(session, token) == BEA
        assert person_of(session, token[:-1]) is None
        first, _ = sign_in(session, BEA)
        second, _ = sign_in(session, BEA)
        sign_out(session, BEA, first)
        assert [person_of(session, one) for one in (first, second)] == [None, BEA]
        remove_user(session, "admin", "bea")
        assert [person_of(session, one) for one in (token, second)] == [None, None]
        with pytest.raises(InputError, match="there is, or was"):
            add_user(session, "admin", "bea", "admin")
        kept = str(session.execute(text("SELECT * FROM users")).all()) + str(
            session.execute(text("SELECT * FROM trail")).all()
        )
        assert not [one for one in (token, first, second) if one in kept]


@pytest.mark.parametrize(("column", "hours"), [("expires", 13), ("used", 2)])
def test_sessions_end(store, column, hours):
    with store.writing() as session:
        add_user(session, "admin", "bea", "coder")
        token, _ = sign_in(session, BEA)
        session.execute(text(f"UPDATE sessions SET {column} = datetime({column}, '-{hours} hours')"))
        assert person_of(session, token) is None


def test_the_worklist_finds_sorts_and_counts(store):
    with store.writing() as session:
        for place, (number, setting) in enumerate(
            [("A-1", "inpatient"), ("B-2", "outpatient"), ("C_3", "inpatient")]
        ):
            facts = {"patient": f"P%{place}", "setting": setting, "due": date(2025, 11, 3 - place)}
            found, _ = receive(session, "bea", number, [Document(text="Fever.")], **facts)
            found.need = None if place == 2 else float(place)
        move(session, BEA, encounter_of(session, 1), "in work")

        def numbers(**wanted):
            return [one.number for one in worklist(session, **wanted).encounters]

        assert numbers() == ["B-2", "A-1", "C_3"]
        assert numbers(sort="trust") == ["A-1", "B-2", "C_3"]
        assert numbers(sort="due") == ["C_3", "B-2", "A-1"]
        assert numbers(words="_") == ["C_3"]
        assert numbers(words="p%1") == ["B-2"]
        assert numbers(assignee="bea") == ["A-1"]
        assert numbers(assignee="", sort="number", limit=1, offset=1) == ["C_3"]
        page = worklist(session, states=["new"], setting="inpatient")
        assert (page.total, page.states) == (1, {"in work": 1, "new": 1})
        assert [(one.id, one.document_count) for one in page.encounters] == [(3, 1)]
