"""Every code of every installed release: described, placed below its categories, valid when its releases say so."""

import pytest

from icdbridge.codes import SYSTEMS, Code, describe, load_system, releases
from icdbridge.codes.validity import release_period, validity

# ICD-10-PCS has no categories: its codes are values of seven axes, and the tables that name them are not installed.
WITH_CATEGORIES = [name for name in SYSTEMS if name != "icd10pcs"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_is_described_by_the_title_of_the_newest_release_that_has_it(system):
    official = {}
    for release in releases(system):
        official |= load_system(system, release).titles
    assert {code: describe(Code(system, code)) for code in official} == {
        code: (title, "release") for code, title in official.items()
    }
    assert all(official.values())


@pytest.mark.parametrize("system", WITH_CATEGORIES)
def test_all_that_it_lies_below_has_a_title_and_leads_back_to_it(system):
    newest = load_system(system)
    below = {}  # category -> the codes whose path holds it
    for release in releases(system):
        table = load_system(system, release)
        seen = set() if table is newest else set(newest.titles)  # retired codes only
        for code in table.titles.keys() - seen:
            category = Code(system, code).category.code
            path = table.ancestors(code)
            assert path[:1] == ([] if code == category else [category]), (release, code)
            assert all(table.title(above) and code.startswith(above) for above in path)
            if table is newest:
                for above in path:
                    below.setdefault(above, set()).add(code)
    assert set(below) == set(newest.headings)
    for heading, codes in below.items():
        assert codes == {code for code in newest.below(heading) if code in newest.titles}


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_is_valid_in_the_releases_that_list_it_and_in_no_other(system):
    listed = {release: load_system(system, release).titles for release in releases(system)}
    every = set().union(*listed.values())
    for code in every:
        known = validity(Code(system, code))
        having = [release for release, titles in listed.items() if code in titles]
        assert (known.first, known.last) == (having[0], having[-1])
        for release in listed:
            start, end = release_period(system, release)
            begun = known.period.start is None or start is None or known.period.start <= start
            lasts = known.period.end is None or end is None or end <= known.period.end
            assert (begun and lasts) == (release in having), (code, release)
