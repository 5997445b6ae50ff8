"""Notes made of what codes are called."""

from collections import Counter

import pytest

from icdbridge.codes import load_system
from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.code_names import prepare_names
from icdbridge.errors import InputError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    terms = folder / "terms.csv"
    terms.write_text("code,term\n250.00,Sugar sickness\n")
    return prepare_names(folder / "icd9", version="icd9", systems=["icd9cm"], terms=terms, passes=2)


def rows(corpus: Corpus):
    return [row for batch in corpus.notes(None, ("text", "codes", "split")) for row in batch.to_pylist()]


def test_every_code_is_named_in_each_pass(corpus):
    carried = Counter(code for row in rows(corpus) for code in row["codes"])
    titles = load_system("icd9cm").titles
    codes = {f"icd9cm:{code}" for code in titles}
    assert set(carried) == codes | {code.partition(".")[0] for code in codes}
    assert min(carried.values()) >= 2
    assert corpus.meta["synthetic"] is True
    assert corpus.count("val") == 100


def test_a_note_has_a_line_for_each_name(corpus):
    found = rows(corpus)
    named = [[code for code in row["codes"] if "." in code] for row in found]
    assert all(
        len(codes) <= len(row["text"].split("\n")) <= 8 for codes, row in zip(named, found, strict=True)
    )
    text = next(row["text"] for row in found if "Sugar sickness." in row["text"].split("\n"))
    assert sum("Sugar sickness." in row["text"].split("\n") for row in found) == 2
    assert text.endswith(".")


def test_a_code_s_category_is_named_with_it(corpus):
    for row in rows(corpus):
        assert {code.partition(".")[0] for code in row["codes"]} <= set(row["codes"])


def test_equivalent_icd10_titles_name_icd9_codes(corpus):
    carrying = [row["text"] for row in rows(corpus) if "icd9cm:401.9" in row["codes"]]
    assert any("Essential (primary) hypertension." in text.split("\n") for text in carrying)


def test_the_same_seed_gives_the_same_notes(corpus, tmp_path):
    one, other = (
        prepare_names(tmp_path / name, version="icd9", systems=["icd9proc"], seed=3) for name in ("a", "b")
    )
    assert rows(one) == rows(other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"version": "icd11"}, "unknown version 'icd11'"),
        ({"version": "icd9", "systems": ["icd10cm"]}, "'icd10cm' is no code system of icd9"),
    ],
)
def test_what_has_no_names_is_refused(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        prepare_names(tmp_path / "out", **given)
