"""What evaluate --evidence measures, on notes whose evidence is known."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
from tests.small import make_corpus, mark_words
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.evaluation.evidence_quality import every_note
from icdbridge.runs.run import Run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The words that name the codes are marked as people would."""
    return mark_words(make_corpus(tmp_path_factory.mktemp("corpora"), "ten", "icd10", 60))


@pytest.fixture(scope="module")
def run(learned, tmp_path_factory):
    """One of our own, as evaluations are written into its folder."""
    return Run.open(shutil.copytree(learned("duallaat-cnn") / "run", tmp_path_factory.mktemp("run") / "run"))


def test_evidence_beats_random_words_where_the_truth_is_known(run, corpus):
    arguments = ["evaluate", str(run.path), str(corpus.path), "--evidence", "--json"]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["ten"]["evidence"]
    falls = found["without_and_only"]
    assert falls["evidence"]["comprehensiveness"] > falls["random"]["comprehensiveness"] + 0.1
    assert falls["evidence"]["sufficiency"] < falls["random"]["sufficiency"] - 0.1
    assert falls["single"]["words"] == 1
    people = found["people"]["all"]
    assert people["pairs"] == sum(len(b.column("codes").flatten()) for b in corpus.notes("test"))
    assert people["evidence"]["recall"] > 0.9
    assert people["single"]["precision"] > 0.9
    assert people["random"]["f1"] < 0.4 < people["evidence"]["f1"]
    assert found["people"]["found"] == people  # five codes: each is among the 15 best
    folder = run.path / "evaluations" / "ten-test"
    rows = pq.read_table(folder / "evidence.parquet")
    assert rows.num_rows == people["pairs"]
    assert rows["words"].to_pylist() == [1] * people["pairs"]
    page = (folder / "report.html").read_text()
    for words in ("taken out", "Against the words people marked", "random words, as many"):
        assert words in page


def test_a_corpus_without_marks_is_measured_by_the_model_alone(run, tmp_path):
    plain = make_corpus(tmp_path, "plain", "icd10", 20, seed=3)
    answer = CliRunner().invoke(app, ["evaluate", str(run.path), str(plain.path), "--evidence", "--json"])
    found = json.loads(answer.stdout)["plain"]["evidence"]
    assert found["people"]["all"]["pairs"] == 0
    assert found["people"]["all"]["evidence"]["f1"] is None
    assert found["coded_spans"] is None
    assert found["without_and_only"]["evidence"]["comprehensiveness"] > 0
    assert not (run.path / "evaluations" / "plain-test" / "evidence.parquet").exists()


@pytest.mark.parametrize("every", [1, 3, 7])
def test_notes_are_chosen_evenly(corpus, every):
    ids = [note for batch in corpus.notes("train") for note in batch.column("note_id").to_pylist()]
    assert [note for note, _ in every_note(corpus, "train", every)] == ids[::every]
