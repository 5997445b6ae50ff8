"""The command ``icdbridge synthesize``."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.errors import InputError


@pytest.mark.parametrize(
    ("dump", "file"), [("mimic3", "NOTEEVENTS.csv.gz"), ("mimic4", "note/discharge.csv.gz")]
)
def test_writes_a_dump_and_says_that_it_is_synthetic(tmp_path: Path, dump: str, file: str) -> None:
    out = tmp_path / "dump"
    arguments = ["synthesize", dump, "--out", str(out), "--notes", "12", "--words", "150", "--concepts", "60"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "12 synthetic discharge summaries" in result.output
    assert (out / file).stat().st_size > 1000
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, InputError)
    assert CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 0


def test_says_what_is_out_of_range(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["synthesize", "mimic4", "--out", str(tmp_path / "d"), "--notes", "0"])
    assert isinstance(result.exception, InputError)
    assert "give a number from 1" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_help_of_each_dump() -> None:
    for dump in ("mimic3", "mimic4"):
        result = CliRunner().invoke(app, ["synthesize", dump, "--help"])
        assert result.exit_code == 0
        assert "--notes" in result.output
