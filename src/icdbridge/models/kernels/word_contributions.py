"""Computes how much each word of a note adds to the logits of some codes, in closed form, without a backward pass.

A contribution is gradient x input (Simonyan et al. 2013): the derivative of a code's logit by the length of the word's
representation. With label attention a = softmax(scores), the context c = Σ a_t h_t of a code and the gradient g of its
logit by c, position t counts a_t (g · h_t) as value, and v_t - a_t Σ v times its score as key, with v_t = a_t (g ·
h_t). For a word that is part of several positions, its own parts replace h_t and the key. Shapes: M heads, L codes, T
words, T' positions, W positions that a word is part of, d state size, s query size.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from icdbridge.models.kernels.label_attention import chunks

CODES = 16  # whose contributions are found together


class Parts(NamedTuple):
    """What words are of positions: ``by_states`` multiplies vectors [n, d] by the states of the different words, to
    [n, W, U]; word t is ``which`` [T] of these, and has ``keys`` [M, W, T, s] as part of the positions from
    t - ``before`` on.
    """

    by_states: Callable[[Tensor], Tensor]
    which: Tensor
    keys: Tensor
    before: int


def whole_positions(states: Tensor, keys: Tensor, words: int) -> Parts:
    """Where each of the first ``words`` positions stands for its word: states [T', d], keys [M, T', s]."""
    own, which = states[:words].T, torch.arange(words, device=states.device)
    return Parts(lambda vectors: (vectors @ own)[:, None], which, keys[:, None, :words], 0)


def around(of_positions: Tensor, words: int, before: int, width: int) -> Tensor:
    """[..., T'] by position that a word is part of, and word: [..., W, T], 0 where there is no such position."""
    after = words + width - 1 - before - of_positions.shape[-1]
    padded = functional.pad(of_positions, (before, max(after, 0)))
    return padded[..., : words + width - 1].unfold(-1, words, 1)


def seen_by(of_positions: Tensor, words: int, before: int, width: int) -> Tensor:
    """As ``around`` for rows: [T', ...] to [W, T, ...], each row as it lies in memory."""
    after = words + width - 1 - before - len(of_positions)
    beside = [0] * (2 * of_positions.dim() - 2)
    padded = functional.pad(of_positions, [*beside, before, max(after, 0)])
    return padded[: words + width - 1].unfold(0, words, 1).movedim(-1, 1)


def contributions(
    states: Tensor, keys: Tensor, queries: Tensor, gradient: Callable[[slice, Tensor], Tensor], parts: Parts
) -> Tensor:
    """[L, T] of a note, states [T', d] and keys [M, T', s], for queries [M, L, s]. ``gradient`` makes of some
    of the codes and their contexts [M, l, d] the gradients of their logits.
    """
    found = [
        _of_codes(states, keys, queries[:, rows], partial(gradient, rows), parts)
        for rows in chunks(queries.shape[1], CODES)
    ]
    return torch.cat(found)


def _of_codes(
    states: Tensor, keys: Tensor, queries: Tensor, gradient: Callable[[Tensor], Tensor], parts: Parts
) -> Tensor:
    heads, codes, _ = queries.shape
    width, words = parts.keys.shape[1:3]

    def by_head(vectors: Tensor) -> Tensor:
        """Queries times vectors [M, n, s]: [M, L, n]; head by head, as a product of all would copy them first."""
        return torch.stack([query @ own.T for query, own in zip(queries, vectors, strict=True)])

    weights = by_head(keys).softmax(dim=-1)
    upper = gradient(weights @ states).flatten(0, 1)
    by_value = weights * (upper @ states.T).view_as(weights)
    by_score = by_value - weights * by_value.sum(dim=-1, keepdim=True)
    shape = heads, codes, width, words
    as_value = parts.by_states(upper).index_select(2, parts.which).view(shape)
    as_value *= around(weights, words, parts.before, width)
    as_key = by_head(parts.keys.flatten(1, 2)).view(shape)
    as_key *= around(by_score, words, parts.before, width)
    return (as_value + as_key).sum(dim=(0, 2))
