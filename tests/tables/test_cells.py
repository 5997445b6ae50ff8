"""What cells hold: lists of codes as other software writes them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.errors import InputError
from icdbridge.tables import Fault, Row, check_text, split_codes

CODES = st.lists(st.from_regex(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?", fullmatch=True), max_size=6)


def postgres(codes: list[str]) -> str:
    return "{" + ",".join(codes) + "}"


def numpy(codes: list[str]) -> str:
    return "[" + "\n ".join(map(repr, codes)) + "]"


@given(
    CODES,
    st.sampled_from([str, lambda codes: str(tuple(codes)), postgres, numpy, "; ".join, "|".join, " ".join]),
)
def test_lists_as_others_write_them(codes: list[str], write: Any) -> None:
    assert [code for code in split_codes(write(codes)) if code] == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('["I10", "E11.9"]', ["I10", "E11.9"]),
        ("{250.00,8.45}", ["250.00", "8.45"]),
        ('{"I10",NULL}', ["I10"]),
        ("{'I10'}", ["I10"]),
        ("[I10, E11.9]", ["I10", "E11.9"]),
        ("[None]", []),
        ("[]", []),
        ("I10", ["I10"]),
        ("I10,E11.9;J18 N17|R05", ["I10", "E11.9", "J18", "N17", "R05"]),
    ],
)
def test_known_lists(text: str, codes: list[str]) -> None:
    assert split_codes(text) == codes


@pytest.mark.parametrize(
    "text", ["[250.0, 8.45]", "(486,)", "[[1]]", "['I10', ['E11']]", "['I10"[:1] + "'I10]"]
)
def test_lists_that_cannot_be_read_are_named(text: str) -> None:
    row = Row(Path("t.csv"), 7, {"codes": text})
    with pytest.raises(Fault, match=r"t.csv, row 7, column codes: a list of"):
        row.codes("codes")


@pytest.mark.parametrize("value", [428, 8.45, [428], True, {"I10": 1}])
def test_codes_that_are_no_text(value: Any) -> None:
    with pytest.raises(Fault, match="row 2, column codes: expected text"):
        Row(Path("t.jsonl"), 2, {"codes": value}).codes("codes")


def test_a_separator_of_ones_own() -> None:
    row = Row(Path("t.csv"), 2, {"codes": "428.0/V45.81 / 96.71", "list": ["I10", None, " E11.9 "]})
    assert row.codes("codes", "/") == ["428.0", "V45.81", "96.71"]
    assert row.codes("list") == ["I10", "E11.9"]
    assert row.codes("missing") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\ud83d hypertension", "the note: half a character"),
        (None, "the note is missing: expected text"),
        (b"x", "the note is no text: expected text"),
        (3, "the note is a number: expected text"),
        (["x"], "the note is a list: expected text"),
    ],
)
def test_what_is_no_whole_text(text: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        check_text(text, "the note")
    assert check_text("\U0001f48a 5 < 6", "the note") == "\U0001f48a 5 < 6"
