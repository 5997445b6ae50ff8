import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.codes import Code, CodeSystem, describe, load_system, parse_code, parse_key, whole_systems
from icdbridge.codes.code import shorter
from icdbridge.codes.headings import agreed_title, common_beginning

DENIALS = ["wound", "ulcer", "without", "with", "open", "mention", "of", "bleeding,", "left"]


@pytest.mark.parametrize(
    ("key", "text", "source"),
    [
        ("icd10cm:I21.4", "Non-ST elevation (NSTEMI) myocardial infarction", "release"),
        ("icd10cm:G35", "Multiple sclerosis", "release"),  # retired in FY2026
        ("icd10cm:M54.5", "Low back pain", "release"),  # a category
        ("icd9cm:599.7", "Hematuria", "release"),
        ("icd9cm:250", "Diabetes mellitus", "release"),
        ("icd9cm:250.0", "Diabetes mellitus without mention of complication", "release"),
        ("icd9cm:345.1", "Generalized convulsive epilepsy", "release"),
        ("icd9cm:402.9", "Unspecified hypertensive heart disease", "release"),
        ("icd9cm:842.0", "Wrist sprain", "release"),
        ("icd9proc:68", "Other incision and excision of uterus", "release"),
        ("icd9proc:03.2", "Chordotomy", "category"),  # percutaneous, other
        ("icd9proc:01.3", "Incision of brain", "category"),  # what its last code leaves over
        (
            "icd9proc:02.4",
            "Irrigation and exploration of ventricular shunt; Replacement of ventricular shunt; "
            "Removal of ventricular shunt",
            "category",
        ),
        ("icd10cm:S52.52XA", "Torus fracture of lower end of radius", "ancestor"),
        ("icd10pcs:BW20", "Computerized Tomography (CT Scan) of Abdomen", "category"),
        ("icd10pcs:0JH", "Insertion, Subcutaneous Tissue and Fascia", "category"),
        ("icd10pcs:0JH6", "Insertion, Subcutaneous Tissue and Fascia, Chest", "category"),
        (
            "icd10pcs:02703D",
            "Dilation, Coronary Artery, One Artery, Percutaneous, Intraluminal Device",
            "category",
        ),
        ("icd9cm:428.05", "Congestive heart failure, unspecified", "ancestor"),
        ("icd10cm:E11.999", "Type 2 diabetes mellitus without complications", "ancestor"),
        ("icd9cm:428.7", "Heart failure", "ancestor"),
        ("icd10cm:A99.99", "Unspecified viral hemorrhagic fever", "ancestor"),
        ("icd10pcs:XZZ", "XZZ", "none"),
        ("local:X1", "X1", "none"),
    ],
)
def test_describe(key: str, text: str, source: str) -> None:
    assert describe(parse_key(key)) == (text, source)


def test_the_descriptions_of_the_corpus_come_first() -> None:
    own = {"icd10cm:I21.4": " NSTEMI ", "icd10cm:I10": " "}
    assert describe(parse_key("icd10cm:I21.4"), own) == ("NSTEMI", "corpus")
    assert describe(parse_key("icd10cm:I10"), own) == ("Essential (primary) hypertension", "release")


@pytest.mark.parametrize(
    ("titles", "agreed"),
    [
        (["Drainage of Liver, Open", "Drainage of Liver, Percutaneous"], "Drainage of Liver"),
        (["Fever (of unknown origin)", "Fever (drug induced)"], "Fever"),
        (["Incision of lung", "Other incision of thorax"], "Incision of thorax"),
        (["Only one"], "Only one"),
        (["Epilepsy without intractable form", "Epilepsy with intractable form"], "Epilepsy"),
        (["Wound without mention of infection", "Wound without mention of fracture"], "Wound"),
        (["Wound without infection, left", "Wound without infection, right"], "Wound without infection"),
        (["Wound, not open, of arm", "Wound, not open, of leg"], "Wound, not open"),
        (["Wound, not open", "Wound, not open or closed"], "Wound"),
        (
            ["Ulcer of leg", "Burn of arm", "Other injury, without burn"],
            "Ulcer of leg; Burn of arm; Other injury, without burn",
        ),
        (["A b", "C d", "E f", "G h"], "A b; C d; E f; and 1 more"),
    ],
)
def test_a_category_is_called_what_its_codes_agree_on(titles: list[str], agreed: str) -> None:
    assert agreed_title(titles) == agreed


