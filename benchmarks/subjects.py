"""What is measured, each in a process of its own, so that its peak memory is its own, one call at a time."""

import multiprocessing
import random
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.inputs import Inputs, released_size
from benchmarks.reference import NOTE_WORDS, Reference, draw_batch, pad_to

if TYPE_CHECKING:  # imported where needed, so that a baseline's process does not hold it
    from icdbridge.training.batches import VersionNotes

Measured = dict[str, Any]
ROUNDS = {"cpu": 3, "cuda": 30}  # of matrix products


class Subject:
    """A child process that holds ``maker(*settings)``, a function, and calls it on demand."""

    def __init__(self, maker: Callable[..., Callable[..., Measured]], *settings: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._name = maker.__name__
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, maker, settings), daemon=True)
        self._process.start()
        other.close()
        self._pipe.recv()  # it is made: no other is timed meanwhile

    def __call__(self, *arguments: Any) -> Measured:
        """What the function returned, ``peak_bytes`` of the process so far, and ``held_bytes``: what it held before the
        function was made (Python, torch, the inputs), which is the same for all.
        """
        self._pipe.send(arguments)
        answer: Measured = self._pipe.recv()
        shown = {name: value for name, value in answer.items() if name != "logits"}
        print(self._name, arguments, shown, file=sys.stderr, flush=True)
        return answer

    def close(self) -> None:
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, maker: Callable[..., Any], settings: tuple[Any, ...]) -> None:
    held = peak_bytes()
    function = maker(*settings)
    pipe.send(None)
    while True:
        try:
            arguments = pipe.recv()
        except EOFError:
            return
        answer = function(*arguments)
        answer["held_bytes"] = held
        answer["peak_bytes"] = peak_bytes()
        pipe.send(answer)


def peak_bytes() -> int:
    """The most that this process has held so far (Linux): of the GPU's memory where it uses one.

    ``getrusage`` says more: a process that is made starts with what the one that made it held.
    """
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


Seconds = dict[str, float]


def timed(function: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Seconds by the wall's clock and of the processor, all threads together, and what ``function`` returned."""
    began, used = time.perf_counter(), time.process_time()
    result = function()
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - used}, result


def matrix_products(device: str = "cpu") -> Callable[..., Measured]:
    """Rates in FLOP/s of square matrix products by a clock, the best of several: a GPU needs some to wake up."""
    from icdbridge.models.kernels.products import fast_products

    def measure(clock: str) -> Measured:
        rates = {}
        with fast_products():
            for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
                left = torch.randn(4096, 4096).to(device, dtype)
                out = torch.empty_like(left)
                product = lambda a=left, o=out: timed(lambda: torch.mm(a, a, out=o))[0][clock]  # noqa: E731
                seconds = min(product() for _ in range(ROUNDS[device]))
                rates[name] = 2 * 4096**3 / seconds
        return rates

    return measure


def icdbridge_scorer(encoder: str, inputs: Inputs) -> Callable[..., Measured]:
    """Scores a note against the first ``codes`` codes, which are encoded once."""
    from icdbridge.runs.scoring import encode_codes, score_notes

    model = released_size(encoder)
    encoding, queries = timed(lambda: encode_codes(model, inputs.codes))

    def score(note: int, codes: int, precision: str) -> Measured:
        own = queries[:, :codes].contiguous()
        seconds, logits = timed(lambda: score_notes(model, [inputs.notes[note]], own, precision=precision))  # type: ignore[arg-type]
        return {"seconds": seconds, "encoding_seconds": encoding, "logits": logits[0]}

    return score


def baseline_scorer(encoder: str, inputs: Inputs, paper_code: str | None) -> Callable[..., Measured]:
    """Scores a note, padded, and encodes the codes with it, as the paper's code does for each batch."""
    model = baseline(encoder, paper_code).eval()
    longest = max(len(words) for words in inputs.codes)

    @torch.no_grad()
    def score(note: int, codes: int) -> Measured:
        padded, words = pad_to([inputs.notes[note]], NOTE_WORDS), pad_to(inputs.codes[:codes], longest)
        seconds, logits = timed(lambda: model(padded, words))
        if isinstance(model, Reference):
            encoding, _ = timed(lambda: model.encode_codes(words))
        else:
            encoding, _ = timed(lambda: model._encode_code(model.embedding(words)))
        return {"seconds": seconds, "encoding_seconds": encoding, "logits": logits[0].numpy()}

    return score


