"""Training end to end on small corpora: it learns, resumes to the same weights, and refuses what does not fit."""

import os
import signal
import textwrap

import pytest
import torch
from tests.forking import Forked
from tests.small import make_corpus, tiny_settings

from icdbridge.errors import InputError
from icdbridge.models import DualLAAT
from icdbridge.models.kernels.products import product_dtype
from icdbridge.runs.run import Run
from icdbridge.training import batches, loop, train
from icdbridge.training import initial_model as building


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    return [
        make_corpus(folder, name, version, 60, seed, filler=(3, 9))
        for seed, (name, version) in enumerate((("ten", "icd10"), ("nine", "icd9")))
    ]


def weights(run):
    return {name: tensor.clone() for name, tensor in run.model.state_dict().items()}


@pytest.mark.parametrize("model", ["duallaat-rnn", "duallaat-cnn"])
def test_learns_both_versions_at_once(learned, model):
    run = Run.open(learned(model) / "run")
    assert run.versions == ["icd10", "icd9"]
    # 12 val notes: between seeds it is 0.9 to 1.0, and 0.5 for a model that learned only how frequent codes are
    assert max(row["val_map"] for row in run.log) > 0.8
    assert run.log[-1]["train_loss"] < 0.5 * run.log[0]["train_loss"]
    assert run.train_notes["icd9cm:428.0"] > 5
    assert not (run.path / "training").exists()


def test_same_seed_same_weights(corpora, tmp_path):
    first, second = (train(corpora, tmp_path / name, tiny_settings(epochs=2)) for name in "ab")
    other = train(corpora, tmp_path / "c", tiny_settings(epochs=2, seed=1))
    assert all(
        torch.equal(tensor, second.model.state_dict()[name]) for name, tensor in weights(first).items()
    )
    assert not torch.equal(first.model.embedding.weight, other.model.embedding.weight)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_said_before_anything_is_read(corpora, tmp_path):
    with pytest.raises(InputError, match="torch finds no CUDA GPU here: set device=cpu"):
        train(corpora, tmp_path / "run", tiny_settings(device="cuda"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("precision", "used"), [("bf16-mixed", torch.bfloat16), ("32-true", torch.float32)])
def test_precision_is_that_of_the_products(corpora, tmp_path, monkeypatch, precision, used):
    real, found = DualLAAT.loss, set()

    def recording(self, notes, *rest, **further):
        found.add(product_dtype(self.embedding.weight))
        return real(self, notes, *rest, **further)

    monkeypatch.setattr(DualLAAT, "loss", recording)
    run = train(corpora, tmp_path / "run", tiny_settings(epochs=1, precision=precision))
    assert found == {used}
    assert all(tensor.dtype == torch.float32 for tensor in run.model.parameters())


@pytest.mark.parametrize("changes", [(), ("lexical=associations", "matching_steps=20")])
def test_interrupted_and_resumed_is_the_same_as_in_one_go(corpora, tmp_path, monkeypatch, changes):
    settings = tiny_settings("duallaat-rnn", *changes, epochs=3)
    whole = train(corpora, tmp_path / "whole", settings)
    real, calls = batches.make_batch, []

    def interrupting(*arguments):
        calls.append(1)
        if len(calls) == 14:  # in the middle of the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(batches, "make_batch", interrupting)
    with pytest.raises(KeyboardInterrupt):
        train(corpora, tmp_path / "broken", settings)
    with pytest.raises(InputError, match="unfinished"):
        Run.open(tmp_path / "broken")
    with pytest.raises(InputError, match="other settings or corpora"):
        train(corpora, tmp_path / "broken", tiny_settings("duallaat-rnn", epochs=4), resume=True)
    # the networks of lexical features are in the checkpoint: no training note is matched for them again
    monkeypatch.setattr("icdbridge.training.matching.match_notes", None)
    resumed = train(corpora, tmp_path / "broken", settings, resume=True)
    assert all(
        torch.equal(tensor, resumed.model.state_dict()[name]) for name, tensor in weights(whole).items()
    )
    assert [row["train_loss"] for row in resumed.log] == [row["train_loss"] for row in whole.log]


def test_killed_training_is_no_run_and_resumes(corpora, tmp_path):
    script = textwrap.dedent(f"""
        import os
        from icdbridge.corpora import Corpus
        from icdbridge.training import loop, train
        from tests.small import tiny_settings
        saved = loop.save_checkpoint
        def dying(path, *rest):
            saved(path, *rest)
            os.kill(os.getpid(), 9)
        loop.save_checkpoint = dying
        train([Corpus.open({str(corpora[0].path)!r})], {str(tmp_path / "run")!r}, tiny_settings(epochs=3))
    """)
    done = Forked(script)
    done.communicate()
    assert done.returncode == -9
    with pytest.raises(InputError, match="unfinished"):
        Run.open(tmp_path / "run")
    resumed = train(corpora[:1], tmp_path / "run", tiny_settings(epochs=3), resume=True)
    whole = train(corpora[:1], tmp_path / "whole", tiny_settings(epochs=3))
    assert all(
        torch.equal(tensor, resumed.model.state_dict()[name]) for name, tensor in weights(whole).items()
    )


def test_notes_for_training_only(corpora, tmp_path):
    run = train(corpora[:1], tmp_path / "run", tiny_settings(epochs=1), train_only=corpora[1:])
    assert run.config["corpora"][1]["role"] == "train only"
    assert sum(n for key, n in run.train_notes.items() if key.startswith("icd9cm")) == sum(
        corpora[1].notes_with
    )


def test_early_stopping_keeps_the_best_epoch(corpora, tmp_path):
    run = train(
        corpora[:1],
        tmp_path / "run",
        tiny_settings("duallaat-cnn", "learning_rate=1e-9", "patience=2", epochs=9),
    )
    assert len(run.log) < 9
    assert run.config["best_epoch"] == max(run.log, key=lambda row: row["val_map"])["epoch"]


def test_vectors_and_words_are_made_once(tmp_path, monkeypatch):
    corpus = make_corpus(tmp_path, "ten", "icd10", 40)
    first = train([corpus], tmp_path / "a", tiny_settings(epochs=1))
    real, made = building.train_vectors, []
    monkeypatch.setattr(building, "train_vectors", lambda *a, **k: made.append(k) or real(*a, **k))
    again = train([corpus], tmp_path / "b", tiny_settings(epochs=1))
    assert not made
    assert all(torch.equal(tensor, again.model.state_dict()[name]) for name, tensor in weights(first).items())
    train([corpus], tmp_path / "c", tiny_settings(epochs=1, seed=1))
    assert len(made) == 1  # other vectors


def test_negatives_from_the_whole_code_system(corpora, tmp_path):
    run = train(corpora[:1], tmp_path / "run", tiny_settings("duallaat-cnn", "negatives=system", epochs=1))
    assert len(run.index.code) > 70_000
    described = dict(zip(run.index.code, run.index.description, strict=True))
    assert described["icd10cm:I21.4"] == "Non-ST elevation (NSTEMI) myocardial infarction"
    assert run.train_notes["icd10cm:I21.4"] == 0
    assert run.train_notes["icd10cm:I50.9"] > 0


def test_what_does_not_fit(corpora, tmp_path):
    with pytest.raises(InputError, match="no corpus named 'eleven'"):
        train(corpora, tmp_path / "run", tiny_settings(), validate_on="eleven")
    with pytest.raises(InputError, match="same name"):
        train([corpora[0], corpora[0]], tmp_path / "run", tiny_settings())
    with pytest.raises(InputError, match="no interrupted training"):
        train(corpora, tmp_path / "run", tiny_settings(), resume=True)
    with pytest.raises(InputError, match="label_space"):
        train(corpora, tmp_path / "small", tiny_settings("duallaat-cnn", "label_space=1"))
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="exists already"):
        train(corpora, tmp_path / "there", tiny_settings())


