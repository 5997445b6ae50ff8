"""No command destroys what it reads, nor what it did not make, nor a good result before the new one is whole."""

import os
import shutil
import signal
import textwrap

import pytest
from tests.forking import Forked
from tests.small import TINY, make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import InputError
from icdbridge.cli import app
from icdbridge.locks import locked
from icdbridge.runs.importing import export_checkpoint
from icdbridge.runs.run import Run
from icdbridge.synthetic import synthesize_mimic4
from icdbridge.training import loop, train

SMALL = ["--preset", "small", "--model", "duallaat-cnn", *(word for one in TINY for word in ("--set", one))]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    corpus = make_corpus(folder, "ten", "icd10")
    run = train([corpus], folder / "run", tiny_settings(epochs=1))
    export_checkpoint(run, folder / "checkpoint")
    synthesize_mimic4(folder / "raw", 20, words=100, concepts=40)
    shutil.copytree(corpus.path, folder / "corpora" / "ten")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("dyspnea")
    (folder / "notes.csv").write_text("note_id,text\n1,dyspnea\n")
    (folder / "codes.csv").write_text("code,description\nI10,Hypertension\n")
    (folder / "terms.csv").write_text("code,term\nI10,High tension\n")
    (folder / "alias").symlink_to(folder / "raw")
    (folder / "settings.toml").write_text("epochs = 1\n")
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("years of work")
    return folder


def state(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(home, line):
    before = state(home)
    answer = CliRunner().invoke(app, [word.replace("@", f"{home}/") for word in line.split()])
    assert state(home) == before
    assert isinstance(answer.exception, InputError), answer.output
    assert "\n" not in str(answer.exception)
    return str(answer.exception)


@pytest.mark.parametrize(
    "line",
    [
        "prepare mimic4 --root @raw --out @raw --version icd10 --force",
        "prepare mimic4 --root @alias --out @raw --version icd10 --force",
        "prepare mimic4 --root @raw --out @raw/hosp --version icd10 --force",
        "prepare mimic4 --root @raw --out @raw --version both --force",
        "prepare mimic4 --root @raw/../raw --out @raw/new --version icd10",
        "prepare table --root @ten.jsonl --out @ten.jsonl --version icd10 --force",
        "prepare table --root @ten.jsonl --out @ --version icd10 --force",
        "prepare names --terms @terms.csv --out @terms.csv --force",
        "train @ten --out @ten --force",
        "train @ten --out @ten/run",
        "train @ten --out @ --force",
        "train @ten --out @run --force --set start_from=@run",
        "train @ten --out @settings.toml --settings @settings.toml --force",
        "evaluate @run @ten --out @ten",
        "evaluate @run @ten --out @run",
        "compare @run @run --out @run --force",
        "import-checkpoint @checkpoint --out @checkpoint --codes @ten --force",
        "import-checkpoint @checkpoint --out @ten --codes @ten --force",
        "export-checkpoint @run --out @run --force",
        "code @run @notes.csv --out @notes.csv --force",
        "code @run @notes --out @notes/codes.csv",
        "code @run @notes --out @run/codes.csv",
        "code @run @notes.csv --codes @codes.csv --out @codes.csv --force",
    ],
)
def test_an_output_that_touches_an_input_is_refused(home, line):
    said = refused(home, line)
    if line.startswith("compare"):
        assert "called run" in said  # a run is not compared with itself
    else:
        assert any(f"{what} the input" in said for what in ("is", "lies in", "holds")), said


@pytest.mark.parametrize(
    "line",
    [
        "prepare mimic4 --root @raw --out @mine --version icd10 --force",
        "prepare mimic4 --root @raw --out @run --version icd10 --force",
        "prepare table --root @ten.jsonl --out @mine --version icd10 --force",
        "prepare names --out @mine --force",
        "synthesize mimic3 --out @mine --notes 5 --force",
        "synthesize mimic4 --out @ten --notes 5 --force",
        "train @ten --out @mine --force",
        "train @ten --out @mine --resume --force",
        "train @ten --out @checkpoint --force",
        "import-checkpoint @checkpoint --out @mine --codes @ten --force",
        "export-checkpoint @run --out @mine --force",
        "code @run @notes.csv --out @mine --force",
        "demo --out @mine",
        "demo --out @ten",
    ],
)
def test_nothing_but_its_own_kind_is_replaced(home, line):
    refused(home, line)


@pytest.mark.usefixtures("no_report")
def test_compare_and_evaluate_into_folders_of_others(home, tmp_path):
    corpus = make_corpus(tmp_path, "ten", "icd10")
    for name, seed in (("one", 0), ("two", 1)):
        train([corpus], tmp_path / name, tiny_settings(epochs=1, seed=seed))
        answer = CliRunner().invoke(app, ["evaluate", str(tmp_path / name), str(corpus.path)])
        assert answer.exit_code == 0, answer.output
    said = refused(tmp_path, "compare @one @two --out @one/evaluations --force")
    assert "lies in the input" in said
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert "is not a comparison" in refused(tmp_path, "compare @one @two --out @mine --force")
    (tmp_path / "mine" / "ten-test").mkdir()
    (tmp_path / "mine" / "ten-test" / "thesis.txt").write_text("years of work")
    assert "is not an evaluation" in refused(tmp_path, "evaluate @one @ten --out @mine")
    for _ in range(2):
        arguments = ["compare", str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path / "both")]
        answer = CliRunner().invoke(app, [*arguments, "--force"])
        assert answer.exit_code == 0, answer.output


