"""Counts of training notes with procedures that share axes with a code."""

import numpy as np

from icdbridge.lexical.axis_counts import AXIS_COUNTS, AxisCounts

TAUGHT = ["icd10pcs:0DTJ4ZZ", "icd10pcs:0DTJ0ZZ", "icd10pcs:0DBJ8ZX", "icd10pcs:0FT44ZZ", "icd10pcs:BW20"]
NOTES = np.array([3, 2, 4, 10, 7, 100, 100], np.float32)  # two categories come after the codes


def counted(*keys):
    found = np.expm1(AxisCounts(TAUGHT, keys).of(NOTES))
    return [dict(zip(AXIS_COUNTS, row.round(3).tolist(), strict=True)) for row in found]


def test_other_codes_of_as_many_characters_count_on_each_axis():
    seen, new, cut = counted("icd10pcs:0DTJ4ZZ", "icd10pcs:0DTK4ZZ", "icd10pcs:BW2F")
    assert seen == {"same_operation": 2, "same_part": 6, "same_means": 10, "same_length": 16}  # not its own 3
    assert new == {"same_operation": 5, "same_part": 0, "same_means": 13, "same_length": 19}
    assert cut == {"same_operation": 7, "same_part": 0, "same_means": 7, "same_length": 7}


def test_codes_of_systems_without_axes_share_none():
    assert set(counted("icd10cm:I10")[0].values()) == {0}
    assert not AxisCounts(["icd10cm:I10", "house:0DT"], TAUGHT).of(NOTES).any()


def test_what_is_counted_of_a_code_does_not_depend_on_the_other_codes():
    assert counted("icd10pcs:0DTK4ZZ") == counted(*TAUGHT, "icd10pcs:0DTK4ZZ")[-1:]
