"""Scores notes on a GPU, for inference: label attention and the classifier (paper, equations 3 to 6).

Shapes: N notes, T' positions, L codes, M heads, d state size, s shared size, h hidden size.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from icdbridge.models.kernels.gpu_attention import CELLS, attention_scores, attention_weights, fused
from icdbridge.models.kernels.own_kernels import own_kernels
from icdbridge.models.kernels.products import ALIGNED

ROWS = 2**18  # notes × codes whose contexts are held at once
BUILT = (16, 32, 64, 128, 256)  # the s that our own kernel for attention takes
# not cuDNN's, which plans each length anew
FUSED_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def fits_half(states: Tensor, first: nn.Linear) -> bool:
    """Whether fp16 can hold the states [N, T', d] and all that the layer ``first`` can make of their means."""
    largest = torch.linalg.vector_norm(states, torch.inf, dtype=torch.float32)
    found = largest * first.weight.abs().sum(1).amax() + first.bias.abs().amax()
    return bool(torch.maximum(largest, found) < torch.finfo(torch.float16).max)


def batch_logits(
    states: Tensor, keys: Tensor, mask: Tensor, queries: Tensor, first: nn.Linear, last: nn.Linear
) -> Tensor:
    """Logits [N, L] in fp32 of states [N, T', d] by keys [N, M, T', s] where ``mask`` [N, T'] says so, for queries
    [M, L, s], all of one precision; ``first`` (M·d to h) and ``last`` (h to 1) are the layers of the classifier.
    """
    codes, size = queries.shape[1:]
    with torch.autocast(states.device.type, enabled=False):
        weight, bias = first.weight.to(states.dtype), first.bias.to(states.dtype)
        own = own_kernels() if fused(states, size) and size in BUILT else None
        if own is None:
            each = zip(states, keys, mask.sum(1).tolist(), strict=True)
            return torch.stack(
                [
                    _note_logits(one[:length], key[:, :length], queries, weight, bias, last)
                    for one, key, length in each
                ]
            )
        parts = (torch.split(tensor, max(1, ROWS // max(1, codes))) for tensor in (states, keys, mask))
        logits = [
            _classified(
                own.attend(one, key, inside.sum(1, dtype=torch.int32), queries).view(-1, len(weight)),
                weight.T,
                bias,
                last,
            )
            for one, key, inside in zip(*parts, strict=True)
        ]
        return torch.cat(logits).view(-1, codes)


def _note_logits(
    states: Tensor, keys: Tensor, queries: Tensor, weight: Tensor, bias: Tensor, last: nn.Linear
) -> Tensor:
    """Logits [L] of one note: states [T', d], keys [M, T', s]."""
    heads, (length, size) = len(keys), states.shape
    padding = 0, 0, 0, -length % ALIGNED
    states, keys = functional.pad(states, padding), functional.pad(keys, padding)
    values = states.expand(heads, -1, -1)
    # as in ``score_note``, it takes fewer operations for a short note to multiply its states by the first layer before
    short = length * (heads - 1) < heads * size and not fused(states, keys.shape[2])
    by_head = weight.view(len(weight), heads, size).permute(1, 2, 0)
    factor = torch.bmm(values, by_head).flatten(0, 1) if short else weight.T
    logits = []
    for part in torch.split(queries, max(1, min(ROWS, CELLS // (heads * len(states)))), dim=1):
        if fused(states, keys.shape[2]):
            with sdpa_kernel(FUSED_KERNELS):
                own = keys[None, :, :length], values[None, :, :length]
                contexts = functional.scaled_dot_product_attention(part[None], *own, scale=1.0)
            inputs = contexts[0].transpose(0, 1)
        elif short:
            inputs = _weights(part, keys, length)
        else:
            inputs = states.new_empty(part.shape[1], heads, size)
            weights = _weights(part, keys, length).transpose(0, 1)
            torch.bmm(weights, values, out=inputs.transpose(0, 1))
        logits.append(_classified(inputs.flatten(1), factor, bias, last))
    return torch.cat(logits)


def _weights(queries: Tensor, keys: Tensor, length: int) -> Tensor:
    """Attention [L, M, T'] of queries [M, L, s] over keys [M, T', s], none beyond ``length``."""
    if queries.is_cuda and (own := own_kernels()):
        return own.softmax(attention_scores(queries, keys), length, queries.dtype)
    return attention_weights(queries, keys, length).transpose(0, 1)


def _classified(inputs: Tensor, factor: Tensor, bias: Tensor, last: nn.Linear) -> Tensor:
    """``last`` of the ReLU of a product, in fp32."""
    hidden = torch._addmm_activation(bias, inputs, factor)
    if hidden.is_cuda and hidden.dtype != torch.float32:
        return torch.mm(hidden, last.weight.T.to(hidden.dtype), out_dtype=torch.float32)[:, 0] + last.bias
    return last(hidden.to(last.weight.dtype))[:, 0]
