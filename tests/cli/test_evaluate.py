"""icdbridge evaluate and compare, on tiny runs that are really trained."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app, main

runner = CliRunner()
CODES = {
    "401.9": "high blood pressure",
    "250.00": "sugar disease",
    "493.90": "asthma attacks",
    "786.50": "chest pain",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A corpus of 60 notes and two runs of it, one trained for one epoch and one for three."""
    folder = tmp_path_factory.mktemp("home")
    rows = []
    for i in range(60):
        chosen = [code for j, code in enumerate(CODES) if (i + j) % (2 + j) == 0] or ["401.9"]
        text = f"patient {i} seen with " + " and ".join(CODES[code] for code in chosen)
        split = ("train", "train", "train", "val", "test")[i % 5]
        rows.append({"note_id": f"n{i}", "text": text, "codes": chosen, "split": split})
    (folder / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    call("prepare", "table", "--root", folder / "notes.jsonl", "--version", "icd9", "--out", folder / "tiny")
    shape = [
        "--set",
        "hidden_size=8",
        "--set",
        "shared_dim=8",
        "--set",
        "embedding_dim=8",
        "--set",
        "warmup_steps=2",
    ]
    for name, epochs in (("short", 1), ("long", 3)):
        call(
            "train", folder / "tiny", "--preset", "small", *shape, "--epochs", epochs, "--out", folder / name
        )
    return folder


def call(*arguments: object) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def fails(monkeypatch, capsys, *arguments: object) -> str:
    """Runs the real entry point; the one line on standard error of a command that exits with 2."""
    monkeypatch.setattr(sys, "argv", ["icdbridge", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_evaluate_prints_tables_and_writes_the_report(home):
    shown = call("evaluate", home / "short", home / "tiny", "--markdown")
    for heading in ("AUC micro", "AUC macro", "F1 micro", "F1 macro", "P@8", "P@15", "R-precision", "MAP"):
        assert heading in shown
    assert "| frequent | present |" in shown
    assert "By training frequency" in shown
    folder = home / "short" / "evaluations" / "tiny-test"
    results = json.loads((folder / "metrics.json").read_text())
    assert results["notes"] == 12
    assert results["scopes"]["full"]["auc_micro"] is not None
    assert len(results["training"]) == 1
    assert sum(row["codes"] for row in results["long_tail"]) == 4
    assert results["long_tail"][0]["codes"] == 0  # training saw all four
    assert (folder / "report.html").is_file()
    assert (
        call("evaluate", home / "short", home / "tiny").count("tiny test, percent") == 1
    )  # the run stays whole


@pytest.mark.usefixtures("no_report")
def test_evaluate_json_and_out(home, tmp_path):
    shown = call(
        "evaluate", home / "long", home / "tiny", "--split", "val", "--out", tmp_path / "o", "--json"
    )
    results = json.loads(shown)
    assert results["tiny"] == json.loads((tmp_path / "o" / "tiny-val" / "metrics.json").read_text())
    assert "flatters" in results["tiny"]["scopes"]["full"]["threshold_source"]


@pytest.mark.usefixtures("no_report")
def test_compare(home, tmp_path):
    for name in ("short", "long"):
        call("evaluate", home / name, home / "tiny")
    shown = call("compare", home / "short", home / "long", "--markdown", "--out", tmp_path / "both")
    assert "Difference from short" in shown
    assert (tmp_path / "both" / "report.html").is_file()
    saved = json.loads((tmp_path / "both" / "comparison.json").read_text())
    assert json.loads(call("compare", home / "short", home / "long", "--json")) == saved
    assert "short" in call("compare", home / "short", home / "long")
    seeds = runner.invoke(app, ["compare", f"both={home / 'short'},{home / 'long'}"])
    assert seeds.exit_code == 0
    assert "differ in more than their seed" in seeds.output


def test_bad_input_is_one_line(home, tmp_path, monkeypatch, capsys):
    def line(*arguments):
        return fails(monkeypatch, capsys, *arguments)

    assert "'dev' is not one of 'train', 'val', 'test'" in line(
        "evaluate", home / "short", home / "tiny", "--split", "dev"
    )
    assert "two corpora are called tiny" in line("evaluate", home / "short", home / "tiny", home / "tiny")
    assert "tiny is not a run folder" in line("evaluate", home / "tiny", home / "tiny")
    assert "corpus" in line("evaluate", home / "short", home / "nowhere")
    assert "one run cannot be compared" in line("compare", home / "short")
    assert "was not evaluated" in line("compare", home / "short", home / "tiny")


@pytest.mark.usefixtures("no_report")
def test_more_codes_to_choose_from(home, monkeypatch, capsys):
    results = json.loads(call("evaluate", home / "long", home / "tiny", "--codes", "icd9cm", "--json"))
    found = results["tiny-among-icd9cm"]
    assert found["codes"] > 14_000
    own = json.loads(call("evaluate", home / "long", home / "tiny", "--json"))["tiny"]
    assert found["scopes"]["full"]["labels"] == own["scopes"]["full"]["labels"]
    # a code's score does not depend on the others, so where all are asked for it can only come later
    assert found["scopes"]["full"]["all"]["map"] < own["scopes"]["full"]["all"]["map"]
    present = [each["scopes"]["full"]["present"]["map"] for each in (found, own)]
    assert present[0] == pytest.approx(present[1])  # among the codes of the split alone
    assert (home / "long" / "evaluations" / "tiny-among-icd9cm-test" / "metrics.json").exists()
    arguments = ("evaluate", home / "long", home / "tiny", "--codes", "icd10cm")
    assert "holds icd10 codes, but tiny has icd9 codes" in fails(monkeypatch, capsys, *arguments)
    table = home / "few.csv"
    table.write_text('code,description\n786.09,"Other respiratory abnormality"\n401.9,Not asked for\n')
    few = json.loads(
        call("evaluate", home / "long", home / "tiny", "--codes", table, "--system", "icd9cm", "--json")
    )
    assert few["tiny-among-few"]["codes"] == own["codes"] + 1
