"""Models of fixed labels end to end: they learn a version, code notes with evidence, and refuse other codes."""

import pytest
from tests.small import make_corpus, tiny_settings

from icdbridge.coding import Coder
from icdbridge.coding.trained import TrainedCoder
from icdbridge.errors import InputError
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.runs.run import Run
from icdbridge.training import train


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    return [make_corpus(folder, "ten", "icd10", 60), make_corpus(folder, "nine", "icd9", 60, seed=1)]


CHANGES = ("learning_rate=0.03", "dropout=0", "patience=90", "warmup_steps=5", "training_scope=full")


@pytest.mark.usefixtures("no_report")
def test_learns_and_codes_with_evidence(corpora, tmp_path):
    run = train(corpora[:1], tmp_path / "run", tiny_settings("laat", *CHANGES, epochs=30))
    assert evaluate(run, corpora[0], "train")["scopes"]["full"]["all"]["map"] > 0.95
    found = Coder.load(run.path).code("seen today with dyspnea in clinic", top=1)[0]
    assert found.code == "I50.9"
    assert found.evidence


def test_codes_without_an_output(corpora, tmp_path):
    run = train(corpora[:1], tmp_path / "run", tiny_settings("laat", *CHANGES, epochs=1))
    assert "and no other" in (run.path / "README.md").read_text()
    with pytest.raises(InputError, match=r"no output for 5 of 5 codes, such as icd9cm:250\.00"):
        evaluate(run, corpora[1])
    with pytest.raises(InputError, match=r"no output for 1 of 2 codes, such as icd10cm:Z99\.9"):
        TrainedCoder(run).code("dyspnea", codes={"icd10cm:I10": "hypertension", "icd10cm:Z99.9": "other"})
    with pytest.raises(InputError, match="learns one version, not icd10, icd9"):
        train(corpora, tmp_path / "both", tiny_settings("laat"))
    assert not (tmp_path / "both").exists()


@pytest.mark.usefixtures("no_report")
def test_trained_on_frequent_codes_it_says_nothing_of_others(tmp_path):
    corpus = make_corpus(tmp_path, "ten", notes=25)  # the codes in fewer than 10 of the 25 notes are rare
    assert 0 < corpus.n_frequent < len(corpus.codes)
    run = train([corpus], tmp_path / "run", tiny_settings("caml", epochs=1))
    assert run.index.code == sorted(corpus.codes[: corpus.n_frequent])
    results = evaluate(run, corpus)
    assert results["scopes"]["frequent"]["all"]["map"] > 0
    for scope in ("full", "rare"):
        assert results["scopes"][scope]["all"]["map"] is None
        assert results["scopes"][scope]["missing"] == "no code of this scope was scored"


def test_run_folders_without_an_architecture_are_duallaat(corpora, tmp_path):
    from icdbridge.files import read_json, write_json, write_manifest
    from icdbridge.runs.run import FILES

    run = train(corpora[:1], tmp_path / "run", tiny_settings(epochs=1))
    config = read_json(run.path / "config.json")
    assert config["model"].pop("architecture") == "duallaat"
    write_json(run.path / "config.json", config)
    write_manifest(run.path, FILES)
    assert Run.open(run.path).model.settings == run.model.settings
