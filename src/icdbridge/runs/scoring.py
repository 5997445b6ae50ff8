"""Exact scoring in bounded memory: notes of like length together, codes encoded once and taken in chunks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from icdbridge.models import CodingModel, NoteStates
from icdbridge.models.kernels.half_recurrence import half_weights
from icdbridge.models.kernels.products import fast_products
from icdbridge.progress import progress_bar
from icdbridge.text import UNKNOWN_ID

BATCH_WORDS = 16_384  # words, padding included, of one batch of notes
CELLS = 2**25  # notes × heads × codes × positions scored at once
MARGIN = 0.05  # logits: bf16 moves one by less (docs/performance.md)

Precision = Literal["fp32", "bf16"]


class Features(NamedTuple):
    """Lexical features float32 [n, L, F] ``of`` the notes with such numbers, and the number of their version."""

    of: Callable[[np.ndarray], np.ndarray]
    version: int


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


def length_batches(lengths: np.ndarray, words: int = BATCH_WORDS) -> Iterator[np.ndarray]:
    """Row numbers of sequences of like length, at most ``words`` a batch with padding (or one sequence)."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, words // max(int(lengths[order[start]]), 1))
        yield order[start : start + size]
        start += size


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
    for rows in length_batches(lengths.clip(min=width)):
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
    """Encoded notes (word ids) in fp32; with ``bf16`` a recurrence reads them by weights of half precision."""
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


@torch.inference_mode()
def settle(
    model: CodingModel,
    note: np.ndarray,
    queries: Tensor,
    logits: Tensor,
    features: Features | None = None,
    cuts: np.ndarray | None = None,
    number: int = 0,
) -> Tensor:
    """Logits [L] of one note (word ids) as they decide, from those of attention.

    What the ``features`` of the note, by its ``number``, say joins them. With ``cuts`` [L], the logits above which
    codes are predicted, those that bf16 leaves within ``MARGIN`` of theirs are scored anew in fp32: a few, so that
    bf16 decides as fp32 does.
    """

    found = None if features is None else torch.from_numpy(features.of(np.array([number]))).to(logits.device)

    def joined(attention: Tensor, columns: Tensor | slice) -> Tensor:
        if features is None or found is None:
            return attention
        return model.combine(attention[None], found[:, columns], features.version)[0]

    whole = joined(logits, slice(None))
    if cuts is not None:
        near = (whole - torch.from_numpy(cuts).to(whole)).abs().lt(MARGIN).nonzero()[:, 0]
        if len(near):
            states = read_notes(model, [note], device=queries.device)
            whole[near] = joined(score_states(model, states, queries[:, near])[0], near)
    return whole


@torch.inference_mode()
def score_notes(
    model: CodingModel,
    notes: Sequence[np.ndarray],
    queries: Tensor,
    out: np.ndarray | None = None,
    description: str | None = None,
    features: Features | None = None,
    precision: Precision = "fp32",
    cuts: np.ndarray | None = None,
) -> np.ndarray:
    """Logits float32 [N, L] of notes (word ids) for encoded codes, written into ``out`` when given.

    ``description`` names a progress bar. ``features`` are for a model that reads lexical features, ``cuts`` [L] for
    decisions (``settle``). No result depends on how notes are batched or codes chunked.
    """
    model.eval()
    device = next(model.parameters()).device
    if out is None:
        out = np.empty((len(notes), queries.shape[1]), dtype=np.float32)
    lengths = np.array([len(notes[i]) for i in range(len(notes))], dtype=np.int64)
    with progress_bar() as bar:
        task = bar.add_task(description or "", total=len(notes), visible=description is not None)
        for rows in length_batches(lengths.clip(min=model.padded_words)):
            states = read_notes(model, [notes[i] for i in rows], precision, device)
            logits = score_states(model, states, queries, precision)
            if features is not None or cuts is not None:
                for place, row in enumerate(rows):  # one by one, so that memory is bounded
                    logits[place] = settle(model, notes[row], queries, logits[place], features, cuts, row)
            out[rows] = logits.cpu().numpy()
            bar.advance(task, len(rows))
    return out