def test_tensorboard_files(corpora, tmp_path):
    train(corpora[:1], tmp_path / "run", tiny_settings(epochs=1), tensorboard=True)
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_learning_rate_rises_and_falls():
    settings = tiny_settings("duallaat-cnn", "learning_rate=1.0", "warmup_steps=10")
    rates = [loop.learning_rate(step, 110, settings) for step in range(111)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[60] == pytest.approx(0.5)
    assert rates[110] == 0


def test_each_step_has_its_own_learning_rate_also_after_a_break(corpora, tmp_path, monkeypatch):
    asked, used = [], []
    rate, step = loop.learning_rate, torch.optim.AdamW.step

    def asking(*arguments):
        asked.append(arguments)
        if len(asked) == 9:  # in the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return rate(*arguments)

    def using(self, *rest, **more):
        used.append(self.param_groups[0]["lr"])
        return step(self, *rest, **more)

    monkeypatch.setattr(loop, "learning_rate", asking)
    monkeypatch.setattr(torch.optim.AdamW, "step", using)
    settings = tiny_settings("duallaat-cnn", "warmup_steps=5", "patience=9", epochs=3)
    with pytest.raises(KeyboardInterrupt):
        train(corpora[:1], tmp_path / "run", settings)
    train(corpora[:1], tmp_path / "run", settings, resume=True)
    [steps] = {steps for _, steps, _ in asked}
    assert steps % settings.epochs == 0
    assert [number for number, _, _ in asked] == list(range(steps))
    assert used == [rate(number, steps, settings) for number in range(steps)]
