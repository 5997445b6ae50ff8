"""Label attention (paper, equations 3 and 4) on a GPU in training: all heads at once, and where torch's fused attention
can, all notes.

A CPU does it head by head in chunks that fit its caches (``label_attention``). Here that would be thousands of small
kernels, which take longer to start than to run. Shapes: N notes, T' positions, L codes, M heads, d state size, s shared
size.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from icdbridge.models.kernels.label_attention import chunks
from icdbridge.models.kernels.products import ALIGNED

CELLS = 2**28  # heads × codes × positions whose scores are held at once, in fp32
QUERIES = 2**29  # numbers of queries, repeated for each note, that are held at once
FUSED = 256  # the largest s and d that torch's fused attention reads


def batch_contexts(states: Tensor, keys: Tensor, mask: Tensor, queries: Tensor, cells: int = CELLS) -> Tensor:
    """Contexts [N, L, M·d] of states [N, T', d] by keys [N, M, T', s] where ``mask`` [N, T'] says so, for queries
    [M, L, s], all of one precision. Sums and softmax are fp32. Where the sizes allow it, torch's fused attention holds
    no scores at all.
    """
    if fused(states, queries.shape[2]) and _has_flash(states.device):
        most = max(1, QUERIES // queries.numel())
        parts = zip(*(torch.split(tensor, most) for tensor in (states, keys, mask)), strict=True)
        found = [_flash_contexts(own, key, inside, queries) for own, key, inside in parts]
        return found[0] if len(found) == 1 else torch.cat(found)
    lengths = mask.sum(dim=1).tolist()
    contexts: Tensor = _Attention.apply(states, keys, queries, lengths, cells)  # type: ignore[no-untyped-call]
    return contexts.flatten(2)


def fused(states: Tensor, shared: int) -> bool:
    """Whether torch's fused attention reads states of this kind by queries of ``shared`` numbers."""
    fits = states.shape[-1] == shared <= FUSED and shared % ALIGNED == 0
    return fits and states.is_cuda and states.dtype != torch.float32


def _has_flash(device: torch.device) -> bool:
    ampere = torch.cuda.get_device_capability(device) >= (8, 0)
    return ampere and bool(torch.backends.cuda.is_flash_attention_available())


def _flash_contexts(states: Tensor, keys: Tensor, mask: Tensor, queries: Tensor) -> Tensor:
    """All notes in one call. Each note is two sequences to it: its positions, which all queries read, and its padding,
    which none does; so nothing is moved, and the host needs no lengths.
    """
    count, longest = mask.shape
    heads, codes, _ = queries.shape
    notes = torch.arange(count, device=mask.device, dtype=torch.int32)
    inside = mask.sum(1, dtype=torch.int32)
    found: Tensor = torch.ops.aten._flash_attention_forward(
        queries.transpose(0, 1).expand(count, -1, -1, -1).flatten(0, 1),
        keys.transpose(1, 2).flatten(0, 1),
        states.flatten(0, 1)[:, None].expand(-1, heads, -1),
        _bounds(notes * codes, (notes + 1) * codes, count * codes),
        _bounds(notes * longest, notes * longest + inside, count * longest),
        codes,
        longest,
        0.0,
        False,
        False,
        scale=1.0,
    )[0]
    return found.view(count, codes, -1)


def _bounds(starts: Tensor, middles: Tensor, end: int) -> Tensor:
    """Where the first and the second sequence of each note begin, and the last one ends: [2N + 1]."""
    return functional.pad(torch.stack([starts, middles], dim=1).flatten(), (0, 1), value=end)


class _Attention(torch.autograd.Function):
    """Note by note (``lengths`` positions), holding ``cells`` scores at once; the backward pass computes them anew."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, keys: Tensor, queries: Tensor, lengths: Sequence[int], cells: int
    ) -> Tensor:
        heads, codes, _ = queries.shape
        contexts = states.new_empty(len(states), codes, heads, states.shape[2])
        with torch.autocast(states.device.type, enabled=False):
            for note, length in enumerate(lengths):
                inside = slice(0, length + -length % ALIGNED)
                values = states[note, inside].expand(heads, -1, -1)
                for rows in chunks(codes, max(1, cells // (heads * length))):
                    weights = attention_weights(queries[:, rows], keys[note, :, inside], length)
                    torch.bmm(weights, values, out=contexts[note, rows].transpose(0, 1))
        ctx.save_for_backward(states, keys, queries)
        ctx.settings = lengths, cells
        return contexts

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        states, keys, queries = ctx.saved_tensors
        lengths, cells = ctx.settings
        heads, codes, _ = queries.shape
        of_states, of_keys = torch.zeros_like(states), torch.zeros_like(keys)
        of_queries = torch.zeros_like(queries, dtype=torch.promote_types(queries.dtype, torch.float32))
        gradient = gradient.to(states.dtype)
        with torch.autocast(states.device.type, enabled=False):
            for note, length in enumerate(lengths):
                inside = slice(0, length + -length % ALIGNED)
                values, own = states[note, inside], keys[note, :, inside]
                for rows in chunks(codes, max(1, cells // (heads * length))):
                    asked = queries[:, rows]
                    weights = attention_weights(asked, own, length)
                    upper = gradient[note, rows].transpose(0, 1).contiguous()  # [M, l, d]
                    of_states[note, inside].addmm_(weights.flatten(0, 1).T, upper.flatten(0, 1))
                    of_scores = torch._softmax_backward_data(upper @ values.T, weights, 2, states.dtype)
                    of_queries[:, rows] += of_scores @ own
                    of_keys[note, :, inside].baddbmm_(of_scores.transpose(1, 2), asked)
        return of_states, of_keys, of_queries.to(queries.dtype), None, None


def attention_weights(queries: Tensor, keys: Tensor, length: int) -> Tensor:
    """Attention [M, l, T'] of queries [M, l, s] over keys [M, T', s], none beyond ``length``."""
    scores = attention_scores(queries, keys)
    scores[..., length:] = -torch.inf
    return torch.softmax(scores, dim=2).to(queries.dtype)


def attention_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Scores [M, l, T'] in fp32, or wider."""
    if queries.is_cuda and queries.dtype != torch.float32:
        return torch.bmm(queries, keys.transpose(1, 2), out_dtype=torch.float32)
    wide = torch.promote_types(queries.dtype, torch.float32)
    return torch.bmm(queries.to(wide), keys.transpose(1, 2).to(wide))
