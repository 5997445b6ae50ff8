"""What notes and names hold is shown by spreadsheets, terminals and pages, and never obeyed."""

import csv
import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from icdbridge.cli import app, main
from icdbridge.coding.outputs import write_results
from icdbridge.escaping import cell, visible
from icdbridge.evaluation.reports.plots import panels_over
from icdbridge.report_page import Section, write_page
from icdbridge.terminal import Terminal, say
from icdbridge.text_table import Table as TextTable
from icdbridge.training import train
from tests.small import make_corpus, tiny_settings

ANY = st.text(st.characters(exclude_categories=()), max_size=40)
NASTY = "\x1b[2J\x1b]0;mine\x07\x9b31m\u202edesrever\u2066\u200f\r\x08\x7f\x00[red]"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_formula_is_no_formula_in_a_cell(start):
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert cell(start) == f"'{start}"


@pytest.mark.parametrize(
    "value", ["", "n1", "1=2", "'=1", "I10", "-1", "+1.5", "-.5e-3", "-0", -1, -0.5, 2.5e-9, None, True, "é"]
)
def test_what_is_none_stays(value):
    assert cell(value) is value


@given(ANY)
def test_nothing_that_a_terminal_obeys_is_left(text):
    shown = visible(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)
    assert not any(
        c in shown for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    )
    shown.encode()  # no lone surrogate
    assert visible(shown) == shown
    assert not set("\n\t\r") & set(visible(text, one_line=True))


@given(ANY)
def test_json_means_the_same(text):
    assert json.loads(visible(json.dumps({"text": text}, ensure_ascii=False))) == {"text": text}


def test_text_of_people_stays():
    for text in (
        "naïve café",
        "高血圧",
        "\U0001fac0 \U0001f468\u200d\U0001f469",
        "שלום",
        "a\tb\nc",
        "\\u001b",
    ):
        assert visible(text) == text


def test_terminals_are_told_nothing():
    out = io.StringIO()
    terminal = Terminal(file=out, width=200)
    table = Table(title=NASTY)
    table.add_column(NASTY)
    table.add_row(NASTY)
    table.add_row(NASTY, style="bold")
    terminal.print(NASTY)
    terminal.print(table)
    shown = out.getvalue()
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.count("\\u001b[2J") == 5
    assert shown.count("[red]") == 5
    coloured = io.StringIO()
    Terminal(file=coloured, force_terminal=True, width=200).print(Text(NASTY, "bold"))
    assert coloured.getvalue().startswith("\x1b[1m\\u001b[2J")


def test_say(capsys):
    say(NASTY)
    say("b", err=True)
    said = capsys.readouterr()
    assert "\\u001b[2J" in said.out
    assert "\x1b" not in said.out
    assert said.err == "b\n"


def test_an_error_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["icdbridge", "code", "no\nsuch\x1b[31m\udcff.txt"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert said.startswith("error: no\\u000asuch\\u001b[31m\\udcff.txt: ")
    assert said.count("\n") == 1


def test_csv_is_guarded_and_reads_back(tmp_path):
    found = {
        "rank": 1,
        "system": "house",
        "code": "-X",
        "description": "=HYPERLINK(1)",
        "probability": 0.5,
        "predicted": True,
        "train_notes": None,
        "confidence": None,
        "band": None,
        "alternatives": (),
        "evidence": (),
    }
    record = {"note_id": "@sum\r\n", "patient_id": None, "identity": "", "suggestions": [found]}
    write_results([record, record | {"note_id": "-17"}], tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["note_id"] for row in rows] == ["'@sum\r\n", "-17"]
    assert (rows[0]["code"], rows[0]["description"]) == ("'-X", "'=HYPERLINK(1)")
    assert (rows[0]["probability"], rows[0]["train_notes"]) == ("0.5", "")
    write_results([record], tmp_path / "a.jsonl")
    assert json.loads((tmp_path / "a.jsonl").read_text())["note_id"] == "@sum\r\n"


def test_pages_escape(tmp_path):
    table = TextTable("<b>t</b>", ["<i>", "b"], [["<u>", "\u202ex"]], note="<s>")
    plot = panels_over("p", ["1", "2"], {"$\\bad{<panel>": {"a<b>$": [0.1, 0.2], "c": [0.3]}}, across="<b>")
    section = Section("<script>h</script>", [f"<img src=x onerror=alert(1)>{NASTY}", table, plot])
    write_page(tmp_path / "p.html", "<t>", "<l>", [("<f>", "<v>")], [section], False, "<m>")
    page = (tmp_path / "p.html").read_text()
    for tag in (
        "<script",
        "<img",
        "<b>",
        "<i>",
        "<u>",
        "<s>",
        "<t>",
        "<l>",
        "<f>",
        "<v>",
        "<m>",
        "<panel>",
        "\x1b",
    ):
        assert tag not in page
    assert "\u202e" not in page
    assert "\\u202ex" in page


def test_a_note_does_not_reach_the_terminal(tmp_path):
    run = train([make_corpus(tmp_path, "ten", "icd10")], tmp_path / "run", tiny_settings(epochs=1))
    note = tmp_path / "note.txt"
    note.write_text("\x1b[31mdyspnea\x1b[0m \u202emetformin creatinine\x1b]0;x\x07 infiltrate lisinopril")
    for option in ("--evidence", "--json"):
        answer = CliRunner().invoke(app, ["code", str(run.path), str(note), option])
        assert answer.exit_code == 0, answer.output
        assert not {"\x1b", "\x07", "\u202e"} & set(answer.output)
    evidence = [span["text"] for one in json.loads(answer.stdout)["suggestions"] for span in one["evidence"]]
    assert evidence
    assert all(text in note.read_text() for text in evidence)
