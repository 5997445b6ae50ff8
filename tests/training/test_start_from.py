"""Training that starts from the weights and words of an earlier run."""

import pytest
import torch
from tests.small import make_corpus, tiny_settings

from icdbridge.errors import InputError
from icdbridge.training import train


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpora"), "ten", "icd10", 30)


@pytest.fixture(scope="module")
def first(corpus, tmp_path_factory):
    return train([corpus], tmp_path_factory.mktemp("runs") / "first", tiny_settings(epochs=1))


def test_weights_and_words_are_those_of_the_run(corpus, first, tmp_path):
    settings = tiny_settings(
        "duallaat-cnn", f"start_from={first.path}", "learning_rate=1e-12", epochs=1, seed=9
    )
    run = train([corpus], tmp_path / "second", settings)
    assert run.tokenizer.size == first.tokenizer.size
    for name, tensor in first.model.state_dict().items():
        torch.testing.assert_close(run.model.state_dict()[name], tensor, atol=1e-6, rtol=0, msg=name)


def test_words_that_the_run_does_not_know_join(first, tmp_path):
    words = {"I50.9": "orthopnea", "E11.9": "metformin", "J18.9": "crackles"}
    corpus = make_corpus(tmp_path, "other", "icd10", 30, words=words)
    settings = tiny_settings(
        "duallaat-cnn", f"start_from={first.path}", "learning_rate=1e-12", epochs=1, describing_words=False
    )
    run = train([corpus], tmp_path / "second", settings)
    known = first.tokenizer.words
    assert run.tokenizer.words[: len(known)] == known
    assert set(run.tokenizer.words[len(known) :]) == {"orthopnea", "crackles"}
    before, after = (r.model.get_parameter("embedding.weight") for r in (first, run))
    torch.testing.assert_close(after[: len(known)], before, atol=1e-6, rtol=0)
    assert after[len(known) :].norm(dim=1).min() > 0.5


def test_lexical_features_may_be_new(corpus, first, tmp_path):
    settings = tiny_settings(
        "duallaat-cnn", f"start_from={first.path}", "lexical=names", "matching_steps=20", epochs=1
    )
    run = train([corpus], tmp_path / "matched", settings)
    assert run.model.settings.features > 0
    with pytest.raises(InputError, match="reads lexical features: set lexical=names"):
        train([corpus], tmp_path / "third", tiny_settings("duallaat-cnn", f"start_from={run.path}"))


def test_other_sizes_and_models_are_refused(corpus, first, tmp_path):
    start = f"start_from={first.path}"
    with pytest.raises(InputError, match="hidden_size is 16 there and 8 here"):
        train([corpus], tmp_path / "other", tiny_settings("duallaat-cnn", "hidden_size=8", start))
    assert not (tmp_path / "other" / "manifest.json").exists()
    with pytest.raises(InputError, match="only duallaat can start from a run, not caml"):
        tiny_settings("caml", start)
