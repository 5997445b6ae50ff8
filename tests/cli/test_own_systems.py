"""Other countries' code systems with yearly releases, from the agency's table to the check of what was coded.

ICD-10-GM and ICD-11 by small tables of their form; titles and notes are synthetic.
"""

import csv
import json
import random
from typing import NamedTuple

import pytest
from tests.small import TINY
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.codes import declare, withdraw

GERMAN = """label = "ICD-10-GM"
shape = '[A-Z][0-9]{2}(\\.[0-9]{1,2})?'
category = 3
dotted = true
marks = "†*!"
[releases]
2024 = "2024.csv"
2025 = "2025.csv"
[starts]
2024 = 2024-01-01
2025 = 2025-01-01
"""
GERMAN_2024 = """code,description,parent
I10,Essentielle Hypertonie,
I10.00,Benigne essentielle Hypertonie,I10
I10.90,Essentielle Hypertonie: ohne Krise,I10
E11.9,Diabetes mellitus Typ 2,
J18.9,Pneumonie,
M10.0,Idiopathische Gicht,
"""
ELEVEN_2024 = """Code\tTitle\tClassKind
\tDiseases of the circulatory system\tchapter
BA00\t- Essential hypertension\tcategory
5A11\t- Type 2 diabetes mellitus\tcategory
9B71\t- Retinopathy\tcategory
9B71.0\t- - Diabetic retinopathy\tcategory
CA40\t- Pneumonia\tcategory
XK8G\t- Left\tcategory
"""


CHANGES = (*TINY, "lexical=associations", "warmup_steps=5", "matching_steps=60", "vector_epochs=1")
LEARNING = ["--model", "duallaat-cnn", "--preset", "small", "--epochs", "4"]
LEARNING += [part for change in CHANGES for part in ("--set", change)]


class Own(NamedTuple):
    """``words``: the word of synthetic notes for each code. ``divided``: a code that the second release divided, and
    into what, its default first. ``category``: one that may not be coded.
    """

    name: str
    label: str
    words: dict[str, str]
    divided: tuple[str, str, str]
    category: str


SYSTEMS = {
    "german": Own(
        "icd10gm",
        "ICD-10-GM",
        {"I10.90": "bluthochdruck", "E11.9": "zucker", "J18.9": "lungenentzündung", "M10.0": "gichtanfall"},
        ("M10.0", "M10.00", "M10.07"),
        "I10",
    ),
    "eleven": Own(
        "icd11",
        "ICD-11 MMS",
        {"BA00": "pressure", "5A11/9B71.0": "sugar", "9B71.0&XK8G": "vessels", "CA40": "infiltrate"},
        ("CA40", "CA40.Z", "CA40.0"),
        "9B71",
    ),
}


def command(*words, code=0):
    answer = CliRunner().invoke(app, [str(word) for word in words])
    assert answer.exit_code == code, f"{answer.output} {answer.exception}"
    return answer.stdout


def add_german(folder, own):
    more = "M10.00,Idiopathische Gicht: Mehrere,M10.0\nM10.07,Idiopathische Gicht: Fuß,M10.0\n"
    (folder / "2024.csv").write_text(GERMAN_2024, "utf-8")
    (folder / "2025.csv").write_text(GERMAN_2024 + more, "utf-8")
    (folder / "icd10gm.toml").write_text(GERMAN, "utf-8")
    declare(folder / "icd10gm.toml")


def add_eleven(folder, own):
    more = "- - {}\tcategory\n"
    divided = "CA40.0\t" + more.format("Bacterial pneumonia") + "CA40.Z\t" + more.format("Pneumonia NOS")
    at = ELEVEN_2024.index("XK8G")
    (folder / "2024.txt").write_text(ELEVEN_2024, "utf-8")
    (folder / "2025.txt").write_text(ELEVEN_2024[:at] + divided + ELEVEN_2024[at:], "utf-8")
    for year in ("2025", "2024"):  # the older one later: they are put in order
        options = ("--name", own.name, "--label", own.label, "--out", folder, "--from", f"{year}-01-01")
        said = command("codes", "add", folder / f"{year}.txt", *options)
    assert said.startswith(
        "icd11, release 2024: 5 codes, 1 categories, from 2024-01-01 on\nicd11, release 2025"
    )


@pytest.fixture(params=SYSTEMS)
def own(request, tmp_path):
    system = SYSTEMS[request.param]
    {"german": add_german, "eleven": add_eleven}[request.param](tmp_path, system)
    yield system
    withdraw(system.name)


def write_notes(path, own):
    rng = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("note_id", "text", "codes", "split"))
        for number in range(60):
            codes = rng.sample(sorted(own.words), rng.randint(1, 2))
            words = [
                *rng.choices(["heute", "seen", "clinic", "well"], k=6),
                *(own.words[code] for code in codes),
            ]
            rng.shuffle(words)
            split = ("train", "train", "train", "val", "test")[number % 5]
            writer.writerow((number, " ".join(words), "; ".join(codes).lower(), split))


def test_from_the_agencys_table_to_the_check_of_what_was_coded(own, tmp_path):
    before, after = "2024-12-31", "2025-01-01"
    write_notes(tmp_path / "notes.csv", own)
    corpus, run, note = tmp_path / "corpus", tmp_path / "run", tmp_path / "note.txt"
    told = command(
        "prepare", "table", "--root", tmp_path / "notes.csv", "--version", own.label, "--out", corpus
    )
    assert "Nothing was dropped" in told
    command("train", corpus, *LEARNING, "--out", run)

    gone, *heirs = own.divided
    note.write_text(f"seen today, {own.words[gone]}", "utf-8")

    def coded(*options):
        answer = json.loads(command("code", run, note, "--json", "--version", own.label, *options))
        return [one["code"] for one in answer["suggestions"]]

    every = set(own.words)
    assert coded()[0] == coded("--as-of", before)[0] == gone
    assert set(coded()) == set(coded("--as-of", before)) == every
    later = coded("--as-of", after)
    assert set(later) == every - {gone} | set(heirs)  # clusters stay
    assert later[0] == heirs[0]

    found = command("codes", "search", heirs[0], "--system", own.name)
    assert heirs[0] in found
    shown = json.loads(command("codes", "show", f"{own.name}:{gone}", "--json"))[0]
    assert shown["valid"]["end"] == before
    assert [one["code"] for one in shown["successors"]] == heirs

    def checked(day, *codes):
        words = ("check", *codes, "--version", own.name, "--date", day, "--json")
        answer = CliRunner().invoke(app, list(words))
        return [(one["rule"], one["codes"], one["choices"]) for one in json.loads(answer.stdout)["findings"]]

    assert checked(before, *own.words) == []
    assert checked(after, *own.words) == [("date", [gone], heirs)]
    assert checked(before, heirs[1]) == [("date", [heirs[1]], [gone])]
    assert checked("2023-12-31", gone)[0][0] == "date not covered"
    assert [rule for rule, _, _ in checked(after, own.category, "nonsense")] == [
        "not billable",
        "unknown code",
    ]
    named = command("check", *(f"{own.name}:{code}" for code in own.words if code != gone))
    assert named == "nothing found\n"  # the codes name their system


def test_of_a_code_of_ones_own_system_check_says_what_to_do(own):
    code = own.divided[1]
    answer = CliRunner().invoke(app, ["check", f"{own.name}:{code}", "I10"])
    assert f"check it with version {own.name}" in answer.stdout
    answer = CliRunner().invoke(app, ["check", code, "--version", "unheard-of"])
    assert "unknown version 'unheard-of': expected one of icd9, icd10, " in str(answer.exception)
