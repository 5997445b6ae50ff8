"""The words of ACI-Bench's metadata are all known, and lead to categories that exist."""

import csv
from bisect import bisect_left

import pytest
from benchmarks.aci_conditions import aci_conditions, phrases

from icdbridge.codes import load_system


def test_categories_exist():
    titles = sorted(load_system("icd10cm").titles)
    for condition in aci_conditions().values():
        assert condition.phrase == " ".join(condition.phrase.lower().split())
        assert bool(condition.categories) == (condition.kind != "none"), condition
        for category in condition.categories:
            at = bisect_left(titles, category)
            assert "".join(titles[at : at + 1]).startswith(category), (condition.phrase, category)


def test_codes_answer_what_they_name():
    conditions = aci_conditions()
    assert conditions["congestive heart failure"].answered_by("I50.22")
    assert conditions["congestive heart failure"].answered_by("I11.0")
    assert not conditions["congestive heart failure"].answered_by("I10")
    assert conditions["right knee injury"].answered_by("S83.411A")
    assert not conditions["chronic problems"].answered_by("I10")


def test_phrases_of_a_row_come_once():
    row = {"cc": " Back  pain", "2nd_complaints": "hypertension;back pain; "}
    assert phrases(row) == ["back pain", "hypertension"]


@pytest.mark.parametrize("part", ["train", "valid", "test1"])
def test_every_phrase_is_known(part, public_data):
    with (public_data / "aci_bench" / f"{part}_metadata.csv").open(encoding="utf-8", newline="") as rows:
        said = {phrase for row in csv.DictReader(rows) for phrase in phrases(row)}
    assert len(said) > 10
    assert said <= set(aci_conditions())
