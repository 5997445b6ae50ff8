"""Imported checkpoints are runs: they code notes and are evaluated; runs are exported and come back."""

import json
import math

import pytest
import torch
from typer.testing import CliRunner

from icdbridge.cli import app
from icdbridge.coding.trained import TrainedCoder
from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.files import write_manifest
from icdbridge.runs.importing import export_checkpoint, import_checkpoint
from icdbridge.runs.run import FILES, Run

from ..small import make_corpus
from .reference import reference_logits, released_checkpoint


@pytest.fixture
def checkpoint(tmp_path):
    released_checkpoint(tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_a_note_is_coded_with_the_codes_of_systems(tmp_path, checkpoint):
    done = call(
        "import-checkpoint", checkpoint, "--out", tmp_path / "run", "--codes", "icd9proc", "--codes", "icd9cm"
    )
    assert done.exit_code == 0
    assert "18,449 codes of icd9" in done.stdout  # 14,567 diagnoses and 3,882 procedures of v32
    assert "threshold: 0.5, not tuned" in done.stdout
    (tmp_path / "note.txt").write_text("Acute heart failure, chest pain.")
    done = call("code", tmp_path / "run", tmp_path / "note.txt", "--version", "icd9", "--json", "--top", 3)
    found = json.loads(done.stdout)["suggestions"]
    assert [one["rank"] for one in found] == [1, 2, 3]
    assert all(one["train_notes"] is None for one in found)
    assert all(one["predicted"] == (one["probability"] > 0.5) for one in found)
    assert "0.5, not tuned" in call("code", tmp_path / "run", tmp_path / "note.txt").stdout


def test_without_codes_it_knows_those_of_icd9_and_icd10(tmp_path, checkpoint):
    assert call("import-checkpoint", checkpoint, "--out", tmp_path / "run").exit_code == 0
    run = Run.open(tmp_path / "run")
    assert run.versions == ["icd9", "icd10"]
    codes = run.index.of_version("icd10")
    assert codes["icd10cm:I10"] == "Essential (primary) hypertension"
    assert {key.partition(":")[0] for key in codes} == {"icd10cm", "icd10pcs"}
    assert len(run.index.code) == len(set(run.index.code)) > 160_000


def test_it_is_evaluated_on_a_corpus_and_gives_the_probabilities_of_the_formulas(tmp_path, checkpoint):
    make_corpus(tmp_path, "notes")
    corpus = Corpus.open(tmp_path / "notes")
    run = import_checkpoint(checkpoint, tmp_path / "run", [tmp_path / "notes"], threshold=0.25)
    assert run.index.code == corpus.codes
    results = evaluate(run, corpus)
    assert results["scopes"]["full"]["threshold_source"] == "tuned on val"
    assert results["long_tail"] == []  # how often its training saw a code is not known
    assert (tmp_path / "run" / "evaluations" / "notes-test" / "report.html").is_file()
    state = torch.load(checkpoint / "pytorch_model.bin", weights_only=True)
    described = [run.tokenizer.encode(text, 7).ids.tolist() for text in corpus.descriptions]
    names = run.tokenizer.words
    logits = reference_logits(
        state, "gru", [["acute", "pain", "clinic"]], [[names[i] for i in ids] for ids in described]
    )[0]
    suggestions = TrainedCoder(run).code("Acute pain: clinic.", top=100)
    assert len(suggestions) == len(corpus.codes)
    for found in suggestions:
        logit = logits[corpus.codes.index(f"{found.system}:{found.code}")].item()
        assert found.probability == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)
        assert found.predicted == (found.probability > 0.25)
        assert all("Acute pain: clinic."[span.start : span.end] == span.text for span in found.evidence)


def test_exported_and_imported_again_a_run_has_the_same_weights(tmp_path, checkpoint):
    first = import_checkpoint(checkpoint, tmp_path / "first", ["icd9proc"])
    done = call("export-checkpoint", tmp_path / "first", "--out", tmp_path / "exported")
    assert done.exit_code == 0
    assert "masks" not in done.stdout
    second = import_checkpoint(tmp_path / "exported", tmp_path / "second", ["icd9proc"])
    for name in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert first.config["model"] == second.config["model"]


def test_exporting_a_run_that_masks_says_that_the_numbers_differ(tmp_path, checkpoint):
    import_checkpoint(checkpoint, tmp_path / "run", ["icd9proc"])
    run = Run.open(tmp_path / "run")
    masked = json.loads((run.path / "config.json").read_text())
    masked["model"]["padded_words"] = 0
    (run.path / "config.json").write_text(json.dumps(masked))
    write_manifest(run.path, FILES)
    done = call("export-checkpoint", run.path, "--out", tmp_path / "exported")
    assert "masks padding" in done.stdout


def test_nothing_is_overwritten_unless_forced(tmp_path, checkpoint):
    run = import_checkpoint(checkpoint, tmp_path / "run", ["icd9proc"])
    with pytest.raises(InputError, match="exists already"):
        import_checkpoint(checkpoint, tmp_path / "run", ["icd9proc"])
    export_checkpoint(run, tmp_path / "exported")
    with pytest.raises(InputError, match="exists already"):
        export_checkpoint(run, tmp_path / "exported")
    export_checkpoint(run, tmp_path / "exported", force=True)
    assert import_checkpoint(checkpoint, tmp_path / "run", ["icd9cm"], force=True).index.version[0] == "icd9"
    before = {file.name: file.read_bytes() for file in checkpoint.iterdir()}
    with pytest.raises(InputError, match="is not a checkpoint made by icdbridge"):
        export_checkpoint(run, checkpoint, force=True)
    with pytest.raises(InputError, match="is the input"):
        import_checkpoint(checkpoint, checkpoint, ["icd9cm"], force=True)
    assert {file.name: file.read_bytes() for file in checkpoint.iterdir()} == before


def test_bad_codes_and_thresholds(tmp_path, checkpoint):
    with pytest.raises(InputError, match="neither a corpus folder nor a code system"):
        import_checkpoint(checkpoint, tmp_path / "run", ["icd11"])
    with pytest.raises(InputError, match="between 0 and 1"):
        import_checkpoint(checkpoint, tmp_path / "run", threshold=1.5)
    assert not (tmp_path / "run").exists()
