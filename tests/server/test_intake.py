"""Documents taken into the store: from a folder that is watched, by id, and withdrawn."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge import InputError
from icdbridge.documents import Document
from icdbridge.server.desk_api.folder_watch import FolderWatch
from icdbridge.server.limits import NOTE_CHARACTERS
from icdbridge.server.store import open_store
from icdbridge.server.store.encounters import documents_of
from icdbridge.server.store.intake import identifier, take_in
from icdbridge.server.store.records import Encounter


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path / "desk.db"))
    yield store
    store.close()


def fault_of(text):
    return None if text.split() else "the note has no words"


def texts(store, number):
    with store.reading() as session:
        return [one.text for one in documents_of(session, number)]


def test_documents_are_sorted_into_their_encounters(store):
    documents = [
        Document(
            "Fever.", "a", encounter_id="V-1", patient_id="P 1", admission="2025-11", discharge="2025-11-03"
        ),
        Document("Cough.", "b", encounter_id="V-1", date="2025-11-02T10:30", sex="male", status="amended"),
        Document("Rash.", "c", date="2024", title="T" * 300),
        Document("", "d", encounter_id="V-1", fault="scanned"),
        Document(" ", "e"),
        Document("x" * (NOTE_CHARACTERS + 1), "f"),
    ]
    with store.writing() as session:
        taken = take_in(session, "feed", documents, "file", fault_of)
        assert [name for name, _ in taken.refused] == ["d", "e", "f"]
        assert list(map(len, taken.encounters.values())) == [2, 1]
        first, second = (session.get(Encounter, number) for number in taken.encounters)
        assert (first.number, first.admission, str(first.discharge), first.sex) == (
            "V-1",
            None,
            "2025-11-03",
            "male",
        )
        assert first.patient.startswith("P-1-")
        assert second.number == "c"
        (rash,) = documents_of(session, second.id)
        assert (rash.date.isoformat(), len(rash.title)) == ("2024-01-01T00:00:00+00:00", 200)
    assert texts(store, first.id) == ["Fever.", "Cough."]


def test_a_document_that_was_withdrawn_is_coded_no_more(store):
    with store.writing() as session:
        take_in(
            session,
            "feed",
            [Document("Fever.", "a", encounter_id="V"), Document("Cough.", "b", encounter_id="V")],
            "",
        )
        gone = [Document("Fever.", "a", encounter_id="V", status="entered-in-error")]
        assert take_in(session, "feed", gone, "").refused == []
        found = session.get(Encounter, 1)
        assert (found.version, found.to_code) == (2, True)
        assert take_in(session, "feed", gone, "").encounters == {}
        assert found.version == 2
        take_in(session, "feed", [Document("", "z", encounter_id="W", status="superseded")], "")
    assert texts(store, 1) == ["Cough."]


@given(st.text(min_size=1), st.sampled_from([64, 128]))
def test_a_number_is_printable_and_of_bounded_length(text, longest):
    number = identifier(text, longest)
    assert 1 <= len(number) <= longest
    assert all("!" <= character <= "~" for character in number)
    assert identifier(number, longest) == number


def test_numbers_that_differ_stay_different():
    assert identifier("V 1") != identifier("V-1")
    assert identifier("x" * 80 + "1") != identifier("x" * 80 + "2")


def test_a_folder_is_watched(tmp_path, store):
    inbox, woken = tmp_path / "inbox", []
    with pytest.raises(InputError, match="cannot watch"):
        FolderWatch(inbox, store, fault_of, lambda: None)
    inbox.mkdir()
    watch = FolderWatch(inbox, store, fault_of, lambda: woken.append(True))
    (inbox / "visit.txt").write_text("Fever and cough.", "utf-8")
    (inbox / "growing.part").write_text("Half a", "utf-8")
    (inbox / "empty.txt").write_text("  ", "utf-8")
    rows = [
        {"note_id": "n1", "text": "Rash.", "encounter_id": "V-7"},
        {"note_id": "n2", "text": "", "encounter_id": "V-7"},
    ]
    (inbox / "table.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert watch.look() == 0  # seen once: it may still be written
    (inbox / "visit.txt").write_text("Fever and cough, and rash.", "utf-8")
    assert watch.look() == 2
    assert watch.look() == 1
    assert watch.look() == 0
    assert [one.name for one in (inbox / "taken").iterdir()] == ["visit.txt"]
    refused = {one.name: one for one in (inbox / "refused").iterdir()}
    assert set(refused) == {"empty.txt", "empty.txt.why.txt", "table.jsonl", "table.jsonl.why.txt"}
    assert "no words" in refused["empty.txt.why.txt"].read_text("utf-8")
    assert refused["table.jsonl.why.txt"].read_text("utf-8").startswith("n2: ")
    assert len(woken) == 3
    with store.reading() as session:
        numbers = {one.number: one.id for one in session.query(Encounter)}
    assert set(numbers) == {"visit", "V-7"}
    assert texts(store, numbers["visit"]) == ["Fever and cough, and rash."]
    (inbox / "visit.txt").write_text("Fever and cough, and rash.", "utf-8")
    watch.look()
    assert watch.look() == 1
    assert (inbox / "taken" / "visit-2.txt").is_file()
    assert len(texts(store, numbers["visit"])) == 1