_WITH = re.compile(r"\b(with|without)(?: mention of)? (.+?)(?=[,;()]|\bwith|\band\b|$)")


def _claims(title: str) -> set[tuple[str, str]]:
    return {(sign, what.strip()) for sign, what in _WITH.findall(title.lower())}


@pytest.mark.parametrize("system", ["icd9cm", "icd9proc", "icd10cm"])
def test_no_category_says_the_opposite_of_one_of_its_codes(system: str) -> None:
    edition = load_system(system)
    for prefix, codes in _prefixes(edition).items():
        text, source = describe(Code(system, prefix))
        assert source in ("release", "category")
        if source == "category" and "; " in text:
            continue  # it lists titles
        opposite = {("with" if sign == "without" else "without", what) for sign, what in _claims(text)}
        for code in codes:
            assert not opposite & _claims(edition.titles[code]), (prefix, text, code)


@given(st.lists(st.lists(st.sampled_from(DENIALS), min_size=1, max_size=6), min_size=2, max_size=4))
def test_what_is_common_is_no_more_than_each_says(titles: list[list[str]]) -> None:
    texts = [" ".join([*title, "arm"]) for title in titles]
    common = common_beginning(texts)
    for text in texts:
        assert text.startswith(common)
        rest = text.removeprefix(common)
        if "without" in common.rpartition(",")[2] and not common.endswith(","):
            assert not rest or rest[0] in ",;"


def _prefixes(edition: CodeSystem) -> dict[str, list[str]]:
    """The categories above the codes of a release, each with its codes."""
    found: dict[str, list[str]] = {}
    for code in edition.titles:
        above = shorter(Code(edition.name, code))
        while above is not None:
            if above.code not in edition.titles:
                found.setdefault(above.code, []).append(code)
            above = shorter(above)
    return found


def test_codes_of_real_corpora(public_data: Path) -> None:
    sources: dict[str, int] = {}
    for part in ("train", "dev"):
        for letter, system in (("D", "icd10cm"), ("P", "icd10pcs")):
            with (public_data / "codiesp" / part / f"{part}{letter}.tsv").open(encoding="utf-8") as handle:
                for code in sorted({row[1] for row in csv.reader(handle, delimiter="\t")}):
                    source = describe(parse_code(code, system)).source
                    sources[source] = sources.get(source, 0) + 1
    with (public_data / "cmc2007" / "cmc2007_icd9.jsonl").open(encoding="utf-8") as handle:
        cmc = {code for line in handle for code in json.loads(line)["codes"]}
    assert len(cmc) == 42
    found = {code: describe(parse_code(code, "icd9cm")).source for code in cmc}
    assert set(found.values()) == {"release"}
    # All but a handful of CodiEsp's codes have words of their own or of their category.
    assert sources.get("none", 0) == 0, sources
    assert sources["ancestor"] <= 0.02 * sum(sources.values()), sources


def test_whole_systems_have_beginnings_of_procedures_where_codes_are_cut() -> None:
    whole, cut = whole_systems(["icd10pcs:0DTJ4ZZ"]), whole_systems(["icd10pcs:0DTJ4ZZ", "icd10pcs:BW20"])
    assert {len(key) for key in whole} == {len("icd10pcs:0DTJ4ZZ")}
    assert cut["icd10pcs:0DTJ"] == "Resection, Appendix"
    assert {key[:-3] for key in whole} == cut.keys() - whole.keys()
    assert whole_systems(["icd10cm:I10", "icd10cm:I21.4"]) == whole_systems(["icd10cm:"])
    assert whole_systems(["house:X1"]) == {}
