"""From when until when codes are valid."""

from datetime import date

import pytest

from icdbridge.codes import Code
from icdbridge.codes.validity import release_on, validity


@pytest.mark.parametrize(
    ("system", "day", "expected"),
    [
        ("icd10cm", date(2023, 10, 1), ("FY2024", True)),
        ("icd10cm", date(2024, 9, 30), ("FY2024", True)),
        ("icd10cm", date(2024, 10, 1), ("FY2025", True)),
        ("icd10cm", date(2019, 1, 1), ("FY2024", False)),
        ("icd10cm", date(2031, 1, 1), ("FY2026", False)),
        ("icd9cm", date(2015, 9, 30), ("v32", True)),
        ("icd9cm", date(2015, 10, 1), ("v32", False)),
    ],
)
def test_the_release_of_a_day(system, day, expected):
    assert release_on(system, day) == expected


def test_what_no_release_has_has_no_validity():
    assert validity(Code("icd10cm", "I50")) is None
    assert validity(Code("icd10cm", "Z99.9")) is None
    assert validity(Code("unheard-of", "A1")) is None