def test_a_demo_folder_with_something_else_in_it(tmp_path):
    (tmp_path / "demo.txt").write_text("my own demo\n")
    assert "is no demo folder" in refused(tmp_path, "demo --out @")
    (tmp_path / "demo.txt").write_text("Everything in this folder comes from synthetic notes.\n")
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "thesis.txt is none of the demo's" in refused(tmp_path, "demo --out @")


@pytest.mark.parametrize("line", ["reproduce 1", "sweep heads"])
@pytest.mark.parametrize("out", ["@corpora/ten", "@corpora/ten/study", "@"])
def test_a_study_lies_apart_from_its_corpora(home, line, out):
    said = refused(home, f"{line} --corpora @corpora --out {out} --preset small --seeds 1")
    assert any(f"{what} the input" in said for what in ("is", "lies in", "holds")), said


@pytest.mark.parametrize("line", ["train @ten --out @run --force", "train @ten --out @run --resume --force"])
def test_two_trainings_of_one_run(home, line):
    with locked(home / "run"):
        assert f"is being written by process {os.getpid()}" in refused(home, f"{line} {' '.join(SMALL)}")


@pytest.mark.parametrize(
    "change",
    [
        "--set terms=@typo.tsv --set lexical=names",
        "--set start_from=@typo",
        "--set matching_steps=5",
        "--set no_such=1",
        "--set epochs=0",
        "--settings @typo.toml",
        "--set label_space=1",
        "--validate-on typo",
        "--resume",
    ],
)
def test_a_good_run_outlives_a_training_that_cannot_be(home, change):
    line = f"train @ten --out @run {' '.join(SMALL)} {change}"
    refused(home, line if "--resume" in change else f"{line} --force")
    Run.open(home / "run")


def test_a_good_run_is_replaced_when_the_new_one_is_whole(home, tmp_path, monkeypatch):
    corpus = make_corpus(tmp_path, "ten", "icd10")
    out = tmp_path / "run"
    train([corpus], out, tiny_settings(epochs=1))
    good = state(out)
    settings = tiny_settings(epochs=3, seed=1)
    saved, calls = loop.save_checkpoint, []

    def stopping(*arguments):
        saved(*arguments)
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(loop, "save_checkpoint", stopping)
    with pytest.raises(KeyboardInterrupt):
        train([corpus], out, settings, force=True)
    assert {name: held for name, held in state(out).items() if not name.startswith("training/")} == good
    assert Run.open(out).config["settings"]["seed"] == 0
    with pytest.raises(InputError, match="was begun and not finished: go on by --resume"):
        train([corpus], out, settings)
    with pytest.raises(InputError, match="was begun with other settings"):
        train([corpus], out, tiny_settings(epochs=3, seed=2), resume=True, force=True)
    run = train([corpus], out, settings, resume=True, force=True)
    assert run.config["settings"]["seed"] == 1
    assert len(calls) == 4  # two epochs, the interrupt, one more epoch
    assert not (out / "training").exists()


def test_force_and_resume_begin_where_nothing_was_begun(home, tmp_path):
    corpus = make_corpus(tmp_path, "ten", "icd10")
    for seed in (0, 1):
        run = train([corpus], tmp_path / "run", tiny_settings(epochs=1, seed=seed), resume=True, force=True)
        assert run.config["settings"]["seed"] == seed
    with pytest.raises(InputError, match="no interrupted training to resume"):
        train([corpus], tmp_path / "run", tiny_settings(epochs=1), resume=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_prepare_leaves_no_note_behind(tmp_path, number):
    make_corpus(tmp_path, "ten", "icd10")
    script = textwrap.dedent("""
        import sys, time
        from icdbridge.cli import main
        from icdbridge.corpora import assemble
        def stands(*arguments):
            print("stands", flush=True)
            time.sleep(600)
        assemble.choose_splits = stands
        main()
    """)
    arguments = ["prepare", "table", "--root", tmp_path / "ten.jsonl", "--version", "icd10", "--out"]
    line = [str(word) for word in [*arguments, tmp_path / "out"]]
    process = Forked(script, *line)

    def left():
        return list(tmp_path.glob(".out.partial-*"))

    assert process.stdout.readline() == "stands\n"
    assert [*tmp_path.glob(".out.partial-*/new/staging/texts.arrow")]
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in left())
    assert f"is being written by process {process.pid}" in refused(tmp_path, " ".join(line))
    os.kill(process.pid, number)
    said = process.communicate()[1]
    if number == signal.SIGTERM:
        assert process.returncode == 130
        assert "Traceback" not in said
        assert not left()
    answer = CliRunner().invoke(app, line)
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "ten", "ten.jsonl"]
