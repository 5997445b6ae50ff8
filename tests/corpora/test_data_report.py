import numpy as np
import pytest

from icdbridge.corpora import data_report as report


@pytest.mark.parametrize("key", report.PUBLISHED)
def test_published_scopes_add_up(key: str) -> None:
    sizes = report.PUBLISHED[key]["sizes"]
    assert sizes["frequent"] + sizes["rare"] == sizes["full"]


def test_differences_to_the_published_sizes() -> None:
    here = {"train": 89_000, "val": 13_378, "test": 19_802, "frequent": 7_940, "rare": 18_143, "full": 26_083}
    compared = report.compare_sizes("mimic4", "icd10", {**here, "total": 122_180})
    assert compared is not None
    assert compared["dataset"] == "MIMIC-IV ICD-10"
    differences = {row["what"]: row["difference"] for row in compared["rows"]}
    assert differences == {"train": -99, "val": 0, "test": 0, "frequent": -2, "rare": 0, "full": -2}


def test_a_part_of_mimic_and_other_sources_are_not_compared() -> None:
    assert report.compare_sizes("mimic4", "icd10", {"total": 600}) is None
    assert report.compare_sizes("codiesp", "icd10", {"total": 10**6}) is None


def test_spread_of_known_values() -> None:
    assert report.summary(np.array([1, 2, 3, 4])) == {
        "mean": 2.5,
        "sd": 1.12,
        "median": 2.5,
        "q1": 1.75,
        "q3": 3.25,
        "max": 4,
    }
