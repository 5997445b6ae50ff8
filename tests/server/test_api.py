"""The HTTP interface of a true server before a trained small model."""

import json
import random
import threading

import pytest
from fhir.resources.R4B.bundle import Bundle  # R4B: Bundle, Condition and Procedure are those of R4
from tests.server.conftest import NOTE, WORDS

PROBLEM = "application/problem+json"


def code(client, **request):
    return client.post("/v1/code", json={"notes": [{"text": NOTE}], "version": "icd10", **request})


def test_codes_with_evidence_as_the_coder_finds_them(client, coder):
    answer = code(client, notes=[{"id": "n-1", "text": NOTE}], top=6).json()
    assert (answer["model"], answer["version"]) == ("tiny", "icd10")
    (note,) = answer["notes"]
    assert note["id"] == "n-1"
    assert note["words"] == note["read_words"] == 16
    expected = [one.to_dict() for one in coder.code(NOTE, "icd10", top=6)]
    for found, alone in zip(note["suggestions"], expected, strict=True):
        assert found["code"] == alone["code"]
        assert found["probability"] == pytest.approx(alone["probability"], abs=1e-6)
        assert found["kind"] == ("procedure" if alone["system"] == "icd10pcs" else "diagnosis")
        assert found["band"] == alone["band"]
        assert found["evidence"]
        assert all(NOTE[span["start"] : span["end"]] == span["text"] for span in found["evidence"])
    best = {found["code"] for found in note["suggestions"][:3]}
    assert best == {"I50.9", "E11.9", "5A1D70Z"}


def test_offsets_count_characters_of_the_note_as_sent(client):
    text = "\U0001fac0\r\n e\u0301 \U0001f600 DYSPNEA, \u0394 was given metformin"
    (note,) = code(client, notes=[{"text": text}], top=2).json()["notes"]
    for found in note["suggestions"]:
        assert all(text[span["start"] : span["end"]] == span["text"] for span in found["evidence"])


def best_key(suggestions):
    return f"{suggestions[0]['system']}:{suggestions[0]['code']}"


@pytest.fixture(scope="session")
def texts(coder):
    """Notes of different lengths with the best code of each, which are not all the same."""
    rng = random.Random(0)
    texts = [" ".join(["patient seen in clinic"] * rng.randint(1, 30) + [word] * 3) for word in WORDS]
    best = {text: best_key([coder.code(text, "icd10", top=1)[0].to_dict()]) for text in texts}
    assert len(set(best.values())) >= 4
    return best


def test_several_notes_keep_their_order_and_get_numbers(client, texts):
    answer = code(client, notes=[{"text": text} for text in texts], top=1).json()
    assert [note["id"] for note in answer["notes"]] == ["1", "2", "3", "4", "5", "6"]
    assert [best_key(note["suggestions"]) for note in answer["notes"]] == list(texts.values())


def test_threshold_top_and_evidence(client):
    everything = code(client, threshold=0).json()["notes"][0]["suggestions"]
    assert len(everything) == 6
    least = everything[2]["probability"]
    above = code(client, threshold=least).json()["notes"][0]["suggestions"]
    assert [one["code"] for one in above] == [one["code"] for one in everything[:3]]
    assert len(code(client, threshold=least, top=1).json()["notes"][0]["suggestions"]) == 1
    bare = code(client, evidence=False).json()["notes"][0]["suggestions"]
    assert all(one["evidence"] == [] for one in bare)


def test_a_code_set_of_the_request(client):
    codes = [
        {"system": "icd10cm", "code": "i509"},
        {"system": "house", "code": "X1", "description": "Fracture of the left tibia"},
    ]
    answer = code(client, version=None, codes=codes).json()
    assert answer["version"] is None
    found = {one["code"]: one for one in answer["notes"][0]["suggestions"]}
    assert found["I50.9"]["description"] == "Heart failure, unspecified"
    assert (found["X1"]["system"], found["X1"]["train_notes"]) == ("house", 0)


