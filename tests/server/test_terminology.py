"""The FHIR terminology service, asked by a FHIR client (fhirpy) and checked by FHIR's own schemas (fhir.resources)."""

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.terminologycapabilities import TerminologyCapabilities
from fhir.resources.R4B.valueset import ValueSet
from fhirpy import SyncFHIRClient

CM, PCS, NINE = (
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm",
)


@pytest.fixture
def fhir(served):
    return SyncFHIRClient(f"{served.url}/v1/terminology")


@pytest.fixture
def ask(fhir):
    """Carries an operation out and gives the values of its answer by name, or the answer itself."""

    def carry_out(path, method="get", data=None, **parameters):
        answer = fhir.execute(path, method=method, data=data, params=parameters)
        if answer["resourceType"] != "Parameters":
            ValueSet.model_validate(answer)
            return answer
        Parameters.model_validate(answer)
        values = {}
        for one in answer["parameter"]:
            value = next((value for name, value in one.items() if name.startswith("value")), one.get("part"))
            values.setdefault(one["name"], []).append(value)
        return values

    return carry_out


def parts(several):
    return {
        one["name"]: next(value for name, value in one.items() if name.startswith("value")) for one in several
    }


def properties(found):
    values = {}
    for one in found["property"]:
        part = parts(one)
        values.setdefault(part["code"], []).append(part["value"])
    return values


def test_a_code_is_looked_up(ask):
    found = ask("CodeSystem/$lookup", system=CM, code="E119")
    assert found["display"] == ["Type 2 diabetes mellitus without complications"]
    assert found["version"] == ["FY2026"]
    known = properties(found)
    assert known["parent"] == ["E11"]
    assert known["billable"] == [True]
    assert known["inactive"] == [False]
    assert properties(ask("CodeSystem/$lookup", system=CM, code="E11"))["billable"] == [False]


def test_icd9_has_one_system_for_diagnoses_and_procedures(ask):
    assert ask("CodeSystem/$lookup", system=NINE, code="428.0")["display"] == [
        "Congestive heart failure, unspecified"
    ]
    kind = properties(ask("CodeSystem/$lookup", system=NINE, code="96.71"))["kind"]
    assert kind == ["procedure"]


def test_a_release_and_a_date_choose_what_is_valid(ask):
    # L66.1 was billable until September 2024, then divided
    assert ask("CodeSystem/$validate-code", url=CM, code="L66.1", date="2024-05-01")["result"] == [True]
    assert "message" not in ask("CodeSystem/$validate-code", url=CM, code="L66.1", version="2024")
    later = ask("CodeSystem/$validate-code", url=CM, code="L66.1", date="2026-05-01")
    assert later["message"] == ["this is a category, not a billable code"]
    new = ask("CodeSystem/$validate-code", url=CM, code="L66.10", version="FY2024")
    assert new["result"] == [False]
    assert "FY2024 does not have this code" in new["message"][0]
    assert ask("ValueSet/$validate-code", url=f"{CM}?fhir_vs", system=CM, code="L66.10")["result"] == [True]


def test_a_display_has_to_be_a_name_of_the_code(ask):
    right = ask("CodeSystem/$validate-code", url=CM, code="I10", display="essential (primary)  hypertension")
    wrong = ask("CodeSystem/$validate-code", url=CM, code="I10", display="Asthma")
    assert (right["result"], wrong["result"]) == ([True], [False])
    assert wrong["display"] == ["Essential (primary) hypertension"]


@pytest.mark.parametrize("code", ["I1O", "ZZZ", "E11.9999", "asthma"])
def test_what_is_no_code_is_not_valid(ask, code):
    found = ask("CodeSystem/$validate-code", url=CM, code=code)
    assert found["result"] == [False]
    assert code not in found["message"][0]


def test_a_filter_finds_codes_as_people_type_them(ask):
    found = ask("ValueSet/$expand", filter="htn", count=5)["expansion"]
    assert found["contains"][0] == {
        "system": CM, "version": "FY2026", "code": "I10", "display": "Essential (primary) hypertension",
    }  # fmt: skip
    assert len(found["contains"]) == 5
    following = ask("ValueSet/$expand", filter="htn", count=5, offset=5)["expansion"]["contains"]
    assert not {one["code"] for one in following} & {one["code"] for one in found["contains"]}
    procedures = ask("ValueSet/$expand", url=PCS, filter="lap chole")["expansion"]["contains"]
    assert procedures[0]["code"] == "0FT44ZZ"


