"""Labels of one version as soft labels of another."""

import numpy as np
import pytest

from icdbridge.codes import crosswalk
from icdbridge.lexical import bridge


def test_an_exact_equivalent_counts_one():
    code, entry = next(
        (code, entry)
        for code, entries in crosswalk("icd9cm", "icd10cm").items()
        for entry in entries
        if not entry.approximate and not entry.combination
    )
    found = bridge([f"icd9cm:{code}"], ["icd10cm:J18.9", str(entry.target)])
    assert found.toarray().tolist() == [[0, 1]]


def test_approximate_equivalents_share():
    entries = crosswalk("icd9cm", "icd10cm")["250.00"]
    assert all(entry.approximate for entry in entries)
    targets = [f"icd10cm:{code}" for code in ("E11.9", "E11.65", "E13.9")]
    found = bridge(["icd9cm:250.00"], targets).toarray()[0]
    assert found[0] > 0
    assert found.sum() <= 1 + 1e-6


@pytest.mark.parametrize("asked", [["icd10cm:E11.9"], ["icd10cm:J18.9", "icd10cm:E11.9"]])
def test_what_a_code_counts_does_not_depend_on_the_others_asked_for(asked):
    column = asked.index("icd10cm:E11.9")
    alone = bridge(["icd9cm:250.00"], ["icd10cm:E11.9"]).toarray()[0, 0]
    assert bridge(["icd9cm:250.00"], asked).toarray()[0, column] == alone


def test_it_goes_both_ways_and_knows_procedures():
    assert bridge(["icd10cm:I10"], ["icd9cm:401.9"]).nnz == 1
    source, entries = next(
        (code, entries)
        for code, entries in crosswalk("icd9proc", "icd10pcs").items()
        if entries and not entries[0].combination
    )
    assert bridge([f"icd9proc:{source}"], [str(entries[0].target)]).nnz == 1


def test_codes_without_an_equivalent_and_combinations_count_nothing():
    table = crosswalk("icd9cm", "icd10cm")
    code = next(code for code, entries in table.items() if entries and all(e.combination for e in entries))
    parts = [str(entry.target) for entry in table[code]]
    both = bridge([f"icd9cm:{code}"], parts)
    reverse = {
        str(entry.target)
        for target in parts
        for entry in crosswalk("icd10cm", "icd9cm").get(target.partition(":")[2], ())
        if not entry.combination
    }
    assert both.nnz == 0 or f"icd9cm:{code}" in reverse
    nothing = bridge(["mine:1"], ["icd10cm:I10"])
    assert nothing.shape == (1, 1)
    assert nothing.nnz == 0
    assert nothing.dtype == np.float32
