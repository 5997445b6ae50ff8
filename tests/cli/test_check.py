"""``icdbridge check`` for codes and for tables."""

import json

import pytest
from typer.testing import CliRunner

from icdbridge.cli import app, main
from icdbridge.errors import InputError


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_codes_without_an_error():
    answer = run("E11.22", "I12.9", "N18.31", "Z79.4")
    assert answer.exit_code == 0
    assert "error" not in answer.output


def test_an_error_says_what_to_do_and_where_it_stands():
    answer = run("E10.9, E11.9")
    assert answer.exit_code == 1
    assert "error: E10.9 excludes E11.9" in answer.output
    assert "Excludes1 note at E10" in answer.output


def test_json_is_one_line():
    answer = run("S72.001", "--json", "--date", "2025-11-02", "--age", "70", "--sex", "f")
    record = json.loads(answer.output)
    assert record["codes"] == ["S72.001"]
    assert record["findings"][0]["rule"] == "7th character"
    assert "S72.001A" in record["findings"][0]["choices"]


def test_a_table_of_encounters(tmp_path):
    table = tmp_path / "claims.csv"
    table.write_text(
        "encounter,code,order,sex,age,date,poa\n"
        "a,I10,2,F,3 d,2025-11-02,Y\na,C61,1,F,,,N\nb,J18.9; A41.9,,M,40,2014-01-01,\nc,I10,1,,,,\n",
        "utf-8",
    )
    answer = run(table, "--json")
    assert answer.exit_code == 1
    first, second, third = map(json.loads, answer.output.splitlines())
    assert first["encounter"] == "a"
    assert first["codes"] == ["C61", "I10"]
    assert [one["rule"] for one in first["findings"] if one["severity"] != "note"] == ["sex"]
    assert [one["rule"] for one in second["findings"] if one["severity"] == "error"] == ["other version"] * 2
    assert [one for one in third["findings"] if one["severity"] != "note"] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("encounter,code,date\na,I10,2025-02-30\n", "row 2, column date"),
        ("encounter,code,sex\na,I10,F\na,I11.0,M\n", "row 3, column sex"),
        ("encounter,code,age\na,I10,old\n", "row 2, column age"),
        ("encounter,code,order\na,I10,first\n", "row 2, column order"),
        ("a,b\n1,2\n", "no column code"),
    ],
)
def test_a_table_at_fault_names_the_place(tmp_path, text, told):
    table = tmp_path / "claims.csv"
    table.write_text(text, "utf-8")
    answer = run(table)
    assert isinstance(answer.exception, InputError)
    assert told in str(answer.exception)


def test_bad_facts_are_refused():
    assert isinstance(run("I10", "--date", "tomorrow").exception, InputError)
    assert isinstance(run("I10", "--age", "old").exception, InputError)
    assert isinstance(run("I10", "--setting", "home").exception, InputError)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["", " "], "at least one code"), (["I10", "--sex", "femal"], "give female, male or unknown")],
)
def test_what_is_no_code_or_sex_is_refused(arguments, told):
    answer = run(*arguments)
    assert isinstance(answer.exception, InputError)
    assert told in str(answer.exception)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("claims.txt", "is no table"),
        ("folder", "is a folder"),
        ("none.txt", "is missing"),
        ("none.csv", "is missing"),
        ("", "is a folder"),
    ],
)
def test_a_file_that_is_no_table_is_no_code(tmp_path, name, told):
    (tmp_path / "claims.txt").write_text("E11.9")
    (tmp_path / "folder").mkdir()
    for words in ([tmp_path / name], ["I10", tmp_path / name]):
        answer = run(*words)
        assert isinstance(answer.exception, InputError)
        assert told in str(answer.exception) or (
            len(words) > 1 and "one table, or codes" in str(answer.exception)
        )


def test_a_name_without_a_slash_is_told_as_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "I10").mkdir()
    assert "notes is a folder" in str(run("notes").exception)
    assert "letter.txt is missing" in str(run("letter.txt").exception)
    assert run("I10").exit_code == 0


def test_codes_are_parted_as_in_a_table():
    answer = run("E11.22;N18.31|I12.9,Z79.4", "--json")
    assert json.loads(answer.output)["codes"] == ["E11.22", "N18.31", "I12.9", "Z79.4"]


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("icdbridge.rules.check", interrupted)
    monkeypatch.setattr("sys.argv", ["icdbridge", "check", "I10"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"
