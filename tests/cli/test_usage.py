"""What is typed wrong is told in one line, with where to read on."""

import pytest

from icdbridge.cli import main


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("cod note.txt", "no such command 'cod'"),
        ("code note.txt --wrong", "no such option: --wrong"),
        ("code note.txt --top abc", "invalid value for '--top'"),
        ("code note.txt --out", "option '--out' requires an argument"),
        ("check", "missing argument"),
        ("prepare table --root notes.csv", "missing option '--out'"),
    ],
)
def test_one_line_and_the_help_to_read(
    typed: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["icdbridge", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert not said.out
    assert said.err.startswith(f"error: {told}")
    assert said.err.count("\n") == 1
    assert said.err.endswith(" --help\n")


def test_no_command_at_all_shows_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["icdbridge"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert "icdbridge code note.txt" in said.out
    assert not said.err
