"""The codes of finished encounters as other systems take them."""

import csv
import io
import json
from datetime import date

import pytest
from fhir.resources.R4B.bundle import Bundle
from tests.feedback.conftest import BEA, finish

from icdbridge import InputError
from icdbridge.server.store.changes import move
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounter_results import (
    claim_rows,
    result_bundle,
    result_rows,
    told,
    write_encounter_results,
)
from icdbridge.server.store.encounters import receive
from icdbridge.server.store.finished import finished
from icdbridge.server.store.records import Decision, Document

CODES = (
    ("icd10pcs", "0BJ08ZZ", "Inspection of Tracheobronchial Tree", None),
    ("icd10cm", "J18.9", "Pneumonia, unspecified organism", "Y"),
    ("icd10cm", "W19.XXXA", "=Unspecified fall, initial encounter", "N"),
    ("icd10cm", "I10", "Essential (primary) hypertension", "Y"),
)


@pytest.fixture
def stay(store):
    facts = {
        "patient": "P-1",
        "setting": "inpatient",
        "admission": date(2025, 3, 4),
        "discharge": date(2025, 3, 9),
    }
    with store.writing() as session:
        one, _ = receive(
            session, "test", "E-1", [Document(text="Fell; pneumonia.", source_id="d", title="Note")], **facts
        )
        decisions = [
            Decision(system=system, code=code, description=title, verdict="accepted", poa=poa)
            for system, code, title, poa in CODES
        ]
        decisions.append(
            Decision(system="icd10cm", code="E11.9", description="Type 2 diabetes", verdict="rejected")
        )
        order = [f"{system}:{code}" for system, code, *_ in CODES]
        one = decide(session, BEA, one.id, one.version, decisions, order)
        move(session, BEA, one, "done")
    with store.reading() as session:
        (found,) = finished(session)
    return found


def test_rows_in_the_coders_order(stay):
    rows = result_rows(stay)
    assert [(row["order"], row["code"], row["kind"], row["principal"], row["poa"]) for row in rows] == [
        (1, "J18.9", "diagnosis", True, "Y"),
        (2, "W19.XXXA", "diagnosis", False, "N"),
        (3, "I10", "diagnosis", False, "Y"),
        (4, "0BJ08ZZ", "procedure", True, None),
    ]
    read = list(csv.DictReader(io.StringIO("".join(told([stay], "csv")))))
    assert [row["code"] for row in read] == ["J18.9", "W19.XXXA", "I10", "0BJ08ZZ"]
    assert read[1]["description"].startswith("'=")  # no spreadsheet runs it
    (line,) = "".join(told([stay], "json")).splitlines()
    assert json.loads(line)["codes"][0]["discharge"] == "2025-03-09"


def test_what_a_claim_asks_for(stay, store):
    assert [row["element"] for row in claim_rows(stay)] == [
        "ABK:J189:::::::Y", "ABN:W19XXXA:::::::N", "ABF:I10:::::::Y", "BBR:0BJ08ZZ",
    ]  # fmt: skip
    finish(store, "E-2", ["Visit."], {}, {"I10": "accepted"}, setting="outpatient")
    with store.reading() as session:
        *_, visit = finished(session)
    assert [row["element"] for row in claim_rows(visit)] == [
        "ABK:I10"
    ]  # only inpatients say what was present


def test_a_bundle_that_is_valid(stay):
    made = Bundle.model_validate(result_bundle(stay))
    encounter, *codes = (entry.resource for entry in made.entry)
    kinds = [one.get_resource_type() for one in codes]
    assert kinds == ["Condition", "Condition", "Condition", "Procedure"]
    assert [one.rank for one in encounter.diagnosis] == [1, 2, 3]
    ids = {entry.fullUrl for entry in made.entry}
    assert {one.condition.reference for one in encounter.diagnosis} <= ids
    assert all(one.encounter.reference in ids for one in codes)
    assert encounter.period.end == date(2025, 3, 9)


def test_all_encounters_that_are_done(stay, store, tmp_path):
    finish(store, "E-2", ["Not yet."], {}, {"I10": "accepted"}, state="in work")
    assert write_encounter_results(store, tmp_path / "r.csv", "csv", "test") == 1
    assert "E-2" not in (tmp_path / "r.csv").read_text()
    with pytest.raises(InputError, match="unknown format 'xml'"):
        write_encounter_results(store, tmp_path / "r.xml", "xml", "test")
    assert not (tmp_path / "r.xml").exists()
