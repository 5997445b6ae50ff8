"""The synthetic dumps as files: the layout of each MIMIC, the same bytes for the same seed, nothing half-written."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from icdbridge.codes import load_system, parse_code
from icdbridge.corpora.readers.mimic3 import prepare_mimic3
from icdbridge.corpora.readers.mimic4 import prepare_mimic4
from icdbridge.errors import InputError
from icdbridge.synthetic import Settings, synthesize_mimic3, synthesize_mimic4
from icdbridge.synthetic import mimic4_dump as mimic4
from icdbridge.text import normalize

NOTES = 300
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize_mimic3(tmp_path_factory.mktemp("d") / "mimic3", NOTES, words=100, concepts=300)


@pytest.fixture(scope="module")
def fourth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize_mimic4(tmp_path_factory.mktemp("d") / "mimic4", NOTES, words=100, concepts=300)


def rows(dump: Path, name: str) -> Rows:
    text = gzip.decompress((dump / f"{name}.csv.gz").read_bytes()).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def first_line(dump: Path, name: str) -> str:
    with gzip.open(dump / f"{name}.csv.gz", "rt", encoding="utf-8") as handle:
        return handle.readline().rstrip("\n")


CODES3 = '"ROW_ID","SUBJECT_ID","HADM_ID","SEQ_NUM","ICD9_CODE"'
TITLES3 = '"ROW_ID","ICD9_CODE","SHORT_TITLE","LONG_TITLE"'


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            "NOTEEVENTS",
            '"ROW_ID","SUBJECT_ID","HADM_ID","CHARTDATE","CHARTTIME","STORETIME","CATEGORY","DESCRIPTION","CGID",'
            '"ISERROR","TEXT"',
        ),
        ("DIAGNOSES_ICD", CODES3),
        ("PROCEDURES_ICD", CODES3),
        ("D_ICD_DIAGNOSES", TITLES3),
        ("D_ICD_PROCEDURES", TITLES3),
    ],
)
def test_columns_of_mimic3(third: Path, name: str, header: str) -> None:
    assert first_line(third, name) == header


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("note/discharge", "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"),
        ("hosp/diagnoses_icd", "subject_id,hadm_id,seq_num,icd_code,icd_version"),
        ("hosp/procedures_icd", "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version"),
        ("hosp/d_icd_diagnoses", "icd_code,icd_version,long_title"),
        ("hosp/d_icd_procedures", "icd_code,icd_version,long_title"),
    ],
)
def test_columns_of_mimic4(fourth: Path, name: str, header: str) -> None:
    assert first_line(fourth, name) == header


def test_rows_of_mimic3(third: Path) -> None:
    events = rows(third, "NOTEEVENTS")
    summaries = [row for row in events if row["CATEGORY"] == "Discharge summary"]
    reports = [row for row in summaries if row["DESCRIPTION"] == "Report"]
    addenda = [row for row in summaries if row["DESCRIPTION"] == "Addendum"]
    assert len(reports) == len({row["HADM_ID"] for row in reports}) == NOTES
    assert {row["HADM_ID"] for row in addenda} < {row["HADM_ID"] for row in reports}
    assert all(row["CHARTTIME"] == "" for row in summaries)
    others = [row for row in events if row["CATEGORY"] != "Discharge summary"]
    assert {row["CATEGORY"] for row in others} == {"Nursing/other", "Radiology", "Echo"}
    assert 0 < sum(row["HADM_ID"] == "" for row in others) < len(others) / 2
    assert [int(row["ROW_ID"]) for row in events] == list(range(1, len(events) + 1))
    assert {row["HADM_ID"] for row in events} - {""} <= {row["HADM_ID"] for row in rows(third, "ADMISSIONS")}
    assert {row["SUBJECT_ID"] for row in events} <= {row["SUBJECT_ID"] for row in rows(third, "PATIENTS")}


def test_raw_lines_of_mimic3_are_quoted_as_published(third: Path) -> None:
    with gzip.open(third / "DIAGNOSES_ICD.csv.gz", "rt", encoding="utf-8") as handle:
        handle.readline()
        assert handle.readline().count('"') == 2  # only the code, not the numbers


def test_codes_of_mimic3_are_undotted_and_in_the_tables(third: Path) -> None:
    for name, system in (("DIAGNOSES", "icd9cm"), ("PROCEDURES", "icd9proc")):
        used = {row["ICD9_CODE"] for row in rows(third, f"{name}_ICD")} - {""}
        listed = {row["ICD9_CODE"]: row["LONG_TITLE"] for row in rows(third, f"D_ICD_{name}")}
        assert used
        assert used <= set(listed)
        assert len(listed) == len(load_system(system).titles)
        assert not any("." in code for code in used)
        some = sorted(used)[0]
        assert listed[some] == load_system(system).titles[parse_code(some, system).code]


def test_codes_of_mimic4_are_undotted_and_in_the_tables(fourth: Path) -> None:
    for name in ("diagnoses", "procedures"):
        listed = {(row["icd_code"], row["icd_version"]) for row in rows(fourth, f"hosp/d_icd_{name}")}
        used = {(row["icd_code"], row["icd_version"]) for row in rows(fourth, f"hosp/{name}_icd")}
        assert used <= listed
        assert {version for _, version in used} == {"9", "10"}
        assert not any("." in code for code, _ in used)


def test_no_code_comes_twice_in_a_stay(fourth: Path) -> None:
    for name in ("diagnoses", "procedures"):
        entries = [(row["hadm_id"], row["icd_code"]) for row in rows(fourth, f"hosp/{name}_icd")]
        assert len(entries) == len(set(entries))


def test_rows_of_mimic4(fourth: Path) -> None:
    notes = rows(fourth, "note/discharge")
    assert len(notes) == len({row["note_id"] for row in notes}) == NOTES
    assert all(row["note_id"] == f"{row['subject_id']}-DS-{row['note_seq']}" for row in notes)
    assert any(row["hadm_id"] == "" for row in notes)
    coded = {row["hadm_id"] for row in rows(fourth, "hosp/diagnoses_icd")}
    written = {row["hadm_id"] for row in notes}
    stays = {row["hadm_id"] for row in rows(fourth, "hosp/admissions")}
    assert written - {""} <= stays
    assert coded - written  # stays without a note
    assert stays - coded  # stays without codes


def test_icd9_before_a_patients_icd10_and_never_both_in_a_stay(fourth: Path) -> None:
    ends = {row["hadm_id"]: row["dischtime"] for row in rows(fourth, "hosp/admissions")}
    found: dict[str, dict[str, set[str]]] = {}
    versions: dict[str, set[str]] = {}
    for row in rows(fourth, "hosp/diagnoses_icd"):
        versions.setdefault(row["hadm_id"], set()).add(row["icd_version"])
        dates = found.setdefault(row["subject_id"], {"9": set(), "10": set()})
        dates[row["icd_version"]].add(ends[row["hadm_id"]])
    assert all(len(each) == 1 for each in versions.values())
    both = [dates for dates in found.values() if dates["9"] and dates["10"]]
    assert both
    assert all(max(dates["9"]) < min(dates["10"]) for dates in both)
    share = sum(each == {"10"} for each in versions.values()) / len(versions)
    assert 0.25 < share < 0.5


def test_no_title_of_its_codes_is_in_a_note_as_models_read_it(fourth: Path) -> None:
    titles = {}
    for name in ("diagnoses", "procedures"):
        for row in rows(fourth, f"hosp/d_icd_{name}"):
            titles[name, row["icd_code"], row["icd_version"]] = row["long_title"]
    texts = {row["hadm_id"]: f" {normalize(row['text'])} " for row in rows(fourth, "note/discharge")}
    checked = 0
    for name in ("diagnoses", "procedures"):
        for row in rows(fourth, f"hosp/{name}_icd"):
            if row["hadm_id"] in texts:
                title = normalize(titles[name, row["icd_code"], row["icd_version"]])
                assert f" {title} " not in texts[row["hadm_id"]]
                checked += 1
    assert checked > 5 * NOTES


def test_the_readers_take_the_dumps(third: Path, fourth: Path, tmp_path: Path) -> None:
    corpus = prepare_mimic3(third, tmp_path / "three")
    assert 0.9 * NOTES < corpus.meta["notes"]["total"] <= NOTES
    totals = [
        prepare_mimic4(fourth, tmp_path / version, version=version).meta["notes"]["total"]
        for version in ("icd9", "icd10")
    ]
    assert 0.85 * NOTES < sum(totals) <= NOTES
    assert min(totals) > 0.2 * NOTES


def contents(dump: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(dump)): file.read_bytes() for file in sorted(dump.rglob("*")) if file.is_file()
    }


@pytest.mark.parametrize("write", [synthesize_mimic3, synthesize_mimic4])
def test_same_seed_same_files(tmp_path: Path, write: object) -> None:
    assert callable(write)
    settings = {"words": 100, "concepts": 40}
    first = contents(write(tmp_path / "a", 20, seed=3, **settings))
    assert contents(write(tmp_path / "b", 20, seed=3, **settings)) == first
    other = contents(write(tmp_path / "c", 20, seed=4, **settings))
    same = {name for name in first if other[name] == first[name]}
    assert all("d_icd" in name.lower() for name in same)
    world = contents(write(tmp_path / "e", 20, seed=3, world_seed=1, **settings))
    codes = next(
        name
        for name in first
        if name.lower().endswith("diagnoses_icd.csv.gz") and "d_icd" not in name.lower()
    )
    assert world[codes] != first[codes]


def test_says_that_it_is_synthetic(third: Path, fourth: Path) -> None:
    for dump in (third, fourth):
        text = (dump / "README.txt").read_text("utf-8")
        assert "SYNTHETIC" in text
        assert f"notes={NOTES}" in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"notes": 0}, "0 notes: give a number from 1"),
        ({"notes": 10**7}, "10000000 notes: give a number from 1"),
        ({"notes": 5, "words": 20}, "20 words on average: give a number from 100"),
        ({"notes": 5, "words": float("nan")}, "words on average"),
        ({"notes": 5, "unmentioned": 1.0}, "1 unmentioned codes"),
    ],
)
def test_settings_out_of_range(settings: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings(**settings)


def test_a_folder_that_exists_is_kept_unless_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(InputError, match="exists already"):
        synthesize_mimic3(tmp_path / "out", 3, concepts=60)
    assert (tmp_path / "out" / "mine").exists()
    with pytest.raises(InputError, match="is not a synthetic dump"):
        synthesize_mimic3(tmp_path / "out", 3, concepts=60, replace=True)
    assert (tmp_path / "out" / "mine").exists()
    synthesize_mimic3(tmp_path / "dump", 3, concepts=60)
    synthesize_mimic3(tmp_path / "dump", 4, concepts=60, replace=True)
    assert "notes=4" in (tmp_path / "dump" / "README.txt").read_text()


def test_nothing_is_left_of_a_dump_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mimic4, "write_note", fails)
    with pytest.raises(InputError, match="No space left on device"):
        synthesize_mimic4(tmp_path / "out", 3, concepts=60)
    assert list(tmp_path.iterdir()) == []


def test_as_many_other_notes_as_asked(tmp_path: Path) -> None:
    dump = synthesize_mimic3(tmp_path / "dump", 40, words=150, concepts=100, others=6.5)
    others = [row for row in rows(dump, "NOTEEVENTS") if row["CATEGORY"] != "Discharge summary"]
    assert 6 <= len(others) / len(rows(dump, "ADMISSIONS")) <= 7
    lengths = [len(row["TEXT"].split()) for row in others]
    assert 100 < sum(lengths) / len(lengths) < 300
