"""The starter, the search and the server need none of the packages that come with the extra ``models``."""

import json
import subprocess
import sys

import pytest

from icdbridge.extras import EXTRAS

HIDDEN = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None  # import says: no module of this name
"""
NOTE = "Community acquired pneumonia. Type 2 diabetes. Denies chest pain."


def python(code, *arguments, hidden=(), note=""):
    """A process in which the packages of ``hidden`` are not installed."""
    program = HIDDEN.format(hidden=tuple(hidden)) + code
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], input=note, capture_output=True, text=True
    )


def command(*arguments, hidden=EXTRAS["models"], note=""):
    return python("from icdbridge.cli import main; main()", *arguments, hidden=hidden, note=note)


def test_the_light_part_imports_nothing_of_the_extra():
    answer = python(
        "import json, icdbridge.starter, icdbridge.knowledge, icdbridge.knowledge.search, icdbridge.coding.bulk\n"
        "import icdbridge.server, icdbridge.cli\n"
        "icdbridge.Coder.load()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    assert answer.returncode == 0, answer.stderr
    assert set(json.loads(answer.stdout)).isdisjoint(EXTRAS["models"])


def test_without_the_extra_a_note_is_coded_into_every_format_but_parquet(tmp_path):
    answer = command("code", "-", note=NOTE)
    assert answer.returncode == 0, answer.stderr
    assert "J18.9" in answer.stdout
    assert "E11.9" in answer.stdout
    (tmp_path / "note.txt").write_text(NOTE, "utf-8")
    for ending in ("csv", "jsonl", "ndjson"):
        out = tmp_path / f"codes.{ending}"
        answer = command("code", tmp_path / "note.txt", "--out", out)
        assert answer.returncode == 0, answer.stderr
        assert "J18.9" in out.read_text("utf-8")
    answer = command("code", tmp_path / "note.txt", "--out", tmp_path / "codes.parquet")
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [
        "error: this needs pyarrow, which is not installed: pip install 'icdbridge[models]'"
    ]
    assert not (tmp_path / "codes.parquet").exists()


def test_without_the_extra_codes_are_searched():
    answer = command("codes", "search", "htn")
    assert answer.returncode == 0, answer.stderr
    assert "I10" in answer.stdout


def test_without_the_extra_notes_are_synthesized(tmp_path):
    answer = command("synthesize", "mimic3", "--notes", "20", "--out", tmp_path / "dumps")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "dumps" / "NOTEEVENTS.csv.gz").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "corpus", "--out", "run"),
        ("evaluate", "run", "corpus"),
        ("compare", "one", "other", "--out", "report"),
        ("index", "run", "corpus"),
        ("prepare", "mimic4", "--root", "raw", "--version", "icd10", "--out", "corpus"),
        ("prepare", "names", "--version", "icd10", "--out", "named"),
        ("reproduce", "all", "--corpora", "corpora", "--out", "paper"),
        ("import-checkpoint", "checkpoint", "--out", "run", "--codes", "corpus"),
        ("serve", "run"),
        ("code", "run", "note.txt"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_needs_the_extra_says_so_in_one_line(arguments, tmp_path):
    folders = {
        name: tmp_path / name for name in ("run", "corpus", "one", "other", "raw", "checkpoint", "corpora")
    }
    folders["run"].mkdir()
    (folders["run"] / "config.json").write_text("{}", "utf-8")
    (tmp_path / "note.txt").write_text(NOTE, "utf-8")
    made = {"named", "report", "paper", "note.txt"}
    given = [folders.get(word, tmp_path / word if word in made else word) for word in arguments]
    answer = command(*given)
    assert answer.returncode == 2, answer.stdout
    (line,) = answer.stderr.splitlines()
    assert line.startswith("error: this needs ")
    assert line.endswith("which is not installed: pip install 'icdbridge[models]'")


def test_serving_without_its_extra_says_so():
    answer = command("serve", hidden=EXTRAS["serve"])
    assert answer.returncode == 2
    assert "pip install 'icdbridge[serve]'" in answer.stderr
    assert "Traceback" not in answer.stderr
