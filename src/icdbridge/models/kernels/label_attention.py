"""Label attention (paper, equations 3 and 4) note by note, without padding, and in chunks of codes.

Scores of notes × heads × codes × words are not held: training computes them anew in the backward pass, as in Dao et al.
2022, "FlashAttention", but for what ``KEPT`` bytes hold. Scores and their softmax are fp32; all other products are of
the precision that autocast asks for. Shapes: N notes, T' positions, L codes, M heads, d state size, s shared size.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from icdbridge.models.kernels.products import fast_products, product_dtype

KEPT = 2**26  # bytes of attention that training keeps for the backward pass


def label_contexts(
    states: Tensor, keys: Tensor, lengths: Sequence[int], queries: Tensor, chunk: int
) -> Tensor:
    """Contexts [N, L, M·d] (heads side by side) of states [N, T', d] by keys [N, M, T', s], queries [M, L, s].

    ``lengths`` says how many positions of each note are valid; ``chunk`` codes are attended at once.
    """
    return _LabelAttention.apply(  # type: ignore[no-untyped-call]
        states, keys, queries, lengths, chunk, product_dtype(states)
    )


class _LabelAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        keys: Tensor,
        queries: Tensor,
        lengths: Sequence[int],
        chunk: int,
        dtype: torch.dtype,
    ) -> Tensor:
        heads, codes, _ = queries.shape
        size = states.shape[2]
        contexts = torch.empty(len(states), codes, heads * size, dtype=dtype, device=states.device)
        with torch.autocast(states.device.type, enabled=False):
            queries = queries.contiguous()
            kept: dict[tuple[int, int], Tensor] = {}
            room = KEPT // dtype.itemsize
            for note, length in enumerate(lengths):
                values = states[note, :length].to(dtype)
                for head in range(heads):
                    columns = slice(head * size, (head + 1) * size)
                    if codes * length <= room:
                        kept[note, head] = torch.empty(codes, length, dtype=dtype, device=states.device)
                        room -= codes * length
                    held = kept.get((note, head))
                    for rows, weights in _weights(keys[note, head, :length], queries[head], chunk):
                        narrow = weights.to(dtype) if held is None else held[rows].copy_(weights)
                        torch.mm(narrow, values, out=contexts[note, rows, columns])
        ctx.save_for_backward(states, keys, queries)
        ctx.settings = lengths, chunk, dtype, kept
        return contexts

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        states, keys, queries = ctx.saved_tensors
        lengths, chunk, dtype, kept = ctx.settings
        heads, codes, _ = queries.shape
        size = states.shape[2]
        wide = torch.promote_types(states.dtype, torch.float32)  # sums are not kept in bf16
        of_states, of_keys = torch.zeros_like(states), torch.zeros_like(keys)
        of_queries = torch.zeros_like(queries, dtype=wide)
        narrow_queries = queries.to(dtype)
        with torch.autocast(states.device.type, enabled=False), fast_products():
            for note, length in enumerate(lengths):
                values = states[note, :length].to(dtype)
                of_values = torch.zeros_like(values, dtype=wide)
                for head in range(heads):
                    columns = slice(head * size, (head + 1) * size)
                    note_keys = keys[note, head, :length]
                    of_note_keys = torch.zeros_like(note_keys, dtype=wide)
                    narrow_keys = note_keys.to(dtype).contiguous()
                    held = kept.pop((note, head), None)
                    for rows, weights in (
                        _weights(note_keys, queries[head], chunk)
                        if held is None
                        else ((rows, held[rows]) for rows in chunks(codes, chunk))
                    ):
                        narrow = weights.to(dtype)
                        upper = gradient[note, rows, columns].to(dtype)
                        of_values += narrow.T @ upper
                        of_scores = torch._softmax_backward_data(upper @ values.T, narrow, 1, dtype)
                        of_queries[head, rows] += of_scores @ narrow_keys
                        of_note_keys += of_scores.T @ narrow_queries[head, rows]
                    of_keys[note, head, :length] = of_note_keys
                of_states[note, :length] = of_values
        return of_states, of_keys, of_queries.to(queries.dtype), None, None, None


def chunks(codes: int, chunk: int) -> Iterator[slice]:
    """So many codes, ``chunk`` at a time."""
    for start in range(0, codes, chunk):
        yield slice(start, min(start + chunk, codes))


def _weights(keys: Tensor, queries: Tensor, chunk: int) -> Iterator[tuple[slice, Tensor]]:
    """Attention [chunk, T] of chunks of ``queries`` [L, s] over ``keys`` [T, s], in a buffer used again."""
    wide = torch.promote_types(keys.dtype, torch.float32)
    keys, queries = keys.to(wide), queries.to(wide)
    buffer = torch.empty(min(chunk, len(queries)), len(keys), dtype=wide, device=keys.device)
    for rows in chunks(len(queries), chunk):
        weights = buffer[: rows.stop - rows.start]
        torch.mm(queries[rows], keys.T, out=weights)
        torch.softmax(weights, dim=1, out=weights)
        yield rows, weights


def score_note(
    states: Tensor, keys: Tensor, queries: Tensor, first: nn.Linear, last: nn.Linear, chunk: int
) -> Tensor:
    """Logits [L] of one note: states [T, d], keys [M, T, s], for queries [M, L, s]; for inference only.

    Equations 4 to 6; ``first`` and ``last`` are the layers of the classifier. Its first layer W on a code's
    contexts Aₘ·H is Σₘ Aₘ·(H·Wₘᵀ): for a note of fewer than M·d / (M - 1) positions it takes fewer operations
    to multiply H by W first.
    """
    dtype, (heads, codes, _), (length, size) = product_dtype(states), queries.shape, states.shape
    logits = torch.empty(codes, dtype=states.dtype, device=states.device)
    with torch.autocast(states.device.type, enabled=False):
        weight, bias, values = first.weight.to(dtype), first.bias.to(dtype), states.to(dtype)
        by_head = weight.view(len(weight), heads, size)
        short = length * (heads - 1) < heads * size
        width = length if short else size
        # the second factor of the first layer's product: [M·T, M·d] for a short note, else W itself
        factor = torch.cat([values @ by_head[:, head].T for head in range(heads)]) if short else weight.T
        chunk = min(chunk, codes)
        inputs = torch.empty(chunk, heads * width, dtype=dtype, device=states.device)
        hidden = torch.empty(chunk, len(weight), dtype=dtype, device=states.device)
        scores = torch.empty(chunk, length, dtype=states.dtype, device=states.device)
        narrow = scores if dtype == scores.dtype else torch.empty_like(scores, dtype=dtype)
        for start in range(0, codes, chunk):
            rows = min(chunk, codes - start)
            for head in range(heads):
                torch.mm(queries[head, start : start + rows], keys[head].T, out=scores[:rows])
                torch.softmax(scores[:rows], dim=1, out=scores[:rows])
                part = inputs[:rows, head * width : (head + 1) * width]
                if short:
                    part.copy_(scores[:rows])
                    continue
                if narrow is not scores:
                    narrow[:rows].copy_(scores[:rows])
                torch.mm(narrow[:rows], values, out=part)
            torch.addmm(bias, inputs[:rows], factor, out=hidden[:rows]).relu_()
            logits[start : start + rows] = last(hidden[:rows].to(states.dtype))[:, 0]
    return logits
