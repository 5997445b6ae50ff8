"""The queries that search is measured by: they are well formed, and few of them are missed."""

from pathlib import Path

import pytest
from benchmarks.search import read, titles

from icdbridge.codes import load_system
from icdbridge.knowledge.search import search

QUERIES = Path(__file__).parents[2] / "benchmarks" / "search_queries"
ICD10 = ["icd10cm", "icd10pcs"]


@pytest.mark.parametrize(
    "name",
    [
        "tune",
        "tune_2",
        "tune_3",
        "tune_4",
        "tune_5",
        "tune_6",
        "report",
        "report_2",
        "report_3",
        "report_4",
        "report_5",
        "report_6",
        "report_7",
        "report_8",
        "procedures",
        "procedures_report",
    ],
)
def test_every_query_is_there_once_and_its_codes_exist(name: str) -> None:
    known = load_system("icd10cm").titles.keys() | load_system("icd10pcs").titles.keys()
    queries = list(read(QUERIES / f"{name}.tsv"))
    assert len({query.lower() for query, _ in queries}) == len(queries)
    assert {code for _, codes in queries for code in codes} <= known


@pytest.mark.parametrize(
    ("name", "first", "in_ten"), [("tune", 0.94, 0.98), ("tune_3", 0.93, 0.98), ("procedures", 0.7, 0.95)]
)
def test_few_queries_are_missed(name: str, first: float, in_ten: float) -> None:
    found = [
        ([hit.code.code for hit in search(query, ICD10, 10)], codes)
        for query, codes in read(QUERIES / f"{name}.tsv")
    ]
    assert sum(bool(hits) and hits[0] in codes for hits, codes in found) / len(found) >= first
    assert sum(bool(codes.intersection(hits)) for hits, codes in found) / len(found) >= in_ten


@pytest.mark.parametrize(("broken", "first", "in_ten"), [(False, 1.0, 1.0), (True, 0.5, 0.88)])
def test_titles_are_found_in_full_and_with_words_missing(broken: bool, first: float, in_ten: float) -> None:
    found = [
        ([hit.code.code for hit in search(query, ["icd10cm"], 10)], codes)
        for query, codes in titles(["icd10cm"], 200, 5, broken)
    ]
    assert sum(bool(hits) and hits[0] in codes for hits, codes in found) / len(found) >= first
    assert sum(bool(codes.intersection(hits)) for hits, codes in found) / len(found) >= in_ten
