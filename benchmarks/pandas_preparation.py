"""MIMIC prepared the way the field does it, for ``benchmarks/prepare.py`` to compare with.

Whole tables in memory, one Python call a row: the steps and their order are those of the public benchmark of
Edin et al. (2023) and of the paper's own preparation. Splits are not drawn and titles not read.

    python benchmarks/pandas_preparation.py mimic4 DUMP OUT
"""

import re
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

FREQUENT = 10


def dotted(code: str, version: int, diagnosis: bool) -> str:
    """An undotted code with its dot."""
    if version == 10:
        place = 3 if diagnosis else len(code)
    elif diagnosis:
        place = 4 if code.startswith("E") else 3
    else:
        place = 2
    return code[:place] + "." + code[place:] if len(code) > place else code


def preprocessed(text: str) -> str:
    """Lower case, letters and digits only, numbers dropped."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", text.lower())
    text = re.sub(r"(\s\d+)+\s", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def only_frequent(notes: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Drops the codes that fewer than 10 notes carry, and the notes that are left without one."""
    for column in columns:
        counts = Counter(code for codes in notes[column] for code in codes)
        notes[column] = notes[column].apply(lambda codes, n=counts: [c for c in codes if n[c] >= FREQUENT])
    notes["target"] = notes[columns[0]] + notes[columns[1]]
    return notes[notes["target"].apply(len) > 0].reset_index(drop=True)


def prepare_mimic4(root: Path, out: Path) -> None:
    """Both versions, as the field's scripts make them in one go."""
    codes = {}
    for kind in ("procedures", "diagnoses"):
        table = pd.read_csv(root / f"hosp/{kind}_icd.csv.gz", dtype={"icd_code": str})
        table["icd_code"] = table.apply(
            lambda row, d=kind == "diagnoses": dotted(row["icd_code"], row["icd_version"], d), axis=1
        )
        table = table.drop_duplicates(["hadm_id", "icd_code"])
        codes[kind] = (
            table.groupby(["subject_id", "hadm_id", "icd_version"])[["icd_code"]]
            .apply(lambda rows: pd.Series({"codes": rows["icd_code"].sort_values().tolist()}))
            .reset_index()
        )
    notes = pd.read_csv(root / "note/discharge.csv.gz")
    notes = notes.dropna(subset=["text"]).drop_duplicates(["hadm_id", "text"])
    for version in (9, 10):
        merged = notes
        for kind, table in codes.items():
            own = table[table["icd_version"] == version][["hadm_id", "codes"]]
            merged = merged.merge(own.rename(columns={"codes": kind}), on="hadm_id", how="left")
        merged = merged.dropna(subset=[*codes], how="all")
        for kind in codes:
            merged[kind] = merged[kind].apply(lambda value: value if isinstance(value, list) else [])
        write(only_frequent(merged, [*codes]), out / f"icd{version}.feather")


def prepare_mimic3(root: Path, out: Path) -> None:
    notes = pd.read_csv(root / "NOTEEVENTS.csv.gz", low_memory=False)
    notes = notes[notes["CATEGORY"] == "Discharge summary"]
    notes = (
        notes.groupby(["SUBJECT_ID", "HADM_ID"])[["DESCRIPTION", "TEXT"]]
        .apply(
            lambda rows: pd.Series(
                {"DESCRIPTION": "+".join(rows["DESCRIPTION"]), "text": " ".join(rows["TEXT"])}
            )
        )
        .reset_index()
    )
    kinds = ["PROCEDURES", "DIAGNOSES"]
    for kind in kinds:
        table = pd.read_csv(root / f"{kind}_ICD.csv.gz", dtype={"ICD9_CODE": str}).dropna(subset="ICD9_CODE")
        listed = (
            table.groupby(["SUBJECT_ID", "HADM_ID"])[["ICD9_CODE"]]
            .apply(lambda rows: pd.Series({kind: rows["ICD9_CODE"].sort_values().tolist()}))  # noqa: B023
            .reset_index()
        )
        listed[kind] = listed[kind].apply(
            lambda codes, d=kind == "DIAGNOSES": [dotted(code, 9, d) for code in dict.fromkeys(codes)]
        )
        notes = notes.merge(listed, on=["SUBJECT_ID", "HADM_ID"], how="left")
    notes = notes.dropna(subset=kinds, how="all")
    for kind in kinds:
        notes[kind] = notes[kind].apply(lambda value: value if isinstance(value, list) else [])
    write(only_frequent(notes, kinds), out / "icd9.feather")


def write(notes: pd.DataFrame, path: Path) -> None:
    notes["text"] = notes["text"].apply(preprocessed)
    notes["num_words"] = notes["text"].apply(lambda text: text.count(" ") + 1)
    notes["num_targets"] = notes["target"].apply(len)
    path.parent.mkdir(parents=True, exist_ok=True)
    notes.to_feather(path)


if __name__ == "__main__":
    {"mimic3": prepare_mimic3, "mimic4": prepare_mimic4}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