@pytest.mark.parametrize("version", ["icd10", "icd9"])
def test_fhir_bundle(client, version):
    notes = [{"text": NOTE, "id": "n-1", "patient": "p-1"}, {"text": NOTE}]
    answer = client.post(
        "/v1/code",
        json={"notes": notes, "version": version, "top": 6},
        headers={"Accept": "application/fhir+json"},
    )
    assert answer.headers["content-type"] == "application/fhir+json"
    bundle = Bundle.model_validate_json(answer.content)
    kinds = [entry.resource.get_resource_type() for entry in bundle.entry]
    assert (kinds.count("Condition"), kinds.count("Procedure")) == (10, 2)
    systems = {entry.resource.code.coding[0].system for entry in bundle.entry}
    assert (
        systems
        == {
            "icd10": {"http://hl7.org/fhir/sid/icd-10-cm", "http://www.cms.gov/Medicare/Coding/ICD10"},
            "icd9": {"http://hl7.org/fhir/sid/icd-9-cm"},
        }[version]
    )


def test_control_characters_of_a_note_do_not_enter_fhir(client):
    text = "dysp\u0000nea \u0007metformin\u001b dyspnea"
    answer = client.post("/v1/code", json={"notes": [{"text": text}], "version": "icd10"})
    assert answer.status_code == 200
    spans = [span for one in answer.json()["notes"][0]["suggestions"] for span in one["evidence"]]
    assert spans
    assert all(text[span["start"] : span["end"]] == span["text"] for span in spans)
    headers = {"Accept": "application/fhir+json"}
    answer = client.post("/v1/code", json={"notes": [{"text": text}], "version": "icd10"}, headers=headers)
    assert answer.status_code == 200
    assert not any(sign in answer.text for sign in ("\\u0000", "\\u0007", "\\u001b"))


def test_settled_codes_as_fhir(client):
    codes = [
        {"system": "icd10cm", "code": "I50.9", "description": "Heart failure, unspecified"},
        {"system": "icd9proc", "code": "39.95", "description": "Hemodialysis"},
    ]
    bundle = Bundle.model_validate_json(client.post("/v1/fhir", json={"note": "n", "codes": codes}).content)
    condition, procedure = (entry.resource for entry in bundle.entry)
    assert condition.verificationStatus.coding[0].code == "confirmed"
    assert procedure.get_resource_type() == "Procedure"
    Bundle.model_validate_json(client.post("/v1/fhir", json={"note": "n", "codes": []}).content)


def test_search_by_words_code_and_prefix(client):
    def found(**query):
        return [hit["code"] for hit in client.get("/v1/codes", params=query).json()["codes"]]

    assert found(q="heart fail", version="icd10")[0] == "I50.9"
    assert found(q="I50.9")[0] == "I50.9"
    assert set(found(q="428", system="icd9cm")) >= {"428.0", "428.9"}
    assert found(q="hemodialysis", version="icd9")[0] == "39.95"
    assert found(q="qzxnothing") == []
    assert len(found(q="fracture", limit=7)) == 7


def test_words_searched_for_may_stand_in_the_body(client):
    asked = {"q": "left hip fx", "version": "icd10", "limit": 3}
    posted = client.post("/v1/codes", json=asked).json()
    assert posted == client.get("/v1/codes", params=asked).json()
    assert posted["codes"]
    refused = client.post("/v1/codes", json={"q": "gout", "version": "icd12"})
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "body.version")


def test_models_say_what_they_code_in_and_what_bands_were_worth(client):
    (model,) = client.get("/v1/models").json()["models"]
    assert model["name"] == "tiny"
    assert [version["name"] for version in model["versions"]] == ["icd10", "icd9"]
    assert model["versions"][0]["systems"] == ["icd10cm", "icd10pcs"]
    for version in model["versions"]:
        assert [band["name"] for band in version["bands"]] == ["likely", "possible", "unlikely"]
        assert all(0 <= band["right"] <= band["suggestions"] for band in version["bands"])


def body(**request):
    return json.dumps({"notes": [{"text": "dyspnea"}], "version": "icd10", **request}).encode()


