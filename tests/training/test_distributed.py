"""Several processes learn as one does: the same weights, one voice, and a checkpoint that any number goes on from."""

import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.small import TINY, make_corpus, tiny_settings

from icdbridge import cli
from icdbridge.models.dropout import NoteDropout, seeded
from icdbridge.runs.run import Run
from icdbridge.training import batches, train
from icdbridge.training.distributed import part_of

TOLERANCE = 1e-5  # of a weight; sums are taken in another order


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    sizes = ("ten", "icd10", 50), ("nine", "icd9", 30)
    return [make_corpus(folder, *size, seed, filler=(3, 9)) for seed, size in enumerate(sizes)]


def processes(count, work, *arguments):
    """Exit codes of ``count`` processes with ``work(number, *arguments)``, told of each other as by torchrun."""
    context = multiprocessing.get_context("fork")  # torch is imported already, which takes seconds
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    told = {"WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": store.port}
    told |= {"TORCHELASTIC_USE_AGENT_STORE": True}
    started = [
        context.Process(target=_one, args=(number, told, work, *arguments), daemon=True)
        for number in range(count)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(200)
        process.kill()  # nothing where it has ended
        process.join()
    return [process.exitcode for process in started]


def _one(number, told, work, *arguments):
    os.environ |= {name: str(value) for name, value in told.items()}
    os.environ |= {"RANK": str(number), "LOCAL_RANK": str(number)}
    work(number, *arguments)


def train_in(number, paths, out, model, changes, **given):
    train(paths, out, tiny_settings(model, *changes), **given)


def difference(one, other):
    """The largest of a weight."""
    others = other.model.state_dict()
    return max(
        float((tensor.float() - others[name].float()).abs().max())
        for name, tensor in one.model.state_dict().items()
    )


@pytest.mark.parametrize(
    ("model", "changes", "counts"),
    [
        ("duallaat-rnn", ("dropout=0.3",), (2, 4)),
        ("duallaat-cnn", ("lexical=names", "matching_steps=5"), (2,)),
    ],
)
def test_as_many_as_you_like_make_the_same_weights(corpora, tmp_path, model, changes, counts):
    """Batches of 7 notes, the last ones of fewer than there are processes."""
    paths = [str(corpus.path) for corpus in corpora]
    changes = ("batch_size=7", "epochs=2", "warmup_steps=2", *changes)
    alone = train(corpora, tmp_path / "alone", tiny_settings(model, *changes))
    for count in counts:
        assert processes(count, train_in, paths, tmp_path / str(count), model, changes) == [0] * count
        run = Run.open(tmp_path / str(count))
        assert difference(alone, run) < TOLERANCE
        for row, expected in zip(run.log, alone.log, strict=True):
            assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=TOLERANCE)
            assert row["val_map"] == pytest.approx(expected["val_map"], abs=0.01)  # ranks may change places


def command_in(number, folder, victim, how, arguments):
    """The command line, with what it says in a file; process ``victim`` gets a signal in its twelfth batch."""
    sys.stderr = (folder / f"said-{number}").open("w", buffering=1)
    real, calls = batches.make_batch, []

    def making(*given):
        calls.append(1)
        if number == victim and len(calls) == 12:
            os.kill(os.getpid(), how)
        return real(*given)

    batches.make_batch = making
    sys.argv = ["icdbridge", *arguments]
    cli.main()


STEPS = ["batch_size=4", "epochs=3", "patience=9", *(one for one in TINY if not one.startswith("batch_size"))]


@pytest.fixture(scope="module")
def whole(corpora, tmp_path_factory):
    return train(corpora[:1], tmp_path_factory.mktemp("whole") / "run", tiny_settings("duallaat-cnn", *STEPS))


@pytest.mark.parametrize(
    ("victim", "how"), [(0, signal.SIGKILL), (1, signal.SIGKILL), (1, signal.SIGINT)], ids=str
)
def test_one_that_ends_stops_all_with_a_checkpoint(corpora, whole, tmp_path, victim, how):
    arguments = ["train", str(corpora[0].path), "--model", "duallaat-cnn", "--preset", "small"]
    arguments += [word for change in STEPS for word in ("--set", change)]
    out = tmp_path / "run"
    codes = processes(2, command_in, tmp_path, victim, how, [*arguments, "--out", str(out)])
    said = [(tmp_path / f"said-{number}").read_text().strip().splitlines() for number in range(2)]
    if how == signal.SIGKILL:
        assert (codes[victim], codes[1 - victim]) == (-signal.SIGKILL, 2)
        (line,) = [line for line in said[1 - victim] if line.startswith("error")]
        assert "one of the 2 processes has ended" in line
        assert "--resume" in line
    else:
        assert codes == [130, 130]
    assert (out / "training" / "checkpoint.safetensors").is_file()
    assert not (out / "manifest.json").exists()
    resumed = train(corpora[:1], out, tiny_settings("duallaat-cnn", *STEPS), resume=True)
    assert difference(whole, resumed) < TOLERANCE
    losses = [[row["train_loss"] for row in run.log] for run in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=TOLERANCE)


def test_an_error_is_said_once(corpora, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("not a run")
    arguments = ["train", str(corpora[0].path), "--out", str(tmp_path / "there"), "--preset", "small"]
    assert processes(2, command_in, tmp_path, None, None, arguments) == [2, 2]
    said = [(tmp_path / f"said-{number}").read_text() for number in range(2)]
    assert sorted(len(text.splitlines()) for text in said) == [0, 1]
    assert "exists already" in "".join(said)


@given(st.lists(st.integers(1, 4000), max_size=40), st.integers(1, 9))
def test_parts_are_all_of_it_and_alike(lengths, count):
    lengths = np.sort(np.array(lengths, dtype=np.int64))
    parts = [part_of(np.arange(len(lengths)), number, count) for number in range(count)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lengths)))
    sizes, words = [len(part) for part in parts], [int(lengths[part].sum()) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert max(words) - min(words) <= 2 * lengths.max(initial=0)


def test_dropout_belongs_to_the_note():
    dropout, words = NoteDropout(0.25), torch.ones(3, 50, 40)
    with seeded([5, 6, 7]):
        first = dropout(words, torch.tensor([50, 20, 31]))
        assert torch.equal(first, dropout(words, torch.tensor([50, 20, 31])))
    with seeded([7, 5]):  # in another batch, less padded
        other = dropout(torch.ones(2, 31, 40), torch.tensor([31, 31]))
    assert torch.equal(other[0], first[2, :31])
    assert torch.equal(other[1, :31], first[0, :31])
    assert not torch.equal(first[0], first[1])
    assert set(first[0].unique().tolist()) == {0.0, float(torch.tensor(1.0) / 0.75)}
    assert float(first[0].mean()) == pytest.approx(1, abs=0.1)
    assert float(dropout(words, torch.tensor([50, 50, 50])).mean()) == pytest.approx(1, abs=0.05)
    dropout.eval()
    assert torch.equal(dropout(words, torch.tensor([50, 50, 50])), words)
