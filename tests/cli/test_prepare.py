import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app, main
from icdbridge.corpora import Corpus

run = CliRunner()


def table(folder: Path, n: int = 30) -> Path:
    path = folder / "notes.jsonl"
    rows = [{"id": f"n{i}", "note": f"High pressure {i}", "dx": ["I10", "??"][: 1 + i % 2]} for i in range(n)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arguments(folder: Path) -> list[str]:
    named = ["--id", "id", "--text", "note", "--codes", "dx", "--version", "icd10"]
    return ["prepare", "table", "--root", str(table(folder)), "--out", str(folder / "corpus"), *named]


def test_the_report_is_printed_and_the_corpus_written(tmp_path: Path) -> None:
    result = run.invoke(app, arguments(tmp_path))
    assert result.exit_code == 0, result.output
    for shown in (
        "30 notes coded in icd10",
        "malformed code",
        "15",
        "code entries",
        "73%/11%/16%",
        "report.html",
    ):
        assert shown in result.output
    assert Corpus.open(tmp_path / "corpus").meta["notes"] == {"train": 22, "val": 3, "test": 5, "total": 30}


def test_warnings_go_to_standard_error(tmp_path: Path) -> None:
    rows = [
        {
            "note_id": i,
            "patient_id": "p",
            "text": f"Note {i}",
            "codes": "I10",
            "split": ["train", "test"][i % 2],
        }
        for i in range(4)
    ]
    path = tmp_path / "n.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run.invoke(
        app, ["prepare", "table", "--root", str(path), "--out", str(tmp_path / "c"), "--version", "icd10"]
    )
    assert result.exit_code == 0
    assert result.stderr == (
        "warning: 1 patients have notes in more than one split: the split given is not by patient.\n"
    )


def test_bad_input_is_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys,
        "argv",
        ["icdbridge", "prepare", "cmc2007", "--root", str(tmp_path / "no"), "--out", str(tmp_path / "c")],
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert shown == f"error: {tmp_path}/no is missing: give the folder of the CMC 2007 challenge as --root\n"


@pytest.mark.parametrize("source", ["mimic3", "mimic4", "codiesp", "cmc2007", "table"])
def test_every_source_has_help_and_needs_root_and_out(source: str) -> None:
    shown = run.invoke(app, ["prepare", source, "--help"], env={"COLUMNS": "200"}).output
    assert "--root" in shown
    assert "--out" in shown
    assert "--force" in shown
    assert run.invoke(app, ["prepare", source]).exit_code == 2


def test_help_does_not_load_the_heavy_libraries() -> None:
    heavy = ("duckdb", "pyarrow", "matplotlib", "torch", "numpy")
    program = f"import sys, icdbridge.cli; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_codiesp_for_real(public_data: Path, tmp_path: Path) -> None:
    root, out = str(public_data / "codiesp"), str(tmp_path / "c")
    result = run.invoke(app, ["prepare", "codiesp", "--root", root, "--out", out, "--codes", "both"])
    assert result.exit_code == 0, result.output
    assert "750 notes coded in icd10" in result.output
    assert "Nothing was dropped." in result.output
