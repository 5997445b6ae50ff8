import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import SYSTEMS, Code, load_system, parse_code, parse_key, releases, undotted, version_of
from icdbridge.codes.code import shorter
from icdbridge.errors import InputError


@pytest.mark.parametrize(
    ("text", "system", "dotted"),
    [
        ("4280", "icd9cm", "428.0"),
        ("428.0", "icd9cm", "428.0"),
        ("486", "icd9cm", "486"),
        ("v4581", "icd9cm", "V45.81"),
        ("V10", "icd9cm", "V10"),
        ("E8120", "icd9cm", "E812.0"),
        ("e812", "icd9cm", "E812"),
        ("9671", "icd9cm", "967.1"),
        ("9671", "icd9proc", "96.71"),
        ("331", "icd9proc", "33.1"),
        ("i214", "icd10cm", "I21.4"),
        (" I10. ", "icd10cm", "I10"),
        ("m54.5", "icd10cm", "M54.5"),
        ("S72022B", "icd10cm", "S72.022B"),
        ("C7A.00", "icd10cm", "C7A.00"),
        ("bw20", "icd10pcs", "BW20"),
        ("0jh60dz", "icd10pcs", "0JH60DZ"),
        (" snomed-12.3x ", "local", "SNOMED-12.3X"),
    ],
)
def test_parse_code(text: str, system: str, dotted: str) -> None:
    assert parse_code(text, system) == Code(system, dotted)


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("", "icd9cm"),
        ("42", "icd9cm"),
        ("42.80", "icd9cm"),
        ("428000", "icd9cm"),
        ("E81200", "icd9cm"),
        ("I21.4", "icd9cm"),
        ("967.1", "icd9proc"),
        ("9", "icd9proc"),
        ("4280", "icd10cm"),
        ("I2.14", "icd10cm"),
        ("I21..4", "icd10cm"),
        ("I21.40000", "icd10cm"),
        ("nan", "icd10cm"),
        ("I 21", "icd10cm"),
        ("nan", "icd10pcs"),
        ("0JH60OZ", "icd10pcs"),  # the letter O is no PCS character
        ("0JH6.0DZ", "icd10pcs"),
        ("0JH60DZZ", "icd10pcs"),
        ("0J", "icd10pcs"),
        ("two words", "local"),
        ("  ", "local"),
    ],
)
def test_malformed_codes_name_the_code_the_system_and_the_shape(text: str, system: str) -> None:
    with pytest.raises(InputError, match="is not a code of") as caught:
        parse_code(text, system)
    message = str(caught.value)
    assert repr(text) in message
    assert system in message
    assert "expected" in message
    assert "\n" not in message


def test_keys() -> None:
    assert str(parse_key("icd10cm:i214")) == "icd10cm:I21.4"
    assert parse_key("local:A:1") == Code("local", "A:1")
    for bad in ("I21.4", ":I21.4", "icd10cm:", "2x:I21.4", "icd 9:428.0"):
        with pytest.raises(InputError):
            parse_key(bad)


def test_versions() -> None:
    assert [version_of(name) for name in (*SYSTEMS, "local")] == ["icd9", "icd9", "icd10", "icd10", "local"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_code_of_every_release_survives_losing_its_dot(system: str) -> None:
    tables = [load_system(system, release) for release in releases(system)]
    every = {dotted for table in tables for dotted in (*table.titles, *table.headings)}
    for dotted in every:
        code = Code(system, dotted)
        assert parse_code(undotted(code), system) == code == parse_key(str(code))
        assert parse_code(dotted.lower(), system) == code


@given(st.text(max_size=9), st.sampled_from([*SYSTEMS, "local"]))
def test_any_text_is_a_code_that_reads_back_or_an_input_error(text: str, system: str) -> None:
    try:
        code = parse_code(text, system)
    except InputError:
        return
    assert parse_code(undotted(code), system) == parse_key(str(code)) == code
    above = shorter(code)
    if above is not None:
        assert undotted(code).startswith(undotted(above))
        assert len(undotted(above)) == len(undotted(code)) - 1


@pytest.mark.parametrize(
    ("key", "above"),
    [
        ("icd10cm:I21.4", "I21"),
        ("icd10cm:I21", None),
        ("icd9cm:E812.0", "E812"),
        ("icd9cm:E812", None),
        ("icd9proc:96.7", "96"),
        ("icd10pcs:BW20", "BW2"),
        ("local:ABC", None),
    ],
)
def test_shorter(key: str, above: str | None) -> None:
    found = shorter(parse_key(key))
    assert (found.code if found else None) == above
