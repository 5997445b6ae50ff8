"""What is known of a code system is asked of its declaration; one's own system is one file."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import (
    SYSTEMS,
    Code,
    category_of,
    declaration,
    declare,
    declare_all,
    describe,
    known_systems,
    load_system,
    parse_code,
    parse_key,
    systems_of,
    version_named,
    version_of,
    withdraw,
)
from icdbridge.codes.gate import standing
from icdbridge.codes.validity import validity
from icdbridge.coding.fhir import coded
from icdbridge.corpora.readers.table import prepare_table
from icdbridge.errors import InputError
from icdbridge.knowledge.families import children
from icdbridge.knowledge.search import search

DECLARED = r"""
label = "ICD-10-GM"
uri = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
shape = '[A-Z][0-9]{2}(\.[0-9]{1,2})?'
expected = "a letter, 2 digits, a dot and up to 2 more digits, such as I10.00"
category = 3
dotted = true
[releases]
2025 = "gm-2025.csv"
2026 = "gm-2026.csv"
"""
TABLE = """code,parent,description,synonyms
I10-I15,,Hypertonie,
I10,I10-I15,Essentielle Hypertonie,Bluthochdruck
I10.0,I10,Benigne essentielle Hypertonie,
I10.00,I10.0,Benigne essentielle Hypertonie: ohne hypertensive Krise,
I10.01,I10.0,Benigne essentielle Hypertonie: mit hypertensiver Krise,
I10.9,I10,"Essentielle Hypertonie, nicht näher bezeichnet",
J18.9,,"Pneumonie, nicht näher bezeichnet",Lungenentzündung
"""
SHAPED = TABLE.replace("I10-I15,,Hypertonie,\n", "").replace("I10,I10-I15,", "I10,,")


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    folder = tmp_path_factory.mktemp("systems")
    (folder / "icd10gm.toml").write_text(DECLARED, "utf-8")
    (folder / "gm-2025.csv").write_text(SHAPED.replace("J18.9", "J18.8"), "utf-8")
    (folder / "gm-2026.csv").write_text(SHAPED, "utf-8")
    declare_all(folder)
    yield folder
    withdraw("icd10gm")


@pytest.mark.parametrize(
    ("key", "category"),
    [
        ("icd9cm:428.0", "428"),
        ("icd9cm:E812.0", "E812"),
        ("icd9cm:V45.81", "V45"),
        ("icd9proc:96.71", "96"),
        ("icd10cm:I21.4", "I21"),
        ("icd10pcs:0JH60DZ", "0JH"),
        ("local:A.1.2", "A"),
        ("local:ABC", "ABC"),
    ],
)
def test_the_category_of_a_code(key, category):
    assert parse_key(key).category.code == category
    assert category_of(key) == str(parse_key(key).category)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_category_is_the_beginning_of_its_codes_and_of_their_shape(system):
    for code in load_system(system).titles:
        category = Code(system, code).category
        assert code.startswith(category.code)
        assert parse_code(category.code, system) == category == category.category


@pytest.mark.parametrize(
    ("system", "kind", "uri"),
    [
        ("icd9cm", "diagnosis", "http://hl7.org/fhir/sid/icd-9-cm"),
        ("icd9proc", "procedure", "http://hl7.org/fhir/sid/icd-9-cm"),
        ("icd10cm", "diagnosis", "http://hl7.org/fhir/sid/icd-10-cm"),
        ("icd10pcs", "procedure", "http://www.cms.gov/Medicare/Coding/ICD10"),
        ("local", "diagnosis", "urn:icdbridge:code-system:local"),
    ],
)
def test_kind_and_uri(system, kind, uri):
    assert (declaration(system).kind, declaration(system).uri) == (kind, uri)


@given(st.sampled_from(["icd10cm:Z79.01", "icd9cm:E812.0", "icd9proc:96.71", "icd10pcs:0JH60DZ"]), st.data())
def test_a_key_means_one_code_however_it_is_written(key, data):
    system, _, code = key.partition(":")
    if data.draw(st.booleans()):
        code = code.replace(".", "")
    if data.draw(st.booleans()):
        code = code.lower()
    if data.draw(st.booleans()):
        system = {"icd10cm": "ICD-10-CM", "icd9cm": "ICD9CM"}.get(system, system.upper())
    assert str(parse_key(f"{system}:{code}")) == key


def test_a_declared_system_is_known_everywhere(german, tmp_path):
    assert known_systems() == (*SYSTEMS, "icd10gm")
    assert version_of("icd10gm") == version_named("ICD-10-GM") == "icd10gm"
    assert systems_of("icd10gm") == ("icd10gm",)
    assert parse_key("ICD10GM:i1000") == Code("icd10gm", "I10.00")
    assert parse_key("icd10gm:I10.00").category == Code("icd10gm", "I10")
    with pytest.raises(InputError, match=r"'I10\.000' is not a code of icd10gm: expected a letter, 2 digits"):
        parse_code("I10.000", "icd10gm")
    table = load_system("icd10gm")
    assert (table.release, table.label) == ("2026", "ICD-10-GM")
    assert sorted(table.headings) == ["I10", "I10.0"]
    assert table.ancestors("I10.00") == ["I10", "I10.0"]
    assert table.children("I10") == children("I10", "icd10gm") == ["I10.0", "I10.9"]
    assert table.below("I10") == ["I10.0", "I10.00", "I10.01", "I10.9"]
    assert [standing(Code("icd10gm", code)) for code in ("I10.00", "I10", "J18.8", "J18", "A00")] == [
        "billable",
        "category",
        "retired",
        "unlisted",
        "unknown",
    ]
    assert describe(Code("icd10gm", "J18.9")).text == "Pneumonie, nicht näher bezeichnet"
    assert describe(Code("icd10gm", "I10.05")) == ("Benigne essentielle Hypertonie", "ancestor")
    made = coded("icd10gm", "I10.00", "Hypertonie", "note")
    assert made["resourceType"] == "Condition"
    assert made["code"]["coding"][0]["system"] == "http://fhir.de/CodeSystem/bfarm/icd-10-gm"


def test_search_finds_the_codes_of_a_declared_system(german):
    assert search("bluthochdruck", ["icd10gm"])[0].code.code.startswith("I10")
    (first, *_) = search("Lungenentzündung")
    assert first.code == Code("icd10gm", "J18.9")
    assert search("icd10gm:I1000", ["icd10gm"])[0].code == Code("icd10gm", "I10.00")


def test_notes_of_a_declared_system_become_a_corpus(german, tmp_path):
    rows = [
        {"note_id": f"n{i}", "text": f"Notiz {i}", "codes": "i1000;icd10gm:J18.9" if i % 2 else "I10.00"}
        for i in range(20)
    ]
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    corpus = prepare_table(tmp_path / "notes.jsonl", tmp_path / "corpus", version="icd10gm")
    assert dict(zip(corpus.codes, corpus.descriptions, strict=True)) == {
        "icd10gm:I10.00": "Benigne essentielle Hypertonie: ohne hypertensive Krise",
        "icd10gm:J18.9": "Pneumonie, nicht näher bezeichnet",
    }


def test_codes_of_another_version_are_refused(german, tmp_path):
    (tmp_path / "notes.csv").write_text("note_id,text,codes\n" + "a,b,J18.9 E11.9 I21.4\n", "utf-8")
    with pytest.raises(InputError, match="did you mean version icd10"):
        prepare_table(tmp_path / "notes.csv", tmp_path / "corpus", version="icd10gm")


def test_a_hierarchy_of_its_own_needs_no_shape(tmp_path):
    (tmp_path / "ward.toml").write_text('label = "Ward list"\n[releases]\n1 = "ward.csv"\n', "utf-8")
    (tmp_path / "ward.csv").write_text(TABLE.replace("I10", "H1"), "utf-8")
    declare(tmp_path / "ward.toml")
    try:
        table = load_system("ward")
        assert table.ancestors("H1.00") == ["H1-I15", "H1", "H1.0"]
        assert table.below("H1-I15") == ["H1", "H1.0", "H1.00", "H1.01", "H1.9"]
        assert repr(table) == "CodeSystem(ward, 1: 4 codes)"
    finally:
        withdraw("ward")
    assert "ward" not in known_systems()


def test_the_command_reads_the_folder_of_declarations(german, monkeypatch):
    monkeypatch.setenv("ICDBRIDGE_SYSTEMS", str(german))
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            "from icdbridge.cli import main; main()",
            "codes",
            "show",
            "icd10gm:i1000",
            "--json",
        ],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)[0]["ancestors"][0] == {"code": "I10", "title": "Essentielle Hypertonie"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gm.toml", "label = ", "is no TOML"),
        ("gm.toml", "", "field label: Field required"),
        ("gm.toml", 'label = "GM"\nsize = 3\n[releases]\n1 = "t.csv"\n', "field size"),
        ("gm.toml", 'label = "GM"\n[releases]\n', "has no release"),
        ("gm.toml", 'label = "GM"\n[releases]\n1 = "none.csv"\n', "there is no file"),
        ("gm.toml", 'label = "GM"\nshape = "("\n[releases]\n1 = "t.csv"\n', "no regular expression"),
        ("gm.toml", 'label = "GM"\ndotted = true\n[releases]\n1 = "t.csv"\n', "before the dot"),
        ("gm.toml", 'label = "GM"\nversion = "icd10"\n[releases]\n1 = "t.csv"\n', "give yours another"),
        ("gm.toml", 'label = "GM"\n[releases]\n1 = "t.csv"\n[starts]\n2 = 2025-01-01\n', "no release 2"),
        ("gm.toml", 'label = "GM"\n[releases]\n1 = "t.csv"\n[starts]\n1 = "2025"\n', "field starts.1"),
        (
            "gm.toml",
            'label = "GM"\n[releases]\n1 = "t.csv"\n2 = "t.csv"\n[starts]\n1 = 2025-01-01\n',
            "say the first day of 2 too",
        ),
        (
            "gm.toml",
            'label = "GM"\n[releases]\n1 = "t.csv"\n2 = "t.csv"\n[starts]\n1 = 2025-01-01\n2 = 2024-01-01\n',
            "2 does not start after 1",
        ),
        ("icd10cm.toml", 'label = "GM"\n[releases]\n1 = "t.csv"\n', "is a known code system"),
        ("icd10dx.toml", 'label = "GM"\n[releases]\n1 = "t.csv"\n', "is a known code system"),
        ("1.toml", 'label = "GM"\n[releases]\n1 = "t.csv"\n', "the file's name names the system"),
    ],
)
def test_a_declaration_at_fault_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, "utf-8")
    (tmp_path / "t.csv").write_text("code,description\na,b\n", "utf-8")
    before = known_systems()
    with pytest.raises(InputError, match=message) as caught:
        declare(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert known_systems() == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,,A\nb,c,B\n", "row 3, column parent: C, the parent of B, has no row of its own"),
        ("a,b,A\nb,a,B\n", "row 2, column parent: A lies above itself"),
        ("a,a,A\n", "row 2, column parent: A lies above itself"),
    ],
)
def test_a_hierarchy_at_fault_is_refused(tmp_path, rows, message):
    (tmp_path / "ward.toml").write_text('label = "Ward"\n[releases]\n1 = "t.csv"\n', "utf-8")
    (tmp_path / "t.csv").write_text(f"code,parent,description\n{rows}", "utf-8")
    declare(tmp_path / "ward.toml")
    try:
        with pytest.raises(InputError, match=message):
            load_system("ward")
    finally:
        withdraw("ward")


def test_a_release_that_comes_while_a_process_runs_is_seen(tmp_path):
    declaration = '[releases]\n1 = "one.csv"\n'
    (tmp_path / "one.csv").write_text("code,description\nA1,first\nA2,second\n")
    (tmp_path / "two.csv").write_text("code,description\nA1,first\nA3,third\n")
    (tmp_path / "ward.toml").write_text(f'label = "Ward"\n{declaration}')
    retired, new = Code("ward", "A2"), Code("ward", "A3")
    try:
        declare(tmp_path / "ward.toml")
        assert (standing(retired), standing(new)) == ("billable", "unknown")
        assert validity(new) is None
        (tmp_path / "ward.toml").write_text(f'label = "Ward"\n{declaration}2 = "two.csv"\n')
        declare(tmp_path / "ward.toml")
        assert (standing(retired), standing(new)) == ("retired", "billable")
        assert validity(new).first == "2"
        assert describe(new).text == "third"
    finally:
        withdraw("ward")
    assert standing(new) == "own"
