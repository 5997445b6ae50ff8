"""icdbridge index, and what it makes possible: code --candidates and evaluate --candidates."""

import json
import shutil

import pytest
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.errors import InputError
from icdbridge.training import distill_candidates, train


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    train([make_corpus(folder, "ten", "icd10", 60)], folder / "run", tiny_settings(epochs=2))
    (folder / "note.txt").write_text("patient with dyspnea and metformin")
    return folder


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_a_run_is_indexed_and_used(home, monkeypatch):
    titles = {f"icd10cm:Z{number}": f"Encounter for reason {number}" for number in range(10, 60)}
    monkeypatch.setattr(distill_candidates, "whole_systems", lambda keys: titles)
    (home / "terms.csv").write_text("code,term\nI10,raised pressure\n")
    given = ("--terms", home / "terms.csv", "--recall", "0.9", "--notes", "30")
    made = run("index", home / "run", home / "ten", *given)
    assert made.exit_code == 0
    assert "of 5 codes; they hold" in made.stdout
    assert "icd10, all codes of its code systems: " in made.stdout
    found = run("code", home / "run", home / "note.txt", "--candidates", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["suggestions"]
    shown = run("evaluate", home / "run", home / "ten", "--candidates", "--markdown")
    assert shown.exit_code == 0
    assert "**Candidate search" in shown.stdout


def test_without_an_index_the_way_to_one_is_said(home):
    shutil.rmtree(home / "run" / "candidates", ignore_errors=True)
    for command in (("code", home / "run", home / "note.txt"), ("evaluate", home / "run", home / "ten")):
        with pytest.raises(InputError, match="icdbridge index"):
            run(*command, "--candidates")
