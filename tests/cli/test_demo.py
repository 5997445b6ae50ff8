"""The main job from end to end, at a small share of the demo's size."""

import json

from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.runs.run import Run


def test_demo_from_raw_files_to_a_coded_note(tmp_path):
    out = tmp_path / "demo"
    answer = CliRunner().invoke(app, ["demo", "--out", str(out), "--scale", "0.06", "--epochs", "1"])
    assert answer.exit_code == 0, answer.output
    first, _, after = answer.stdout.partition("2/7")
    for code in ("J18.9", "J96.01", "J44.1", "E11.22", "N17.9"):  # the note that a newcomer sees coded first
        assert code in first
    assert "likely" in first
    assert "synthetic" in after
    assert "Mixing in ICD-9" in answer.stdout
    assert "evidence" in answer.stdout
    assert "<svg" in (out / "report" / "report.html").read_text("utf-8")
    mixed = Run.open(out / "runs" / "mixed")
    assert mixed.versions == ["icd10", "icd9"]
    assert mixed.config["synthetic"] is True
    metrics = json.loads((out / "runs/mixed/evaluations/mimic4-icd10-test/metrics.json").read_text("utf-8"))
    assert metrics["synthetic"] is True


def test_demo_leaves_other_folders_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    answer = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert "is no demo folder" in str(answer.exception)
    assert (tmp_path / "mine.txt").read_text() == "kept"