def test_a_whole_system_is_listed_a_page_at_a_time(ask):
    first = ask("ValueSet/$expand", url=CM, count=3)["expansion"]
    assert first["total"] > 95_000
    assert [one["code"] for one in first["contains"]] == ["A00", "A00.0", "A00.1"]
    assert first["contains"][0]["abstract"] is True
    last = ask("ValueSet/$expand", url=CM, offset=first["total"] - 1)["expansion"]["contains"]
    assert len(last) == 1
    assert ask("ValueSet/$expand", url=CM, count=0)["expansion"]["contains"] == []


def test_codes_are_translated_with_the_flags_of_gem(ask):
    for nine, ten, equivalence in (("001.0", "A00.0", "equivalent"), ("410.71", "I21.4", "inexact")):
        (match,) = ask("ConceptMap/$translate", system=NINE, code=nine, targetsystem=CM)["match"]
        found = parts(match)
        assert (found["concept"]["code"], found["equivalence"]) == (ten, equivalence)
    # poisoning by two substances: one of each choice list, together
    together = [parts([one for one in match if "part" not in one]) for match in
                ask("ConceptMap/$translate", system=CM, code="T42.4X1A")["match"]]  # fmt: skip
    assert {(one["concept"]["code"], one["choiceList"]) for one in together} == {("969.4", 1), ("E853.2", 2)}
    assert all(one["equivalence"] == "inexact" for one in together)
    back = ask("ConceptMap/$translate", system=CM, code="I21.4", targetsystem=NINE, reverse="true")
    assert "410.71" in [parts(one)["concept"]["code"] for one in back["match"]]
    none = ask("ConceptMap/$translate", system=NINE, code="428.0", targetsystem=PCS)
    assert none["result"] == [False]


def test_a_parameters_resource_asks_the_same(ask):
    coding = {"system": CM, "code": "I10", "display": "Essential (primary) hypertension"}
    body = {"resourceType": "Parameters", "parameter": [{"name": "coding", "valueCoding": coding}]}
    assert ask("CodeSystem/$lookup", method="post", data=body)["display"] == [coding["display"]]
    concept = {"name": "codeableConcept", "valueCodeableConcept": {"coding": [coding]}}
    body = {"resourceType": "Parameters", "parameter": [concept]}
    assert ask("CodeSystem/$validate-code", method="post", data=body)["result"] == [True]


def test_it_describes_itself(fhir, served):
    base = f"{served.url}/v1/terminology"
    stated = CapabilityStatement.model_validate(httpx.get(f"{base}/metadata").json())
    operations = {(one.type, other.name) for one in stated.rest[0].resource for other in one.operation}
    assert ("ValueSet", "expand") in operations
    TerminologyCapabilities.model_validate(httpx.get(f"{base}/metadata?mode=terminology").json())
    Bundle.model_validate(httpx.get(f"{base}/CodeSystem").json())
    assert [one["id"] for one in fhir.resources("CodeSystem").search(url=CM).fetch()] == ["icd10cm"]


@pytest.mark.parametrize(
    ("path", "status", "issue"),
    [
        ("CodeSystem/$lookup?system=urn:none&code=I10", 404, "not-found"),
        (f"CodeSystem/$lookup?system={CM}", 400, "required"),
        (f"CodeSystem/$lookup?system={CM}&code=qzxsecret", 404, "code-invalid"),
        (f"CodeSystem/$lookup?system={CM}&code=I10&version=1999", 404, "not-found"),
        (f"CodeSystem/$lookup?system={CM}&code=I10&code=I11", 400, "invalid"),
        (f"CodeSystem/$validate-code?url={CM}&code=I10&date=soon", 400, "invalid"),
        ("ValueSet/$expand", 422, "too-costly"),
        (f"ValueSet/$expand?url={CM}&count=-1", 400, "invalid"),
        ("ValueSet/$expand?filter=%20", 400, "invalid"),
        ("ValueSet/$expand?qzxsecret=1", 400, "not-supported"),
        ("ValueSet/$nothing", 404, "not-supported"),
        ("Patient/1", 404, "not-supported"),
        ("CodeSystem/none", 404, "not-found"),
        (f"ConceptMap/$translate?system={CM}&code=I10&reverse=perhaps", 400, "invalid"),
    ],
)
def test_what_cannot_be_done_is_an_operation_outcome(client, path, status, issue):
    answer = client.get(f"/v1/terminology/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/fhir+json"
    outcome = OperationOutcome.model_validate(answer.json())
    assert outcome.issue[0].code == issue
    assert "qzxsecret" not in answer.text


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"resourceType": "Parameters", "parameter": [{"valueCode": "I10"}]}']
)
def test_a_body_that_is_none_is_an_operation_outcome(client, body):
    answer = client.post("/v1/terminology/CodeSystem/$lookup", content=body)
    assert answer.status_code == 400
    assert OperationOutcome.model_validate(answer.json()).issue[0].code == "structure"
