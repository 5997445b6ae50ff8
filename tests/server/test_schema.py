"""Requests made up from the OpenAPI description, right and wrong ones: answers are as described, never a 5xx."""

import pytest
from hypothesis import HealthCheck, given, settings

PATHS = [
    ("POST", "/v1/code"),
    ("GET", "/v1/codes"),
    ("POST", "/v1/codes"),
    ("GET", "/v1/models"),
    ("POST", "/v1/fhir"),
    ("POST", "/v1/check"),
    ("POST", "/v1/documents"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
]
SETTINGS = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="session")
def described(served):
    import schemathesis  # here, as it takes seconds that every worker would spend

    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_answers_are_as_described(described, method, path, right):
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    mode = GenerationMode.POSITIVE if right else GenerationMode.NEGATIVE
    operation = described[path][method]
    wrong = operation.query or any("json" in body.media_type for body in operation.body)
    if not (right or wrong):
        pytest.skip("nothing in this request can be wrong: it has no fields")

    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        if right and path == "/v1/code":  # what the description cannot know
            case.body = {**case.body, "model": "tiny", "version": "icd10", "codes": None}
        answer = case.call()
        if answer.status_code == 413:  # schemathesis does not count it among the refusals
            assert not right
        else:
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    check()
