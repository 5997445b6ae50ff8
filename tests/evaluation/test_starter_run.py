"""The starter, evaluated as a run is: its codes, their spans, notes in another language."""

import json

import pytest
from tests.small import make_corpus
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.corpora.readers.codiesp import prepare_codiesp
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.errors import InputError
from icdbridge.evaluation.evaluate import evaluate, open_measured

# made up
SPANISH = "Dolor torácico. Fiebre alta. Niega tos. Dolor torácico intenso desde ayer. Fiebre desde ayer."
ENGLISH = "Chest pain. High fever. Denies cough. Severe chest pain since yesterday. Fever since yesterday."


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("codiesp")
    for part in ("train", "dev"):
        for folder, text in (("text_files", SPANISH), ("text_files_en", ENGLISH)):
            (root / part / folder).mkdir(parents=True)
            for number in range(6):
                (root / part / folder / f"{part}{number}.txt").write_text(text, "utf-8")
        codes = [f"{part}{number}\t{code}\n" for number in range(6) for code in ("r07.9", "r50.9")]
        (root / part / f"{part}D.tsv").write_text("".join(codes))
        marks = [("r07.9", "0 14"), ("r50.9", "29 39")]  # the second one is of other words
        rows = [
            f"{part}{i}\tDIAGNOSTICO\t{code}\twords\t{place}\n" for i in range(6) for code, place in marks
        ]
        (root / part / f"{part}X.tsv").write_text("".join(rows))
    return root


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_notes_in_spanish_are_read_by_the_translations_of_train_notes(root, home):
    prepare_codiesp(root, home / "es", language="es")
    answer = CliRunner().invoke(app, ["evaluate", "starter", "es", "--evidence", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["es"]
    assert found["scopes"]["full"]["all"]["map"] == 1
    evidence = found["evidence"]
    spans = evidence["coded_spans"]
    assert (spans["marked"], spans["coded"], spans["right"]) == (12, 12, 6)
    assert set(evidence["people"]["all"]) == {"pairs", "evidence", "random"}  # the starter weighs no words
    assert evidence["people"]["all"]["evidence"]["recall"] == pytest.approx(1 / 2)
    assert evidence["without_and_only"]["evidence"]["comprehensiveness"] > 0.3
    assert (home / "starter" / "evaluations" / "es-test" / "report.html").is_file()


def test_a_corpus_without_marks_in_icd_9(home):
    corpus = make_corpus(
        home, "nine", "icd9", 10, words={"401.9": "hypertension", "486": "pneumonia", "274.9": "gout"}
    )
    found = evaluate("starter", corpus, out=home / "found", evidence=True)
    assert found["scopes"]["full"]["all"]["map"] == 1
    assert found["evidence"]["coded_spans"] is None
    assert found["long_tail"] == []  # it has no training notes
    with pytest.raises(InputError, match="no candidate search"):
        evaluate(open_measured("starter"), corpus, candidates=True)


def test_notes_that_it_cannot_read_have_no_codes(home, capsys):
    text = (
        "El paciente de 45 años con fiebre y una cistitis aguda, sin dolor en el pecho desde el día de ayer."
    )
    table = home / "notes.jsonl"
    rows = [
        {"note_id": str(i), "text": text, "codes": ["R50.9"], "split": split}
        for i, split in enumerate(("train", "val", "test"))
    ]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = prepare_table(table, home / "es", version="icd10", columns=Columns(split="split"))
    found = evaluate("starter", corpus)
    assert found["scopes"]["full"]["half"]["recall_micro"] == 0
    assert "seem to be in Spanish" in capsys.readouterr().err


def test_options_of_runs_alone_are_refused(root, home):
    prepare_codiesp(root, home / "en")
    answer = CliRunner().invoke(app, ["evaluate", "starter", "en", "--device", "cpu"])
    assert answer.exit_code != 0
    assert "--device has no effect with the starter" in str(answer.exception or answer.output)
