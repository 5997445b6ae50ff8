"""FHIR resources, validated by the library fhir.resources (R4B: Condition and Procedure as in R4)."""

from dataclasses import replace

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.procedure import Procedure

from icdbridge.coding import Evidence, Suggestion
from icdbridge.coding.fhir import bundle, coded, resource


def suggestion(system, code, context=None, **given):
    evidence = (Evidence(3, 10, "dyspnea", 0.8, context),)
    return Suggestion(1, system, code, "a description", 0.25, True, 7, evidence, context=context, **given)


@pytest.mark.parametrize(
    ("system", "code", "kind", "uri"),
    [
        ("icd10cm", "I21.4", Condition, "http://hl7.org/fhir/sid/icd-10-cm"),
        ("icd9cm", "428.0", Condition, "http://hl7.org/fhir/sid/icd-9-cm"),
        ("icd9proc", "96.71", Procedure, "http://hl7.org/fhir/sid/icd-9-cm"),
        ("icd10pcs", "0JH60DZ", Procedure, "http://www.cms.gov/Medicare/Coding/ICD10"),
        ("house", "X1", Condition, "urn:icdbridge:code-system:house"),
    ],
)
@pytest.mark.parametrize("patient", [None, "p1"])
def test_a_resource_of_the_right_kind_and_code_system(system, code, kind, uri, patient):
    made = resource(suggestion(system, code, confidence=0.4, band="possible"), "note 1", patient)
    read = kind.model_validate(made)
    assert (read.code.coding[0].system, read.code.coding[0].code) == (uri, code)
    values = {one.url.rsplit(":", 1)[1]: one for one in read.extension}
    assert float(values["probability"].valueDecimal) == 0.25
    assert float(values["confidence"].valueDecimal) == 0.4
    assert values["band"].valueString == "possible"
    parts = {part.url: part for part in values["evidence"].extension}
    assert (parts["start"].valueInteger, parts["end"].valueInteger, parts["text"].valueString) == (
        3,
        10,
        "dyspnea",
    )
    if patient:
        assert read.subject.identifier.value == patient
    else:
        assert read.subject.extension[0].valueCode == "unknown"


def test_the_context_of_evidence_is_told():
    read = Condition.model_validate(resource(suggestion("icd10cm", "R06.0", "negated"), "a"))
    (evidence,) = [one for one in read.extension if one.url.endswith(":evidence")]
    assert {part.url: part.valueString for part in evidence.extension}["context"] == "negated"


@pytest.mark.parametrize(
    ("context", "condition", "procedure"),
    [
        (None, "unconfirmed", "unknown"),
        ("uncertain", "provisional", "unknown"),
        ("negated", "refuted", "not-done"),
    ],
)
def test_the_context_of_a_code_is_its_status(context, condition, procedure):
    read = Condition.model_validate(resource(suggestion("icd10cm", "I10", context), "a"))
    assert read.verificationStatus.coding[0].code == condition
    made = resource(suggestion("icd10pcs", "BW20", context), "a")
    assert Procedure.model_validate(made).status == procedure
    accepted = coded("icd10cm", "I10", "Hypertension", "a", accepted=True, context=context)
    assert Condition.model_validate(accepted).verificationStatus.coding[0].code == "confirmed"


@pytest.mark.parametrize("context", ["family", "hypothetical"])
@pytest.mark.parametrize(("system", "code"), [("icd10cm", "I10"), ("icd10pcs", "BW20")])
def test_nothing_of_a_relative_goes_out_as_the_patients(context, system, code):
    assert resource(suggestion(system, code, context), "a") is None


def test_status_and_ids():
    found = suggestion("icd10cm", "I21.4")
    assert resource(found, "a") == resource(found, "a")
    assert resource(found, "a")["id"] != resource(found, "b")["id"]
    read = Condition.model_validate(resource(found, "a"))
    assert read.verificationStatus.coding[0].code == "unconfirmed"
    assert {one["url"] for one in resource(found, "a")["extension"]} == {
        "urn:icdbridge:probability",
        "urn:icdbridge:evidence",
    }


def test_bundle():
    several = [resource(suggestion("icd10cm", "I10"), "a"), resource(suggestion("icd10pcs", "BW20"), "a")]
    read = Bundle.model_validate(bundle(several))
    assert [entry.resource.get_resource_type() for entry in read.entry] == ["Condition", "Procedure"]
    assert Bundle.model_validate(bundle([])).entry is None


def test_strings_hold_no_control_characters():
    found = suggestion("icd10cm", "I10")
    found = replace(
        found, description="a\x00b", evidence=(Evidence(0, 9, "hyper\x07\tten\nsion\x1b\x85", 1.0, None),)
    )
    made = resource(found, "n\x01", "p\x7f")
    Condition.model_validate(made)
    texts = [
        part["valueString"]
        for one in made["extension"]
        for part in one.get("extension", ())
        if "valueString" in part
    ]
    assert texts == ["hyper \tten\nsion  "]
    assert made["code"]["coding"][0]["display"] == "a b"
    assert made["subject"]["identifier"]["value"] == "p "
    assert made["evidence"][0]["detail"][0]["identifier"]["value"] == "n "
