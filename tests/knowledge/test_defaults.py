"""What coders default to: rows mean codes of the newest release, everyday phrases what a coder gives for them."""

import csv
import re
from collections import Counter
from importlib.resources import files

import pytest

from icdbridge.codes import load_system
from icdbridge.knowledge.words import stems

_PLAIN = re.compile(r"[a-z0-9][a-z0-9 '/+.,%&()<>=-]*")


def table(name):
    with files("icdbridge.knowledge").joinpath("data", name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def defaults():
    return table("defaults.csv")


@pytest.fixture(scope="module")
def status():
    return table("status.csv")


@pytest.mark.parametrize(
    ("name", "columns"), [("defaults.csv", "term code note"), ("status.csv", "term code when note")]
)
def test_tables_have_their_columns_plain_terms_and_billable_codes(name, columns):
    rows = table(name)
    assert list(rows[0]) == columns.split()
    assert all(None not in row and None not in row.values() for row in rows)  # no row is too long or short
    titles = load_system("icd10cm").titles
    assert [row for row in rows if row["code"] not in titles] == []
    assert [row["term"] for row in rows if not _PLAIN.fullmatch(row["term"])] == []
    assert [row["term"] for row in rows if row["term"] != " ".join(row["term"].split())] == []


def test_a_term_means_one_code(defaults, status):
    assert [one for one, count in Counter(row["term"] for row in defaults).items() if count > 1] == []
    met = Counter((row["term"], row["when"]) for row in status)
    assert [one for one, count in met.items() if count > 1] == []


def test_terms_of_the_same_stems_mean_the_same(defaults):
    """A reader that sees stems cannot tell words apart that differ only in endings or empty words."""
    meant = {}
    for row in defaults:
        meant.setdefault(frozenset(stems(row["term"])), set()).add(row["code"])
    assert frozenset() not in meant
    assert {words: codes for words, codes in meant.items() if len(codes) > 1} == {}


def test_the_tables_are_broad(defaults, status):
    assert len(defaults) >= 10000
    assert len(status) >= 4000
    chapters = Counter(row["code"][0] for row in defaults)
    assert min(chapters[letter] for letter in "ABEFGIJKNR") >= 10


def test_status_says_where_a_term_counts(status):
    assert {row["when"] for row in status} == {
        "any",
        "medications",
        "allergies",
        "history",
        "family",
        "adverse",
    }
    for row in status:
        if row["when"] == "family":
            assert re.match("Z8[0-4]", row["code"]), row
        if row["when"] == "allergies":
            assert re.match(r"Z88|Z91\.0", row["code"]), row
        if row["when"] == "medications":
            assert row["code"].startswith("Z79"), row
        if row["when"] == "adverse":
            assert re.match(r"T(3[6-9]|4\d|50).*5X?A", row["code"]), row


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("diabetes", "E11.9"),
        ("chf", "I50.9"),
        ("acute on chronic systolic heart failure", "I50.23"),
        ("afib with rvr", "I48.91"),
        ("smoker", "F17.200"),
        ("former smoker", "Z87.891"),
        ("depression", "F32.A"),
        ("pneumonia", "J18.9"),
        ("aecopd", "J44.1"),
        ("uti", "N39.0"),
        ("altered mental status", "R41.82"),
        ("elevated troponin", "R79.89"),
        ("esrd", "N18.6"),
        ("old stroke", "Z86.73"),
    ],
)
def test_everyday_phrases(defaults, term, code):
    assert [row["code"] for row in defaults if row["term"] == term] == [code]


@pytest.mark.parametrize(
    ("term", "when", "code"),
    [
        ("s/p cabg", "any", "Z95.1"),
        ("coronary stent", "any", "Z95.5"),
        ("apixaban", "medications", "Z79.01"),
        ("metformin", "medications", "Z79.84"),
        ("penicillin", "allergies", "Z88.0"),
        ("metformin", "allergies", "Z88.8"),
        ("breast cancer", "family", "Z80.3"),
        ("breast cancer", "history", "Z85.3"),
        ("stroke", "history", "Z86.73"),
        ("mi", "history", "I25.2"),
        ("dnr", "any", "Z66"),
    ],
)
def test_status_and_history(status, term, when, code):
    assert [row["code"] for row in status if (row["term"], row["when"]) == (term, when)] == [code]


def test_a_default_has_no_side_that_its_term_does_not_say():
    titles = load_system("icd10cm").titles
    sides = re.compile(r"\b(?:left|right)\b(?! (?:heart|anterior|circumflex|coronary|bundle))")
    said = re.compile(r"\b(?:left|right|[lr]t?|o[sd]|[lr][lu][eql]|bilateral)\b")
    for row in table("defaults.csv"):
        side = sides.search(titles.get(row["code"], ""))
        assert side is None or said.search(row["term"]), row
