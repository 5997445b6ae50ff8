"""Exact scoring in bounded memory: notes of similar length together, codes encoded once and scored in chunks."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from icdbridge.models import CodingModel, NoteStates
from icdbridge.models.kernels.half_recurrence import half_weights
from icdbridge.models.kernels.products import fast_products
from icdbridge.text import UNKNOWN_ID

BATCH_WORDS = {"cpu": 2**14, "cuda": 2**18}  # words, padding included, of one batch of notes
CELLS = 2**25  # notes × heads × codes × positions scored at once
ARRIVING = 2**18  # logits that a GPU sends at once

Precision = Literal["fp32", "bf16"]


def pad(
    sequences: Sequence[np.ndarray], device: torch.device | str = "cpu", width: int = 1
) -> tuple[Tensor, Tensor]:
    """Word ids [N, T] padded with 0 and lengths [N]; a sequence without words is one unknown word.

    T is the longest length, and at least ``width``.
    """
    lengths = np.array([max(len(sequence), 1) for sequence in sequences])
    ids = np.zeros((len(sequences), lengths.max(initial=width)), dtype=np.int64)
    for row, sequence in enumerate(sequences):
        ids[row, : lengths[row]] = sequence if len(sequence) else UNKNOWN_ID
    return torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)


def length_batches(lengths: np.ndarray, words: int) -> Iterator[np.ndarray]:
    """Row numbers of sequences of like length, at most ``words`` a batch with padding (or one sequence)."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, words // max(int(lengths[order[start]]), 1))
        yield order[start : start + size]
        start += size


def _batch_words(device: torch.device) -> int:
    return BATCH_WORDS.get(device.type, BATCH_WORDS["cpu"])


@torch.inference_mode()
def encode_codes(model: CodingModel, sequences: Sequence[np.ndarray]) -> Tensor:
    """Queries [M, L, ...] of codes, each given as numbers [T] (``code_words``).

    A model that reads padding gets all of them padded to the longest.
    """
    model.eval()
    device = next(model.parameters()).device
    queries: Tensor | None = None
    lengths = np.array([len(sequence) for sequence in sequences])
    width = lengths.max(initial=1) if model.padded_words else 1
    for rows in length_batches(lengths.clip(min=width), _batch_words(device)):
        with fast_products():
            encoded = model.encode_codes(*pad([sequences[i] for i in rows], device, width))
        if queries is None:
            queries = encoded.new_empty(encoded.shape[0], len(sequences), *encoded.shape[2:])
        queries[:, torch.from_numpy(rows).to(device)] = encoded
    assert queries is not None, "no codes"
    return queries


def read_notes(
    model: CodingModel,
    notes: Sequence[np.ndarray],
    precision: Precision = "fp32",
    device: torch.device | str = "cpu",
) -> NoteStates:
    """Encoded notes (word ids); with ``bf16`` a GPU reads them in fp16, and a CPU's recurrence by weights of fp16."""
    with fast_products(), half_weights(precision == "bf16"):
        return model.encode_notes(*pad(notes, device))


def score_states(
    model: CodingModel, states: NoteStates, queries: Tensor, precision: Precision = "fp32"
) -> Tensor:
    """Logits float32 [N, L] of encoded notes for encoded codes, as many codes at once as memory should hold.

    With ``bf16`` the products after the attention's scores take factors of that precision and sum in fp32.
    """
    notes, heads, positions, _ = states.keys.shape
    chunk = max(1, CELLS // (notes * heads * positions))
    with torch.autocast(queries.device.type, torch.bfloat16, enabled=precision == "bf16"):
        return model.score(states, queries, chunk).float()


def one_of(states: NoteStates, place: int) -> NoteStates:
    """One note of a batch, without the padding, in fp32."""
    length = int(states.mask[place].sum())
    one = slice(place, place + 1)
    own, keys = states.states[one, :length].float(), states.keys[one, :, :length].float()
    return NoteStates(own, keys, states.mask[one, :length])


def encoded_batches(
    model: CodingModel, notes: Sequence[np.ndarray], precision: Precision = "fp32"
) -> Iterator[tuple[np.ndarray, NoteStates]]:
    """Notes (word ids) of like length together, the longest first: their numbers, and what the model makes of them."""
    model.eval()
    device = next(model.parameters()).device
    lengths = np.array([len(note) for note in notes], dtype=np.int64)
    for rows in length_batches(lengths.clip(min=model.padded_words), _batch_words(device)):
        yield rows, read_notes(model, [notes[i] for i in rows], precision, device)


@torch.inference_mode()
def score_notes(
    model: CodingModel, notes: Sequence[np.ndarray], queries: Tensor, precision: Precision = "fp32"
) -> np.ndarray:
    """Logits float32 [N, L] of notes (word ids) for encoded codes, by attention alone.

    No result depends on how notes are batched or codes chunked.
    """
    out = np.empty((len(notes), queries.shape[1]), dtype=np.float32)
    arriving: deque[tuple[np.ndarray, Callable[[], np.ndarray]]] = deque()
    for rows, states in encoded_batches(model, notes, precision):
        size = max(1, ARRIVING // max(1, queries.shape[1])) if states.states.is_cuda else len(rows)
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            own = NoteStates(*(tensor[part] for tensor in states))
            arriving.append((rows[part], _sent(score_states(model, own, queries, precision))))
            if len(arriving) > 1:
                row, logits = arriving.popleft()
                out[row] = logits()
    for row, logits in arriving:
        out[row] = logits()
    return out


def _sent(found: Tensor) -> Callable[[], np.ndarray]:
    """Sends a result to the CPU, and returns what waits for it: a GPU computes the next meanwhile."""
    if not found.is_cuda:
        return found.numpy
    here = torch.empty_like(found, device="cpu", pin_memory=True).copy_(found, non_blocking=True)
    sent = torch.cuda.current_stream(found.device).record_event()

    def arrived() -> np.ndarray:
        sent.synchronize()
        return here.numpy()

    return arrived