def baseline(encoder: str, paper_code: str | None) -> torch.nn.Module:
    """The straightforward implementation, or the model of a checkout of the paper's code, same weights."""
    model = released_size(encoder)
    reference = Reference(model)
    if paper_code is None:
        return reference
    sys.path.insert(0, paper_code)
    from duallaat import DualLAAT as PaperModel  # type: ignore[import-not-found]
    from duallaat import DualLAATConfig

    sizes = model.settings
    paper = PaperModel(
        DualLAATConfig(
            vocab_size=sizes.vocabulary,
            embedding_dim=sizes.embedding_dim,
            encoder_type="cnn" if encoder == "cnn" else "rnn",
            rnn_type="gru",
            rnn_hidden_size=sizes.hidden_size,
            num_filters=sizes.hidden_size,
            kernel_size=sizes.kernel_size,
            dropout=sizes.dropout,
            num_mha_heads=sizes.heads,
            projection_dim=sizes.shared_dim,
        )
    )
    names = {
        "encoder_text": "note_encoder",
        "encoder_code": "code_encoder",
        "projection_text_layers": "note_projections",
        "projection_code_layers": "code_projections",
        "final_layer": "classifier",
    }
    weights = reference.state_dict()
    renamed = {}
    for name in paper.state_dict():
        part, _, rest = name.partition(".")
        renamed[name] = weights[f"{names.get(part, part)}.{rest}"]
    paper.load_state_dict(renamed)
    return paper  # type: ignore[no-any-return]


def training_notes(inputs: Inputs) -> "VersionNotes":
    """The inputs as training notes, whose codes are named by their words' numbers."""
    from scipy.sparse import csr_array

    from icdbridge.runs.tokens import TokenizedNotes
    from icdbridge.training.batches import VersionNotes

    rows = np.repeat(np.arange(len(inputs.notes)), [len(codes) for codes in inputs.carried])
    columns = np.concatenate([np.array(codes) for codes in inputs.carried])
    shape = (len(inputs.notes), len(inputs.codes))
    labels = csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape)
    starts = np.concatenate([[0], np.cumsum([len(note) for note in inputs.notes])])
    rejected = csr_array(shape, dtype=bool)
    part = TokenizedNotes([""] * len(inputs.notes), np.concatenate(inputs.notes), starts, labels, rejected)
    names = {f"icd10cm:{i}": " ".join(map(str, words)) for i, words in enumerate(inputs.codes)}
    return VersionNotes.join("icd10", [part], names, inputs.codes, "corpora")


def icdbridge_trainer(
    encoder: str, inputs: Inputs, precision: str, device: str = "cpu"
) -> Callable[..., Measured]:
    """One training step, its batch made in the process: as the training loop does them."""
    from icdbridge.models.kernels.products import fast_products
    from icdbridge.models.kernels.word_gradients import RowGradients
    from icdbridge.training.batches import make_batch
    from icdbridge.training.settings import make_settings

    model = released_size(encoder).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.001, fused=True)
    word_vectors = RowGradients(model)
    notes = training_notes(inputs)

    def step(count: int, label_space: int, seed: int) -> Measured:
        draw = np.random.default_rng(seed)
        batching, batch = timed(
            lambda: make_batch(notes, np.arange(count), make_settings(label_space=label_space), draw)
        )
        seconds, loss = timed(lambda: learn(batch))
        return {"seconds": _sum(batching, seconds), "batching_seconds": batching, "loss": loss}

    def learn(batch: Any) -> float:
        optimizer.zero_grad()
        with fast_products():
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                loss = model.loss(batch.to(torch.device(device)), 1024)
            loss.backward()
        word_vectors.make_whole()
        optimizer.step()
        return float(loss.item())

    return step


def _sum(first: Seconds, second: Seconds) -> Seconds:
    return {clock: first[clock] + second[clock] for clock in first}


def baseline_trainer(
    encoder: str, inputs: Inputs, paper_code: str | None, device: str = "cpu"
) -> Callable[..., Measured]:
    """One training step of the straightforward implementation, or of the paper's code."""
    model = baseline(encoder, paper_code).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.001)
    descriptions = dict(enumerate(inputs.codes))

    def step(count: int, label_space: int, seed: int) -> Measured:
        own = inputs.notes[:count], inputs.carried[:count], descriptions
        batching, batch = timed(lambda: draw_batch(*own, label_space, random.Random(seed)))
        seconds, loss = timed(lambda: learn(*batch))
        return {"seconds": _sum(batching, seconds), "batching_seconds": batching, "loss": loss}

    def learn(notes: torch.Tensor, codes: torch.Tensor, labels: torch.Tensor) -> float:
        notes, codes, labels = (tensor.to(device) for tensor in (notes, codes, labels))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(notes, codes), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
