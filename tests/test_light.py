"""The starter, the search and the server need none of the packages that come with the extra ``models``."""

import json
import re
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


COMMANDS = """
import sys
from icdbridge.cli import main
for line in {lines!r}:
    sys.argv[1:] = line
    status = 0
    try:
        main()
    except SystemExit as stopped:
        status = stopped.code or 0
    for stream in (sys.stdout, sys.stderr):
        print("status", status, file=stream, flush=True)
"""


def commands(*lines, hidden=EXTRAS["models"], note=""):
    """The status, output and error of each command, one after another in one process; the first may read ``note``."""
    answer = python(COMMANDS.format(lines=[[*map(str, line)] for line in lines]), hidden=hidden, note=note)
    assert answer.returncode == 0, answer.stderr
    out, error = (re.split(r"^status (\d+)\n", text, flags=re.M) for text in (answer.stdout, answer.stderr))
    return [(int(status), *said) for status, *said in zip(out[1::2], out[::2], error[::2], strict=False)]


def test_the_light_part_imports_nothing_of_the_extra():
    answer = python(
        "import json, icdbridge.starter, icdbridge.knowledge, icdbridge.knowledge.search, icdbridge.coding.bulk\n"
        "import icdbridge.server, icdbridge.cli, icdbridge.feedback.desk_figures\n"
        "icdbridge.Coder.load()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    assert answer.returncode == 0, answer.stderr
    assert set(json.loads(answer.stdout)).isdisjoint(EXTRAS["models"])


OUTS = ("codes.csv", "codes.jsonl", "codes.ndjson", "codes.parquet")


@pytest.fixture(scope="module")
def without_the_extra(tmp_path_factory):
    """The folder that a note was coded into and notes were synthesized into, and what each command said."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "note.txt").write_text(NOTE, "utf-8")
    files = [("code", folder / "note.txt", "--out", folder / out) for out in OUTS]
    size = ("--notes", 5, "--words", 100, "--concepts", 40)
    synthesize = ("synthesize", "mimic3", *size, "--out", folder / "dumps")
    return folder, commands(("code", "-"), *files, ("codes", "search", "htn"), synthesize, note=NOTE)


def test_without_the_extra_a_note_is_coded_into_every_format_but_parquet(without_the_extra):
    folder, [(status, said, error), *written, (refused, _, why), _, _] = without_the_extra
    assert status == 0, error
    assert "J18.9" in said
    assert "E11.9" in said
    assert [status for status, _, _ in written] == [0, 0, 0]
    assert all("J18.9" in (folder / out).read_text("utf-8") for out in OUTS[:3])
    assert refused == 2
    assert why.splitlines() == [
        "error: this needs pyarrow, which is not installed: pip install 'icdbridge[models]'"
    ]
    assert not (folder / OUTS[3]).exists()


def test_without_the_extra_codes_are_searched_and_notes_synthesized(without_the_extra):
    folder, [*_, (found, said, error), (made, _, trouble)] = without_the_extra
    assert found == 0, error
    assert "I10" in said
    assert made == 0, trouble
    assert (folder / "dumps" / "NOTEEVENTS.csv.gz").is_file()


NEEDY = [
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
]
PATHS = {
    "run",
    "corpus",
    "one",
    "other",
    "report",
    "raw",
    "named",
    "corpora",
    "paper",
    "checkpoint",
    "note.txt",
}


def test_what_needs_the_extra_says_so_in_one_line(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}", "utf-8")
    (tmp_path / "note.txt").write_text(NOTE, "utf-8")
    answers = commands(*([tmp_path / word if word in PATHS else word for word in line] for line in NEEDY))
    assert len(answers) == len(NEEDY)
    for line, (status, _, error) in zip(NEEDY, answers, strict=True):
        assert status == 2, line
        (said,) = error.splitlines()
        assert said.startswith("error: this needs "), line
        assert said.endswith("which is not installed: pip install 'icdbridge[models]'"), line


def test_serving_and_a_store_without_their_extras_say_so(tmp_path):
    store = ("--store", tmp_path / "desk.db")
    told = {"serve": [("serve",)], "store": [("serve", *store), ("desk", "verify", *store)]}
    for extra, lines in told.items():
        for status, _, error in commands(*lines, hidden=EXTRAS[extra]):
            assert status == 2
            assert f"pip install 'icdbridge[{extra}]'" in error
            assert "Traceback" not in error
