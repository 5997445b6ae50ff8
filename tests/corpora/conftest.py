"""Small dumps in the layouts of the sources, written by hand so that every count is known."""

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Rows = Sequence[Sequence[object]]


def write_csv(path: Path, header: str, rows: Rows) -> None:
    """As PhysioNet writes it: texts in double quotes, empty cells without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])


MIMIC3_NOTES = (
    "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,TEXT"
)


@pytest.fixture
def mimic3_dump(tmp_path: Path) -> Callable[..., Path]:
    """Writes a MIMIC-III dump: notes as (patient, admission, category, text), codes as (admission, code)."""

    def write(notes: Rows, diagnoses: Rows, procedures: Rows = (), ending: str = ".csv.gz") -> Path:
        root = tmp_path / "mimic3"
        rows = [
            (i, patient, admission, "2150-01-01", "", "", category, "Report", "", "", text)
            for i, (patient, admission, category, text) in enumerate(notes)
        ]
        write_csv(root / f"NOTEEVENTS{ending}", MIMIC3_NOTES, rows)
        codes = "ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE"
        for name, table in (("DIAGNOSES_ICD", diagnoses), ("PROCEDURES_ICD", procedures)):
            write_csv(root / f"{name}{ending}", codes, [(i, 1, a, i, c) for i, (a, c) in enumerate(table)])
        titles = "ROW_ID,ICD9_CODE,SHORT_TITLE,LONG_TITLE"
        own = [(1, "4280", "CHF NOS", "Heart failure as this hospital says it")]
        write_csv(root / f"D_ICD_DIAGNOSES{ending}", titles, own)
        write_csv(root / f"D_ICD_PROCEDURES{ending}", titles, [(1, "0131", "Incise", "Incision of meninges")])
        return root

    return write


@pytest.fixture
def mimic4_dump(tmp_path: Path) -> Callable[..., Path]:
    """Writes a MIMIC-IV dump: notes as (patient, admission, text), codes as (admission, code, version)."""

    def write(notes: Rows, diagnoses: Rows, procedures: Rows = (), ending: str = ".csv.gz") -> Path:
        root = tmp_path / "mimic4"
        write_csv(
            root / f"note/discharge{ending}",
            "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text",
            [
                (f"{p}-DS-{i}", p, a, "DS", i, "2150-01-01", "2150-01-01", text)
                for i, (p, a, text) in enumerate(notes)
            ],
        )
        codes = "subject_id,hadm_id,seq_num,icd_code,icd_version"
        for kind, table in (("diagnoses", diagnoses), ("procedures", procedures)):
            rows = [(1, a, i, code.ljust(7), version) for i, (a, code, version) in enumerate(table)]
            write_csv(root / f"hosp/{kind}_icd{ending}", codes, rows)
            own = [("I10", 10, "Pressure, high")] if kind == "diagnoses" else []
            write_csv(root / f"hosp/d_icd_{kind}{ending}", "icd_code,icd_version,long_title", own)
        return root

    return write


@pytest.fixture
def table_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (dicts) as JSON lines, or as CSV or TSV by the name's ending."""

    def write(rows: Sequence[dict[str, object]], name: str = "notes.jsonl") -> Path:
        path = tmp_path / name
        if ".jsonl" in name:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        else:
            with path.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t" if ".tsv" in name else ",")
                writer.writeheader()
                writer.writerows(rows)
        return path

    return write


@pytest.fixture
def some_rows() -> list[dict[str, object]]:
    """Thirty notes of ten patients; I10 in all, E11.9 in half."""
    return [
        {
            "note_id": f"n{i:02}",
            "patient_id": f"p{i % 10}",
            "text": f"Note number {i}: high pressure",
            "codes": "I10; E11.9" if i % 2 else "I10",
        }
        for i in range(30)
    ]
