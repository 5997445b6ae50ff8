"""How common codes are in a hospital."""

import pytest

from icdbridge.codes import SYSTEMS, load_system
from icdbridge.errors import InputError
from icdbridge.knowledge.frequency import hospital_frequency


@pytest.mark.parametrize(
    ("system", "code", "frequency"),
    [
        ("icd10cm", "I10", "frequent"),
        ("icd10cm", "E11.9", "frequent"),
        ("icd10cm", "A00.0", None),
        ("icd9cm", "401.9", "frequent"),
        ("icd9cm", "428.0", "frequent"),
        ("icd9proc", "96.71", "frequent"),
        ("icd9cm", "96.71", None),
        ("icd10pcs", "5A1955Z", "frequent"),
    ],
)
def test_what_hospitals_code(system, code, frequency):
    assert hospital_frequency(system).get(code) == frequency


def test_every_code_of_the_released_sets_is_in_one_system():
    assert sum(len(hospital_frequency(system)) for system in ("icd10cm", "icd10pcs")) == 26_085
    assert 11_324 < sum(len(hospital_frequency(system)) for system in ("icd9cm", "icd9proc")) < 11_324 + 8_844
    for system in SYSTEMS:
        known = hospital_frequency(system)
        assert len(set(known) & set(load_system(system).titles)) > 0.9 * len(known)


def test_an_unknown_system_is_an_error():
    with pytest.raises(InputError, match="unknown code system"):
        hospital_frequency("icd11")
