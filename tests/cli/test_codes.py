import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app, main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs ``icdbridge codes ...``; gives exit status, standard output and standard error."""

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["icdbridge", "codes", *words])
        monkeypatch.setenv("COLUMNS", "160")
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return command


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "mine.csv"
    file.write_text("code,description,synonyms\nK1,Tired [heart],weary heart|spent heart\nK2,Broken arm,\n")
    return file


def test_show(run: Any) -> None:
    status, out, _ = run("show", "i214")
    assert status == 0
    for text in (
        "I21.4  Non-ST elevation (NSTEMI)",
        "icd10cm",
        "FY2026",
        "FY2024",
        "billable",
        "I21  Acute myocardial",
    ):
        assert text in out
    assert "Non-Q wave myocardial infarction NOS" in out
    assert "≈ icd9cm 410.71  Subendocardial infarction" in out


def test_show_json_of_a_string_that_is_a_code_of_two_systems(run: Any) -> None:
    status, out, _ = run("show", "9671", "--json")
    assert status == 0
    assert [(r["system"], r["code"]) for r in json.loads(out)] == [("icd9cm", "967.1"), ("icd9proc", "96.71")]
    for words in (("icd9proc:9671",), ("9671", "--system", "icd9proc"), ("96.71",)):
        (record,) = json.loads(run("show", *words, "--json")[1])
        assert (record["system"], record["release"], record["kind"]) == ("icd9proc", "v32", "code")
        assert {entry["code"] for entry in record["crosswalk"]} == {"5A1935Z", "5A1945Z"}


def test_show_a_code_that_became_a_category(run: Any) -> None:
    (now,) = json.loads(run("show", "G35", "--json")[1])
    assert now["releases"] == {"FY2024": "code", "FY2025": "code", "FY2026": "category"}
    assert (now["kind"], now["children"]) == ("category", ["G35.A", "G35.B", "G35.C", "G35.D"])
    (before,) = json.loads(run("show", "G35", "--release", "FY2025", "--json")[1])
    assert (before["kind"], before["release"]) == ("code", "FY2025")


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            "L66.1",
            [
                "valid      from FY2024 or before to 2024-09-30",
                "instead    L66.10  Lichen planopilaris, unspecified",
            ],
        ),
        ("G35.C0", ["valid     from 2025-10-01 to FY2026 or later", "before    G35  Multiple sclerosis"]),
        ("icd9cm:428.0", ["valid      from v32 or before to 2015-09-30"]),
        ("I21.4", ["valid      from FY2024 or before to FY2026 or later"]),
    ],
)
def test_show_says_when_a_code_is_valid_and_what_stands_for_it(run: Any, code: str, lines: list[str]) -> None:
    shown = [line.rstrip() for line in run("show", code)[1].splitlines()]
    assert set(lines) <= set(shown)


def test_show_json_says_what_a_category_and_a_retired_code_are(run: Any) -> None:
    (category,) = json.loads(run("show", "E11", "--json")[1])
    assert category["valid"] is None
    (retired,) = json.loads(run("show", "G35", "--json")[1])
    assert retired["valid"] == {"first": "FY2024", "last": "FY2025", "start": None, "end": "2025-09-30"}
    assert retired["successors"][0] == {
        "code": "G35.D",
        "title": "Multiple sclerosis, unspecified",
        "inferred": False,
    }
    assert retired["predecessors"] == []


def test_show_a_cut_off_code(run: Any) -> None:
    (record,) = json.loads(run("show", "bw20", "--json")[1])
    assert (record["kind"], record["title"]) == ("unlisted", "Computerized Tomography (CT Scan) of Abdomen")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("I21.47",), "no code 'I21.47' in any installed code system: near it: I21.4 (icd10cm)"),
        (("hello",), "no code 'hello' in any installed code system"),
        (("I21.4", "--system", "icd9cm"), "no code 'I21.4' in icd9cm"),
        (("I21.4", "--system", "icd11"), "unknown code system 'icd11'"),
        (("I21.4", "--release", "FY1999"), "no release 'FY1999'"),
        (("K1", "--table", "nowhere.csv"), "nowhere.csv is missing"),
    ],
)
def test_show_says_in_one_line_what_is_wrong(run: Any, words: tuple[str, ...], message: str) -> None:
    status, out, err = run("show", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_search(run: Any) -> None:
    status, out, _ = run("search", "heart failure", "--limit", "4")
    lines = out.splitlines()
    assert status == 0
    assert len(lines) == 1 + 4
    assert lines[1].split() == [
        "icd10cm",
        "I50.9",
        "FY2026",
        "Heart",
        "failure,",
        "unspecified",
        "(heart",
        "failure)",
    ]
    hits = json.loads(run("search", "heart failure", "--limit", "4", "--system", "icd9cm", "--json")[1])
    assert {hit["system"] for hit in hits} == {"icd9cm"}
    assert hits[0]["code"] == "428.9"
    assert all(hit["billable"] for hit in hits)


def test_search_says_what_was_searched_for_and_what_may_be_specified(run: Any) -> None:
    _, out, _ = run("search", "left hip fx")
    assert out.splitlines()[0].startswith("searched for: ")
    assert "S72.002A, encounter: initial S72.002A" in out


def test_search_without_a_hit(run: Any) -> None:
    status, _, err = run("search", "nosuchwordatall")
    assert status == 2
    assert "nothing found for 'nosuchwordatall'" in err


def test_a_table_of_ones_own(run: Any, table: Path) -> None:
    status, out, _ = run("show", "k1", "--table", str(table))
    assert status == 0
    for text in ("K1  Tired [heart]", "mine.csv", "weary heart"):
        assert text in out
    status, out, _ = run("search", "tired", "--table", str(table), "--system", "local", "--json")
    assert [(hit["system"], hit["code"]) for hit in json.loads(out)] == [("local", "K1")]
    assert "Tired [heart]" in run("search", "weary", "--table", str(table))[1]
    status, _, err = run("show", "K1", "--table", str(table), "--system", "icd10cm")
    assert status == 2
    assert "row 2, column code: 'K1' is not a code of icd10cm" in err


def test_systems(run: Any) -> None:
    rows = json.loads(run("systems", "--json")[1])
    assert [(r["system"], r["release"], r["codes"]) for r in rows][-2:] == [
        ("icd10cm", "FY2026", 74_719),
        ("icd10pcs", "FY2024", 78_603),
    ]
    assert "74,719" in run("systems")[1]


def test_a_long_query_is_not_repeated_whole() -> None:
    answer = CliRunner().invoke(app, ["codes", "search", "q" * 5_000])
    assert len(str(answer.exception)) < 300


def test_a_closed_standard_input_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["icdbridge", "code", "-"])
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
