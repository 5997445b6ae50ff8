"""Label attention (paper, equations 3 and 4) on a GPU in half precision: all heads of a note at once.

A CPU does it head by head in chunks that fit its caches (``label_attention``). Here that would be thousands of small
kernels, which take longer to start than to run. Shapes: T' positions, L codes, M heads, d state size, s shared size.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from icdbridge.models.kernels.label_attention import chunks

CELLS = 2**28  # heads × codes × positions whose scores are held at once, in fp32
CODES = 2**15  # whose contexts are held at once, in scoring
FUSED = 256  # the largest s and d that torch's fused attention reads
# not cuDNN's, which plans each length anew
KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
ALIGNED = 8  # numbers of half precision: matrix units read rows of a multiple of this fastest


def note_contexts(states: Tensor, keys: Tensor, queries: Tensor, cells: int = CELLS) -> Tensor:
    """Contexts [L, M·d] of one note's states [T', d] by keys [M, T', s], for queries [M, L, s], all of one precision.

    Sums and softmax are fp32. Where the sizes allow it, torch's fused attention holds no scores at all.
    """
    heads, (length, size) = len(keys), states.shape
    if states.is_cuda and states.dtype != torch.float32 and size == keys.shape[2] <= FUSED:
        values = states.contiguous().expand(1, heads, length, size)
        with sdpa_kernel(KERNELS):
            found = functional.scaled_dot_product_attention(queries[None], keys[None], values, scale=1.0)
        return found[0].transpose(0, 1).flatten(1)
    padding = 0, 0, 0, -length % ALIGNED
    contexts: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        functional.pad(states, padding),
        functional.pad(keys, padding),
        queries,
        length,
        max(1, cells // (heads * length)),
    )
    return contexts.flatten(1)


def note_logits(
    states: Tensor, keys: Tensor, queries: Tensor, first: nn.Linear, last: nn.Linear, codes: int = CODES
) -> Tensor:
    """Logits [L] in fp32 (equations 4 to 6) of one note, for inference only: as ``note_contexts``, through the layers
    of the classifier, so many ``codes`` at once.
    """
    with torch.autocast(states.device.type, enabled=False):
        weight, bias = first.weight.to(states.dtype), first.bias.to(states.dtype)
        logits = []
        for part in torch.split(queries, codes, dim=1):
            hidden = torch.addmm(bias, note_contexts(states, keys, part), weight.T).relu_()
            logits.append(last(hidden.to(last.weight.dtype))[:, 0])
        return torch.cat(logits)


class _Attention(torch.autograd.Function):
    """Positions beyond ``length`` are padding. The backward pass computes the scores anew, like the forward pass
    ``chunk`` codes at once.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, keys: Tensor, queries: Tensor, length: int, chunk: int) -> Tensor:
        heads, codes, _ = queries.shape
        size = states.shape[1]
        contexts = states.new_empty(codes, heads, size)
        with torch.autocast(states.device.type, enabled=False):
            for rows in chunks(codes, chunk):
                weights = _weights(queries[:, rows], keys, length)
                contexts[rows] = (weights.flatten(0, 1) @ states).view(heads, -1, size).transpose(0, 1)
        ctx.save_for_backward(states, keys, queries)
        ctx.settings = length, chunk
        return contexts

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        states, keys, queries = ctx.saved_tensors
        length, chunk = ctx.settings
        of_states, of_keys, of_queries = (torch.zeros_like(one) for one in (states, keys, queries))
        with torch.autocast(states.device.type, enabled=False):
            for rows in chunks(queries.shape[1], chunk):
                weights = _weights(queries[:, rows], keys, length)
                upper = gradient[rows].transpose(0, 1).to(states.dtype)  # [M, l, d]
                of_states += weights.flatten(0, 1).T @ upper.flatten(0, 1)
                of_scores = torch._softmax_backward_data(upper @ states.T, weights, 2, states.dtype)
                of_queries[:, rows] = of_scores @ keys
                of_keys += of_scores.transpose(1, 2) @ queries[:, rows]
        return of_states, of_keys, of_queries, None, None


def _weights(queries: Tensor, keys: Tensor, length: int) -> Tensor:
    """Attention [M, l, T'] of queries [M, l, s] over keys [M, T', s], none beyond ``length``."""
    if queries.is_cuda and queries.dtype != torch.float32:
        scores = torch.bmm(queries, keys.transpose(1, 2), out_dtype=torch.float32)
    else:
        wide = torch.promote_types(queries.dtype, torch.float32)
        scores = torch.bmm(queries.to(wide), keys.transpose(1, 2).to(wide))
    scores[..., length:] = -torch.inf
    return torch.softmax(scores, dim=2).to(queries.dtype)
