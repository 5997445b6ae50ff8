"""Rules over codes as data: every code and beginning exists, and known notes come out as the guidelines say."""

import csv
import re
from bisect import bisect_left
from importlib.resources import files

import pytest

from icdbridge.codes import load_system

_COLUMNS = {
    "presumptions.csv": "rule if_all unless then replaces source",
    "integral.csv": "diagnosis symptom source",
    "companions.csv": "if add_when then source sixth",
    "blocked.csv": "code term why",
    "measurements.csv": "measure at_least below code source",
}


def table(name):
    with files("icdbridge.knowledge").joinpath("data", name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def system():
    return load_system("icd10cm")


@pytest.fixture(scope="module")
def rules():
    return table("presumptions.csv")


def alternatives(cell):
    return [one for one in cell.split(";") if one]


def begins(one):
    return one[:-1].rstrip(".") if one.endswith("-") else None


def means(code, cell):
    """Whether a code is one of a cell's codes or has one of its beginnings ("N18.-", "J96.0-")."""
    return any(code.startswith(begins(one)) if begins(one) else code == one for one in alternatives(cell))


def presumed(codes, rules):
    """The codes after all rules, each once, in the order of the table."""
    for rule in rules:
        if any(means(code, rule["unless"]) for code in codes):
            continue
        if all(any(means(code, condition) for code in codes) for condition in rule["if_all"].split(" + ")):
            kept = {code for code in codes if not means(code, rule["replaces"])}
            codes = kept | set(alternatives(rule["then"]))
    return codes


def test_choices_of_icd9_are_codes(system):
    rows = table("icd9_choices.csv")
    assert {row["icd9cm"] for row in rows} <= {*load_system("icd9cm").titles}
    assert [row for row in rows if not any(code.startswith(row["icd10cm"]) for code in system.titles)] == []


@pytest.mark.parametrize("name", _COLUMNS)
def test_columns(name):
    rows = table(name)
    assert list(rows[0]) == _COLUMNS[name].split()
    assert all(None not in row and None not in row.values() for row in rows)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("presumptions.csv", ["if_all", "unless", "then", "replaces"]),
        ("integral.csv", ["diagnosis", "symptom"]),
        ("companions.csv", ["if", "then"]),
    ],
)
def test_codes_are_billable_and_beginnings_begin_something(name, columns, system):
    known = sorted({*system.titles, *system.headings})
    for row in table(name):
        for column in columns:
            for one in alternatives(row[column].replace(" + ", ";")):
                beginning = begins(one)
                if beginning is None:
                    assert one in system.titles, (name, column, one, row)
                else:
                    at = bisect_left(known, beginning)
                    assert "".join(known[at : at + 1]).startswith(beginning), (name, column, one, row)


def test_what_a_rule_adds_is_a_billable_code_that_it_does_not_replace(rules, system):
    for rule in rules:
        added = alternatives(rule["then"])
        assert added or rule["replaces"], rule
        assert all(one in system.titles for one in added), rule
        assert not any(means(one, rule["replaces"]) for one in added) or len(added) == 0, rule
    assert len({rule["rule"] for rule in rules}) == len(rules)
    assert all(rule["source"] for rule in rules)


