"""``POST /v1/check``."""

PROBLEM = "application/problem+json"


def check(client, codes, **facts):
    return client.post("/v1/check", json={"codes": [{"code": code} for code in codes], **facts})


def test_findings_with_what_to_do(client):
    answer = check(client, ["E10.9", "E11.9"])
    assert answer.status_code == 200
    first = answer.json()["findings"][0]
    assert (first["rule"], first["severity"], first["codes"]) == ("Excludes1", "error", ["E10.9", "E11.9"])
    assert first["action"]
    assert first["source"].startswith("Excludes1 note at E10")


def test_facts_count(client):
    def rules(**facts):
        findings = check(client, ["C61"], **facts).json()["findings"]
        return [one["rule"] for one in findings if one["severity"] != "note"]

    assert rules() == []
    assert rules(sex="female") == ["sex"]
    assert rules(date="2014-01-01") == ["other version"]


def test_texts_that_are_no_codes_are_findings(client):
    findings = check(client, ["nonsense", "I50"]).json()["findings"]
    assert [one["rule"] for one in findings if one["severity"] == "error"] == ["not billable", "unknown code"]


def test_what_was_said_beside_a_code(client):
    codes = [{"code": "J18.9", "poa": "X", "certainty": "probable"}]
    answer = client.post("/v1/check", json={"codes": codes, "setting": "outpatient"})
    errors = [one["rule"] for one in answer.json()["findings"] if one["severity"] == "error"]
    assert errors == ["present on admission", "uncertain diagnosis"]


def test_no_such_day_is_a_problem(client):
    answer = check(client, ["I10"], date="2025-02-30")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith(PROBLEM)
    assert answer.json()["errors"][0]["where"] == "body.date"


def test_no_such_version_is_a_problem(client):
    answer = check(client, ["I10"], version="unheard-of")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.version"


def test_a_set_has_a_limit(client):
    assert check(client, ["I10"] * 101).status_code == 422
