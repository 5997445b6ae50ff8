"""What is known of codes before a note is read."""

import numpy as np
import pytest

from icdbridge.codes import describe, parse_key
from icdbridge.knowledge.code_properties import CODE_PROPERTIES, code_properties

KEYS = ["icd10cm:I10", "icd10cm:S72.001A", "icd10cm:E11.9", "icd10cm:S06.9", "icd9cm:428.0", "mine:X1"]


def properties(keys):
    titles = [describe(parse_key(key), {}).text for key in keys]
    return code_properties(keys, titles)


def of(key):
    return dict(zip(CODE_PROPERTIES, properties([key])[0].tolist(), strict=True))


def test_known_codes():
    fracture, hypertension = of("icd10cm:S72.001A"), of("icd10cm:I10")
    assert fracture["seventh"] == 1
    assert fracture["side"] == 1
    assert fracture["characters"] == 7
    assert fracture["unspecified"]
    assert hypertension["seventh"] == hypertension["side"] == 0
    assert hypertension["hospital"] == 2
    assert hypertension["billable"]
    assert hypertension["family"] == pytest.approx(np.log1p(1))
    assert not of("icd10cm:S06.9")["billable"]
    assert of("icd10cm:E11.9")["without"]


def test_a_code_of_no_installed_system_has_no_siblings():
    own = of("mine:X1")
    assert own["siblings"] == own["family"] == own["billable"] == own["hospital"] == 0


def test_no_property_depends_on_the_other_codes():
    together = properties(KEYS)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, key in enumerate(KEYS):
        assert np.array_equal(properties([key])[0], together[row])
