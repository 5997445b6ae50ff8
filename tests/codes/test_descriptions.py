import csv
import json
from pathlib import Path

import pytest

from icdbridge.codes import describe, parse_code, parse_key
from icdbridge.codes.descriptions import shared_words


@pytest.mark.parametrize(
    ("key", "text", "source"),
    [
        ("icd10cm:I21.4", "Non-ST elevation (NSTEMI) myocardial infarction", "release"),
        ("icd10cm:G35", "Multiple sclerosis", "release"),  # retired in FY2026
        ("icd10cm:M54.5", "Low back pain", "release"),  # a category
        ("icd9cm:599.7", "Hematuria", "category"),
        ("icd9cm:428", "Heart failure", "category"),
        ("icd9cm:780.6", "Fever, unspecified", "category"),  # its codes share no word
        ("icd9cm:596.8", "Other specified disorders of bladder", "category"),
        ("icd9cm:787.6", "Full incontinence of feces", "category"),  # nor is one unspecified or other
        ("icd10pcs:BW20", "Computerized Tomography (CT Scan) of Abdomen", "category"),
        ("icd10pcs:0JH6", "Insertion into Chest Subcutaneous Tissue and Fascia", "category"),
        ("icd9cm:428.05", "Congestive heart failure, unspecified", "ancestor"),
        ("icd10cm:E11.999", "Type 2 diabetes mellitus without complications", "ancestor"),
        ("icd9cm:428.7", "Heart failure", "ancestor"),  # of a category that is itself in no table
        ("icd10cm:A99.99", "Unspecified viral hemorrhagic fever", "ancestor"),
        ("icd10pcs:XZZ", "XZZ", "none"),
        ("local:X1", "X1", "none"),
    ],
)
def test_describe(key: str, text: str, source: str) -> None:
    assert describe(parse_key(key)) == (text, source)


def test_the_descriptions_of_the_corpus_come_first() -> None:
    own = {"icd10cm:I21.4": " NSTEMI ", "icd10cm:I10": " "}
    assert describe(parse_key("icd10cm:I21.4"), own) == ("NSTEMI", "corpus")
    assert describe(parse_key("icd10cm:I10"), own) == ("Essential (primary) hypertension", "release")


@pytest.mark.parametrize(
    ("titles", "shared"),
    [
        (["Gross hematuria", "Hematuria, unspecified"], "Hematuria"),
        (["Heart failure, unspecified", "Left heart failure"], "Heart failure"),
        (
            ["Drainage of Liver, Open Approach", "Drainage of Liver, Percutaneous Approach"],
            "Drainage of Liver",
        ),
        (["Excision of eye", "Incision of ear"], ""),
        (["Fever (of unknown origin)", "Fever (drug induced)"], "Fever"),
        (["Drainage of Eye with Drainage Device", "Drainage of Eye"], "Drainage of Eye"),
        (["Only one"], "Only one"),
    ],
)
def test_shared_words(titles: list[str], shared: str) -> None:
    assert shared_words(titles) == shared


def test_codes_of_real_corpora(public_data: Path) -> None:
    sources: dict[str, int] = {}
    for part in ("train", "dev"):
        for letter, system in (("D", "icd10cm"), ("P", "icd10pcs")):
            with (public_data / "codiesp" / part / f"{part}{letter}.tsv").open(encoding="utf-8") as handle:
                for code in sorted({row[1] for row in csv.reader(handle, delimiter="\t")}):
                    source = describe(parse_code(code, system)).source
                    sources[source] = sources.get(source, 0) + 1
    with (public_data / "cmc2007" / "cmc2007_icd9.jsonl").open(encoding="utf-8") as handle:
        cmc = {code for line in handle for code in json.loads(line)["codes"]}
    assert len(cmc) == 42
    found = {code: describe(parse_code(code, "icd9cm")).source for code in cmc}
    assert {code for code in cmc if found[code] != "release"} == {"599.7", "596.8", "780.6", "795.5"}
    assert set(found.values()) == {"release", "category"}
    # All but a handful of CodiEsp's codes have words of their own or of their category.
    assert sources.get("none", 0) == 0, sources
    assert sources["ancestor"] <= 0.02 * sum(sources.values()), sources