@pytest.mark.parametrize(
    ("said", "coded"),
    [
        ("E11.9 N18.30", "E11.22 N18.30"),
        ("E11.9 G62.9", "E11.42"),
        ("E11.65 G62.9", "E11.65 E11.42"),
        ("E11.9 L97.519", "E11.621 L97.519"),
        ("E11.9 L97.519 L89.159", "E11.621 L97.519 L89.159"),
        ("E11.9 L97.519 L89.619", "E11.9 L97.519 L89.619"),
        ("E10.9 K31.84", "E10.43 K31.84"),
        ("E11.9 R73.9", "E11.65"),
        ("E11.9 I73.9", "E11.51"),
        ("E11.9 I73.9 I96", "E11.52"),
        ("I10 I50.9", "I11.0 I50.9"),
        ("I10 N18.30", "I12.9 N18.30"),
        ("I10 N18.6 Z99.2", "I12.0 N18.6 Z99.2"),
        ("I10 I50.22 N18.4", "I13.0 I50.22 N18.4"),
        ("I10 I50.22 N18.6", "I13.2 I50.22 N18.6"),
        ("I10 I51.7", "I11.9"),
        ("I15.0 N18.30", "I15.0 N18.30"),
        ("I16.0", "I16.0 I10"),
        ("I16.0 I12.9", "I16.0 I12.9"),
        ("I25.10 I20.9", "I25.119"),
        ("I50.9 I50.23", "I50.23"),
        ("J44.9 J18.9", "J44.0 J18.9"),
        ("J44.1 J20.9", "J44.0 J44.1 J20.9"),
        ("J44.9 J45.909", "J44.89"),
        ("J44.1 J43.9", "J43.9"),
        ("J18.9 U07.1", "J12.82 U07.1"),
        ("A41.9 B96.20 N39.0", "A41.51 B96.20 N39.0"),
        ("R65.21", "A41.9 R65.21"),
        ("N39.0 N10", "N10"),
        ("N18.4 N18.6", "N18.6"),
        ("N40.0 R33.9", "N40.1 R33.9"),
        ("K57.30 K62.5", "K57.31"),
        ("K70.30 R18.8", "K70.31"),
        ("K80.20 K81.0", "K80.00"),
        ("G30.9", "G30.9 F02.80"),
        ("G30.9 F03.911", "G30.9 F02.811"),
        ("F10.10 F10.20", "F10.20"),
        ("F10.20 F10.939", "F10.239"),
        ("F17.210 Z87.891", "F17.210"),
        ("E78.00 E78.1", "E78.2"),
        ("M81.0 M48.56XA", "M80.08XA"),
        ("D70.9 R50.9", "D70.9 R50.81"),
        ("O80 O70.1 Z37.0", "O70.1 Z37.0"),
        ("Z38.00 R17", "Z38.00 P59.9"),
        ("D64.9 N18.6", "D63.1 N18.6"),
        ("I10 N18.9 Z99.2", "I12.0 N18.6 Z99.2"),
        ("Z33.1 I10", "O10.919"),
        ("J45.909", "J45.909"),
    ],
)
def test_presumed(said, coded, rules):
    assert presumed(set(said.split()), rules) == set(coded.split())


def test_rules_say_nothing_new_when_asked_again(rules):
    """What the rules make of the least that each needs is what they make of it twice."""
    for rule in rules:
        least = {alternatives(condition)[0] for condition in rule["if_all"].split(" + ")}
        if any(begins(one) for one in least):
            continue
        once = presumed(least, rules)
        assert presumed(once, rules) == once, (rule["rule"], least, once)


def test_integral_symptoms_are_no_diagnoses_of_their_own_chapter():
    pairs = table("integral.csv")
    assert len(pairs) >= 300
    assert len({(row["diagnosis"], row["symptom"]) for row in pairs}) == len(pairs)
    found = {(row["diagnosis"], row["symptom"]) for row in pairs}
    known = [
        ("J12.-", "R50.9"),
        ("N39.0", "R30.-"),
        ("K35.-", "R10.-"),
        ("G40.-", "R56.9"),
        ("I50.-", "R06.0-"),
    ]
    assert found.issuperset(known)
    assert not any(row["symptom"].startswith("R09.02") and row["diagnosis"].startswith("J1") for row in pairs)


def test_blocked_names_are_plain_and_some_are_blocked_for_every_code(system):
    rows = table("blocked.csv")
    assert len(rows) >= 300
    assert all(row["code"] in system.titles for row in rows if row["code"])
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9 '/+.,%&()<>=-]*", row["term"]) and row["why"] for row in rows)
    blocked = {(row["code"], row["term"]) for row in rows}
    assert {("", "discharge"), ("", "weight"), ("", "general")} <= blocked


def test_no_blocked_name_is_a_default():
    blocked = {row["term"] for row in table("blocked.csv") if not row["code"]}
    assert [row["term"] for row in table("defaults.csv") if row["term"] in blocked] == []


@pytest.mark.parametrize(
    ("measure", "value", "code"),
    [
        ("bmi", 42.3, "Z68.41"),
        ("bmi", 19.9, "Z68.1"),
        ("bmi", 31, "Z68.31"),
        ("weeks of gestation", 39, "Z3A.39"),
        ("weeks of gestation", 6, "Z3A.01"),
        ("weeks at birth", 34, "P07.37"),
        ("birth weight in grams", 1499, "P07.15"),
        ("nihss", 14, "R29.714"),
        ("glasgow coma scale", 15, "R40.2410"),
    ],
)
def test_measurements(measure, value, code, system):
    rows = [row for row in table("measurements.csv") if row["measure"] == measure]
    found = [row["code"] for row in rows if float(row["at_least"]) <= value < float(row["below"])]
    assert found == [code]
    assert code in system.titles


def test_measurements_do_not_overlap(system):
    by_measure = {}
    for row in table("measurements.csv"):
        assert row["code"] in system.titles
        by_measure.setdefault(row["measure"], []).append((float(row["at_least"]), float(row["below"])))
    for spans in by_measure.values():
        assert all(low < high for low, high in spans)
        assert all(high <= low for (_, high), (low, _) in zip(sorted(spans), sorted(spans)[1:], strict=False))
