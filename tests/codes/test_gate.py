"""The gate for codes from outside: names in any spelling, existence, versions, lost zeros."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import Code, load_system, parse_code, parse_key, system_named, version_named
from icdbridge.codes.gate import existing, let_in, nearest, standing
from icdbridge.errors import InputError


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("icd10cm", ["icd10cm", "ICD10CM", "ICD-10-CM", "icd_10_cm", "ICD 10 CM", "ICD‑10‑CM"]),
        ("icd9cm", ["ICD9CM", "icd-9-cm", "ICD 9 CM"]),
        ("icd9proc", ["ICD-9-Proc", "icd9 procedures"]),
        ("icd10pcs", ["ICD10PCS", "ICD-10-PCS"]),
    ],
)
def test_systems_in_any_spelling(system, names):
    for name in names:
        assert system_named(name) == system
        assert load_system(name) is load_system(system)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ICD10C", "icd10cm"),
        ("icd10mc", "icd10cm"),
        ("ICD-10-CCM", "icd10cm"),
        ("icd9pro", "icd9proc"),
        ("icd01cm", "icd10cm"),
        ("icd10pc", "icd10pcs"),
    ],
)
def test_a_system_with_a_slip_is_not_one_of_ones_own(name, meant):
    with pytest.raises(InputError, match=f"did you mean {meant}"):
        system_named(name)


@pytest.mark.parametrize("name", ["icd10gm", "icd10am", "icd11", "icd11mms", "icd10who", "icdo3", "house"])
def test_systems_of_other_countries_and_houses_are_ones_own(name):
    assert system_named(name) == name


def test_versions_in_any_spelling():
    assert {version_named(name) for name in ("icd10", "ICD-10", "10", "Icd 10")} == {"icd10"}
    assert {version_named(name) for name in ("icd9", "ICD-9", "9")} == {"icd9"}
    assert version_named("icd10gm") == system_named("icd10gm") == "icd10gm"
    with pytest.raises(InputError, match="'ICD-10-CM' is a code system of version icd10"):
        version_named("ICD-10-CM")
    with pytest.raises(
        InputError, match="'ICD-9' is a version, no code system: its systems are icd9cm and icd9proc"
    ):
        system_named("ICD-9")
    for name in ("", "4x", "a b", "ä"):
        with pytest.raises(InputError):
            system_named(name)


@pytest.mark.parametrize(
    ("text", "system", "key"),
    [
        ("I10", "ICD-10-CM", "icd10cm:I10"),
        ("ICD-10: I10", "icd10cm", "icd10cm:I10"),
        ("ICD10CM e119", "icd10cm", "icd10cm:E11.9"),
        ("E11 . 9", "icd10cm", "icd10cm:E11.9"),
        ("Ｅ１１．９", "icd10cm", "icd10cm:E11.9"),
        ("\ufeffI10\u00a0", "icd10cm", "icd10cm:I10"),
        ("icd-9-cm: 4280", "icd9cm", "icd9cm:428.0"),
    ],
)
def test_codes_as_people_write_them(text, system, key):
    assert str(parse_code(text, system)) == key


@pytest.mark.parametrize("text", ["ICD-9: I10", "I10 E11", "I10–I15", "ICD-10-PCS I10", "ICD-10:"])
def test_what_is_not_one_code_of_the_system(text):
    with pytest.raises(InputError):
        parse_code(text, "icd10cm")


def test_keys_in_any_spelling():
    assert str(parse_key("ICD-10-CM:i214")) == "icd10cm:I21.4"


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("icd10cm:I10", "billable"),
        ("icd10cm:G35", "retired"),
        ("icd10cm:S32.2", "category"),
        ("icd9cm:250.0", "category"),
        ("icd9proc:03.2", "unlisted"),
        ("icd10pcs:0JH6", "unlisted"),
        ("icd10cm:I1O", "unknown"),
        ("icd10cm:V45.81", "unknown"),
        ("house:X1", "own"),
    ],
)
def test_where_codes_stand(key, where):
    assert standing(parse_key(key)) == where


@pytest.mark.parametrize(
    ("text", "system", "near"),
    [
        ("8.45", "icd9cm", "008.45"),
        ("38.9", "icd9cm", "038.9"),
        ("1.31", "icd9proc", "01.31"),
        ("250.0", "icd9cm", "250.00"),
        ("4280.0", "icd9cm", "428.0"),
        ("16070", "icd10pcs", "0016070"),
        ("I1O", "icd10cm", "I10"),
        ("110", "icd10cm", "I10"),
        ("E11.999", "icd10cm", "E11.9"),
        ("Z99.99", "icd10cm", "Z99"),
        ("nonsense", "icd10cm", None),
    ],
)
def test_the_nearest_code_that_exists(text, system, near):
    found = nearest(text, system)
    assert (found.code if found else None) == near


def test_one_code_has_to_exist():
    assert existing("e119", "ICD10CM") == Code("icd10cm", "E11.9")
    assert existing("anything", "house") == Code("house", "ANYTHING")
    with pytest.raises(InputError, match=r"no release of icd10cm has I1O: did you mean I10\?"):
        existing("I1O", "icd10cm")
    with pytest.raises(InputError, match=r"did you mean 008\.45\?"):
        existing("8.45", "icd9cm")


@given(st.text(max_size=8), st.sampled_from(["icd9cm", "icd9proc", "icd10cm", "icd10pcs"]))
def test_what_is_let_in_one_by_one_exists(text, system):
    with suppress(InputError):
        assert standing(existing(text, system)) in ("billable", "retired", "category", "unlisted")


def counted(*texts):
    return dict.fromkeys(texts, 1)


def read(column):
    return {text: code.code for text, code in column.codes.items()}


@pytest.mark.parametrize(
    ("texts", "version", "complaint"),
    [
        (
            ("V4581", "I10", "E8120"),
            "icd10",
            "of 3 different codes 1 are in .* and 2 only in ICD-9-CM, such as V4581",
        ),
        (("I10", "E11.9", "J18.9", "428.0"), "icd9", "and 3 only in ICD-10-CM .* did you mean version icd10"),
        (("250.00",), "icd10", "did you mean version icd9"),
    ],
)
def test_a_column_of_the_other_version_is_refused_with_counts(texts, version, complaint):
    with pytest.raises(InputError, match=complaint):
        let_in(counted(*texts), version)


def test_few_codes_of_the_other_version_are_left_out_and_named():
    column = let_in(counted("I10", "E11.9", "J18.9", "428.0", "I1O", "rubbish"), "icd10")
    assert read(column) == {"I10": "I10", "E11.9": "E11.9", "J18.9": "J18.9", "I1O": "I1O"}
    assert [(doubt.written, str(doubt.code)) for doubt in column.foreign] == [("428.0", "icd9cm:428.0")]
    assert [(doubt.written, str(doubt.code)) for doubt in column.unknown] == [("I1O", "icd10cm:I10")]
    assert [doubt.written for doubt in column.malformed] == ["rubbish"]


def test_zeros_that_a_spreadsheet_took_are_put_back():
    column = let_in({"250.0": 8, "8.45": 3, "401.9": 2, "V58.67": 1, "38.9": 1}, "icd9")
    assert read(column)["250.0"] == "250.00"
    assert read(column)["8.45"] == "008.45"
    assert read(column)["401.9"] == "401.9"
    assert {doubt.written for doubt in column.repaired} == {"250.0", "8.45", "38.9"}
    assert [doubt.times for doubt in column.repaired if doubt.written == "250.0"] == [8]


@pytest.mark.parametrize("texts", [("250.0", "250.00", "401.9"), ("250.0", "410.10", "401.9")])
def test_a_column_that_has_its_zeros_is_read_as_written(texts):
    column = let_in(counted(*texts), "icd9")
    assert read(column) == {text: text for text in texts}
    assert column.repaired == []


def test_a_column_of_categories_is_read_as_written():
    column = let_in(counted("250", "401", "428", "V45"), "icd9", "icd9cm")
    assert read(column) == {text: text for text in ("250", "401", "428", "V45")}


def test_what_lost_zeros_leave_open_is_not_guessed():
    column = let_in(counted("4019", "7022", "412"), "icd9", "icd9cm")
    assert read(column) == {"4019": "401.9", "7022": "070.22"}
    assert column.ambiguous == [("412", [Code("icd9cm", "412"), Code("icd9cm", "041.2")])]
    kept = let_in(counted("4019", "07022", "412"), "icd9", "icd9cm")
    assert read(kept) == {"4019": "401.9", "07022": "070.22", "412": "412"}


@pytest.mark.parametrize("system", ["icd9cm", "icd9proc", "icd10cm", "icd10pcs"])
def test_every_code_of_a_release_comes_in_as_it_is(system):
    titles = list(load_system(system).titles)
    column = let_in(dict.fromkeys(titles, 1), load_system(system).version, system)
    assert read(column) == {code: code for code in titles}
    assert not column.repaired
    assert not column.ambiguous


def test_codes_of_one_s_own_are_any_text():
    column = let_in(counted("A1", "mine:b2"), "mine")
    assert read(column) == {"A1": "A1", "mine:b2": "B2"}