@pytest.mark.parametrize(
    ("sent", "media_type", "status", "says"),
    [
        (b"", None, 415, "application/json"),
        (body(), "text/plain", 415, "application/json"),
        (b"{", "application/json", 400, "not JSON (character 1)"),
        (b'{"notes": [{"text": "dyspnea \xe9"}]}', "application/json", 400, "UTF-8"),
        (b"[" * 100_000, "application/json", 400, "not JSON"),
        (b"[]", "application/json", 422, "body"),
        (body(notes=[]), "application/json", 422, "body.notes: "),
        (body(notes=[{"text": ""}]), "application/json", 422, "body.notes.0.text: "),
        (body(notes=[{"text": " ... "}]), "application/json", 422, "the note is empty or has no words"),
        (body(notes=[{"text": "dyspnea \ud800"}]), "application/json", 422, "body.notes.0.text: "),
        (body(notes=[{"text": "dyspnea " * 65_000}]), "application/json", 422, "the limit of 500,000 characters"),
        (body(notes=[{"text": "dyspnea " * 300_000}]), "application/json", 413, "2,097,152 bytes"),
        (body(notes=[{"text": "qzxsecret"}] * 65), "application/json", 422, "the limit of 64"),
        (body(notes=[{"text": 5}]), "application/json", 422, "body.notes.0.text: Input should be a valid string"),
        (body(notes=[{"text": "a", "qzxsecret": 1}]), "application/json", 422, "body.notes.0.(unknown field)"),
        (body(version="qzxsecret"), "application/json", 422, "body.version: expected one of icd10, icd9"),
        (body(version=None), "application/json", 422, "body.version: expected one of icd10, icd9"),
        (body(model="qzxsecret"), "application/json", 422, "body.model: expected one of tiny"),
        (body(top=0), "application/json", 422, "body.top: "),
        (body(top="5"), "application/json", 422, "body.top: "),
        (body(threshold=float("nan")), "application/json", 422, "body.threshold: "),
        (body(codes=[]), "application/json", 422, "body.codes: "),
        (body(codes=[{"system": "icd10cm", "code": "qzxsecret"}]), "application/json", 422, "body.codes.0.code: "),
    ],
)  # fmt: skip
def test_bad_requests_get_a_precise_problem_without_what_was_sent(client, sent, media_type, status, says):
    headers = {"Content-Type": media_type} if media_type else {}
    answer = client.post("/v1/code", content=sent, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    problem = answer.json()
    assert problem["status"] == status
    assert says in problem["detail"]
    assert not any(word in answer.text for word in ("dyspnea", "qzxsecret"))


def test_a_body_of_unknown_length_is_bounded_too(client):
    def parts():
        for _ in range(40):
            yield b"dyspnea " * 8_192

    answer = client.post("/v1/code", content=parts(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/qzxsecret", 404),
        ("PUT", "/v1/code", 405),
        ("QZXSECRET", "/v1/code", 405),
        ("GET", "/v1/codes", 422),
        ("GET", "/v1/codes?q=...", 422),
        ("GET", "/v1/codes?q=qzxsecret&limit=101", 422),
        ("GET", "/v1/codes?q=qzxsecret&system=qzxsecret", 422),
        ("GET", "/v1/codes?q=qzxsecret&version=qzxsecret", 422),
    ],
)
def test_other_paths_and_queries(client, method, path, status):
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert "qzxsecret" not in answer.text


def test_requests_at_once_get_their_own_answers(client, texts):
    asked = list(texts) * 6
    answers = {}

    def ask(number):
        answers[number] = code(client, notes=[{"text": asked[number]}], top=1).json()["notes"][0][
            "suggestions"
        ]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 36
    assert all(best_key(found) == texts[asked[number]] for number, found in answers.items())


def test_metrics_count_requests_and_notes(client, served):
    code(client)
    metrics = served.metrics()
    assert 'icdbridge_requests_total{method="POST",route="/v1/code",status="200"}' in metrics
    assert 'icdbridge_notes_total{model="tiny",version="icd10"}' in metrics
    assert "icdbridge_waiting_notes 0.0" in metrics


def test_security_headers_on_every_answer(client):
    for path in ("/", "/desk.js", "/v1/models", "/nothing", "/health/live"):
        headers = client.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/v1/models").headers["cache-control"] == "no-store"


def test_the_page_is_sent_again_only_when_it_changed(client):
    tag = client.get("/desk.css").headers["etag"]
    assert client.get("/desk.css", headers={"If-None-Match": tag}).status_code == 304


def test_a_name_that_is_not_this_machine_is_refused(client):
    assert client.get("/v1/models", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/v1/models", headers={"Host": "localhost:9"}).status_code == 200
    assert client.get("/v1/models", headers={"Host": "[::1]"}).status_code == 200


def test_openapi_describes_every_path_with_examples(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/v1/code", "/v1/codes", "/v1/check", "/v1/models", "/v1/fhir", "/v1/documents", "/health/live",
        "/health/ready", "/metrics",
    }  # fmt: skip
    answers = described["paths"]["/v1/code"]["post"]["responses"]
    assert set(answers) == {"200", "400", "401", "408", "413", "415", "422", "503"}
    assert set(answers["200"]["content"]) == {"application/json", "application/fhir+json"}
    assert "Retry-After" in answers["503"]["headers"]
    assert described["components"]["schemas"]["CodeRequest"]["examples"]


def settle(client, *codes):
    return client.post("/v1/fhir", json={"codes": list(codes), "note": "n-1", "patient": "p-1"})


def test_settled_codes_are_written_as_their_system_does(client):
    answer = settle(
        client,
        {"system": "ICD-10-CM", "code": "e119", "description": " "},
        {"system": "ICD10CM", "code": "S32.2"},
        {"system": "house", "code": "x1", "description": "Own"},
    )
    assert answer.status_code == 200
    bundle = Bundle.model_validate_json(answer.content)
    codings = [entry.resource.code.coding[0] for entry in bundle.entry]
    assert [(coding.system, coding.code) for coding in codings[:2]] == [
        ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "S32.2"),
    ]
    assert codings[0].display == "Type 2 diabetes mellitus without complications"
    assert codings[0].extension is None
    # a category says that it is none to bill
    assert codings[1].extension[0].valueBoolean is False
    assert bundle.entry[1].resource.note[0].text == "S32.2 is a category, not a billable code."
    assert codings[2].system == "urn:icdbridge:code-system:house"


@pytest.mark.parametrize(
    ("system", "code", "where", "detail"),
    [
        ("icd10cm", "250.00", "code", "no code of this system"),
        ("icd10cm", "I1O", "code", "did you mean I10?"),
        ("icd9cm", "8.45", "code", "did you mean 008.45?"),
        ("icd10cm", "W21.89A", "code", "no code of this system"),
        ("ICD-10", "I10", "system", "a version"),
    ],
)
def test_what_is_no_code_is_not_settled(client, system, code, where, detail):
    answer = settle(client, {"system": system, "code": code, "description": "x"})
    assert answer.status_code == 422
    assert f"body.codes.0.{where}" in answer.text
    assert detail in answer.text


def test_systems_and_versions_in_any_spelling(client):
    assert code(client, version="ICD-10").json()["version"] == "icd10"
    found = client.get("/v1/codes", params={"q": "heart failure", "system": "ICD-10-CM"}).json()["codes"]
    assert {hit["system"] for hit in found} == {"icd10cm"}
    codes = [{"system": "ICD10CM", "code": "I50.9"}, {"system": "icd10cm", "code": "I1O"}]
    assert (
        code(client, version=None, codes=codes[:1]).json()["notes"][0]["suggestions"][0]["system"]
        == "icd10cm"
    )
    assert code(client, version=None, codes=codes).status_code == 422


def test_caution_where_a_note_is_unlike_those_of_training(client, coder):
    strange = "Colonoscopy showed diverticulosis without haemorrhage or perforation; dyspnea"
    known, unknown = code(client, notes=[{"text": NOTE}, {"text": strange}]).json()["notes"]
    assert "words are unknown" in unknown["caution"]
    assert known["caution"] == coder.caution(NOTE, coder.code(NOTE, "icd10"))
    assert "colonoscopy" not in unknown["caution"].lower()
