"""``icdbridge desk``: accounts, audit trail, retention, examples."""

import re

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.errors import InputError
from icdbridge.server.store import open_store
from icdbridge.server.store.people import person_of
from icdbridge.server.store.worklist import worklist


@pytest.fixture
def address(tmp_path):
    return str(tmp_path / "desk.db")


def run(address, *arguments, code=0):
    answer = CliRunner().invoke(app, ["desk", *arguments, "--store", address])
    assert answer.exit_code == code, answer.output
    return answer.output


def test_an_account_from_its_token_to_its_end(address):
    token = run(address, "add-user", "bea", "--role", "auditor").strip()
    store = open_store(address)
    with store.reading() as session:
        assert person_of(session, token).role == "auditor"
    assert run(address, "users") == "bea\tauditor\tactive\n"
    run(address, "remove-user", "bea")
    assert run(address, "users") == "bea\tauditor\tended\n"
    with store.reading() as session:
        assert person_of(session, token) is None
    store.close()
    answer = CliRunner().invoke(app, ["desk", "remove-user", "bea", "--store", address])
    assert isinstance(answer.exception, InputError)


def test_examples_are_loaded_once_and_deleted(address):
    assert run(address, "load-examples") == "3 encounters added\n"
    assert run(address, "load-examples") == "the examples are there already\n"
    store = open_store(address)
    with store.reading() as session:
        listed = worklist(session, sort="number")
    assert [one.number for one in listed.encounters] == ["EXAMPLE-1", "EXAMPLE-2", "EXAMPLE-3"]
    assert [one.document_count for one in listed.encounters] == [3, 1, 1]
    store.close()
    assert run(address, "purge", "--days", "0") == "deleted the words of 5 documents and 0 comments\n"


def test_the_trail_is_verified_with_a_head_that_was_noted(address):
    run(address, "add-user", "bea")
    head = re.search(r"head (1:[0-9a-f]{64})", run(address, "verify"))[1]
    run(address, "add-user", "carl")
    assert "2 entries, unbroken" in run(address, "verify", "--head", head)
    assert "not the one" in run(address, "verify", "--head", f"1:{'0' * 64}", code=1)
    store = open_store(address)
    with store.writing() as session:
        session.execute(text("DROP TRIGGER trail_no_update"))
        session.execute(text("UPDATE trail SET by = 'eve' WHERE number = 2"))
    store.close()
    assert "broken after 1 entries: entry 2 was changed" in run(address, "verify", code=1)
    answer = CliRunner().invoke(app, ["desk", "verify", "--head", "x", "--store", address])
    assert "NUMBER:HASH" in str(answer.exception)


@pytest.mark.parametrize("command", [["users"], ["verify"], ["report", "--out", "report.html"]])
def test_a_slip_in_the_name_of_a_store_makes_none(command, address, tmp_path):
    answer = CliRunner().invoke(app, ["desk", *command, "--store", address])
    assert isinstance(answer.exception, InputError)
    assert not list(tmp_path.iterdir())
