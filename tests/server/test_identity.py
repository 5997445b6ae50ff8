"""No answer mixes notes or patients up: ids of notes, of FHIR resources and of a Bundle's entries."""

import pytest
from fhir.resources.R4B.bundle import Bundle

TEXT = "Short of breath, dyspnea at rest."
FHIR = {"Accept": "application/fhir+json"}
CODE = {"system": "icd10cm", "code": "I50.9", "description": "Heart failure, unspecified"}


def send(client, *notes, headers=None):
    body = {"notes": [{"text": TEXT} | note for note in notes], "version": "icd10", "top": 2}
    return client.post("/v1/code", json=body, headers=headers or {})


def resource_ids(answer):
    entries = Bundle.model_validate_json(answer.content).entry
    assert len({entry.fullUrl for entry in entries}) == len(entries)
    return [entry.resource.id for entry in entries]


@pytest.mark.parametrize(
    ("notes", "where", "other"),
    [
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], "body.notes.2.id", "body.notes.0 "),
        ([{"id": "2", "patient": "A"}, {"patient": "B"}], "body.notes.0.id", "body.notes.1 "),
        ([{"patient": "B"}, {}, {"id": "1"}], "body.notes.2.id", "body.notes.0 "),
    ],
)
@pytest.mark.parametrize("headers", [{}, FHIR])
def test_notes_of_one_id_are_refused(client, notes, where, other, headers):
    answer = send(client, *notes, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
    assert other in answer.json()["detail"]


def test_default_ids_that_meet_no_given_one(client):
    answer = send(client, {"id": "1"}, {}, {"id": "x"})
    assert [note["id"] for note in answer.json()["notes"]] == ["1", "2", "x"]


def test_patients_and_requests_share_no_resource(client):
    seen = []
    for notes in ([{"patient": "A"}], [{"patient": "B"}], [{"patient": "A"}], [{}, {}]):
        seen += resource_ids(send(client, *notes, headers=FHIR))
    for note in ({"id": "n", "patient": "A"}, {"id": "n", "patient": "B"}, {"id": "n", "text": TEXT + "!"}):
        seen += resource_ids(send(client, note, headers=FHIR))
    assert len(seen) == 16
    assert len(set(seen)) == 16


def test_the_same_note_of_the_same_patient_is_the_same_resource(client):
    note = {"id": "n", "patient": "A"}
    assert resource_ids(send(client, note, headers=FHIR)) == resource_ids(send(client, note, headers=FHIR))


def test_settled_codes(client):
    def ids(**body):
        return resource_ids(client.post("/v1/fhir", json={"codes": [CODE]} | body))

    assert len(ids(note="n", codes=[CODE, CODE])) == 1
    answers = [
        ids(note="n", patient="A"),
        ids(note="n", patient="B"),
        ids(note="n"),
        ids(),
        ids(),
        ids(patient="A"),
    ]
    assert len({one for (one,) in answers}) == 6
    assert ids(note="n", patient="A") == ids(note="n", patient="A")
    other = CODE | {"description": "Cardiac failure"}
    answer = client.post("/v1/fhir", json={"note": "n", "codes": [CODE, other]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.codes.1"


def test_a_code_set_with_two_descriptions_of_one_code(client):
    codes = [CODE, {"system": "icd10cm", "code": "i509", "description": "Cardiac failure"}]
    answer = client.post("/v1/code", json={"notes": [{"text": TEXT}], "codes": codes})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.codes.1"
