"""The store on a real PostgreSQL server: the same tables, versions and trail; kill -9 of the server loses nothing."""

import threading
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from benchmarks.postgresql import Postgresql, available
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from icdbridge import InputError
from icdbridge.server.store import StoreUnreachable, open_store
from icdbridge.server.store.changes import Conflict
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import current_decisions, open_encounter, receive
from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Decision, Document, Encounter, Table
from icdbridge.server.store.retention import purge
from icdbridge.server.store.trail import verify
from icdbridge.server.store.worklist import worklist

pytestmark = pytest.mark.skipif(
    not available(), reason="needs PostgreSQL (Debian: apt-get install postgresql)"
)
CODES = ("I10", "E11.9", "J18.9", "N17.9")


@pytest.fixture(scope="module")
def server():
    server = Postgresql().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def store(server):
    store = open_store(server.address)
    yield store
    store.close()


def received(store, number):
    with store.writing() as session:
        return receive(session, "feed", number, [Document(text="Pneumonia.")], patient="P-1")[0].id


def test_a_new_store_has_the_tables_that_the_code_has(store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_two_at_once_never_overwrite_each_other(store, server):
    number, other = received(store, "E-1"), open_store(server.address)
    told = []

    def save(where, name):
        try:
            with where.writing() as session:
                decided = [
                    Decision(system="icd10cm", code=code, description="", verdict="accepted")
                    for code in CODES
                ]
                decide(session, Person(name, "coder"), number, 1, decided)
            told.append("saved")
        except Conflict as conflict:
            told.append(str(conflict))

    people = [
        threading.Thread(target=save, args=(where, name)) for where, name in ((store, "bea"), (other, "carl"))
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    other.close()
    assert told.count("saved") == 1
    assert any("accepted I10, accepted E11.9" in one for one in told)
    with store.reading() as session:
        assert len(current_decisions(session, number)) == len(CODES)
        assert verify(session).fault is None


def test_the_trail_refuses_changes(store):
    received(store, "E-2")
    for harm in ("UPDATE trail SET by = 'carl'", "DELETE FROM trail", "TRUNCATE trail"):
        with pytest.raises(DBAPIError, match="never changed"), store.writing() as session:
            session.execute(text(harm))


def test_words_are_deleted_and_the_worklist_is_read(store):
    number = received(store, "E-3")
    with store.writing() as session:
        session.get(Encounter, number).updated -= timedelta(days=3)
    assert purge(store, 2)[0] == 1
    with store.writing() as session:
        assert [one.text for one in open_encounter(session, Person("bea", "coder"), number).documents] == [
            None
        ]
        assert worklist(session, words="e-3", sort="due").total == 1


def test_what_was_saved_is_there_after_kill_9(store, server):
    number = received(store, "E-4")
    with store.writing() as session:
        decide(
            session,
            Person("bea", "coder"),
            number,
            1,
            [Decision(system="icd10cm", code="I10", description="", verdict="accepted")],
        )
    server.kill()
    with pytest.raises(StoreUnreachable), store.reading() as session:
        verify(session)
    with pytest.raises(InputError, match="cannot open the store"):
        open_store(server.address)
    server.start()
    with store.reading() as session:
        assert [one.code for one in current_decisions(session, number)] == ["I10"]
        assert verify(session).fault is None
