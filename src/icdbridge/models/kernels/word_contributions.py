"""How much each word of a note adds to the logits of some codes, in closed form: no backward pass.

A contribution is gradient x input (Simonyan et al. 2013): the derivative of a code's logit by the length of what stands
for the word. With label attention a = softmax(scores), the context c = Σ a_t h_t of a code and the gradient g of its
logit by c, position t counts a_t (g · h_t) as value, and v_t - a_t Σ v times its score as key, v_t = a_t (g · h_t). Of
a word that is a part of several positions, its own parts take the place of h_t and of the key.
Shapes: M heads, L codes, T words, T' positions, W positions that a word is part of, d state size, s query size.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Parts(NamedTuple):
    """What words are of positions: ``states`` [U, W, d] of the different words, of which word t is ``which`` [T], and
    ``keys`` [M, T, W, s] of word t as part of the positions from t - ``before`` on.
    """

    states: Tensor
    which: Tensor
    keys: Tensor
    before: int


def whole_positions(states: Tensor, keys: Tensor, words: int) -> Parts:
    """Where each of the first ``words`` positions stands for its word: states [T', d], keys [M, T', s]."""
    return Parts(states[:words, None], torch.arange(words, device=states.device), keys[:, :words, None], 0)


def around(of_positions: Tensor, words: int, before: int, width: int) -> Tensor:
    """[..., T'] by word and position that it is part of: [..., T, W], 0 where there is no such position."""
    after = words + width - 1 - before - of_positions.shape[-1]
    padded = functional.pad(of_positions, (before, max(after, 0)))
    return padded[..., : words + width - 1].unfold(-1, width, 1)


def seen_by(of_positions: Tensor, words: int, before: int, width: int) -> Tensor:
    """As ``around`` for rows: [T', ...] to [T, W, ...], each row as it lies in memory."""
    after = words + width - 1 - before - len(of_positions)
    beside = [0] * (2 * of_positions.dim() - 2)
    padded = functional.pad(of_positions, [*beside, before, max(after, 0)])
    return padded[: words + width - 1].unfold(0, width, 1).movedim(-1, 1)


def contributions(
    states: Tensor, keys: Tensor, queries: Tensor, gradient: Callable[[Tensor], Tensor], parts: Parts
) -> Tensor:
    """[L, T] of a note, states [T', d] and keys [M, T', s], for queries [M, L, s]. ``gradient`` makes of contexts
    [M, L, d] the gradients of the logits by them.
    """
    heads, codes, _ = queries.shape
    different, width, size = parts.states.shape
    words = len(parts.which)

    def by_head(vectors: Tensor) -> Tensor:
        """Queries times vectors [M, n, s]: [M, L, n]; head by head, as a product of all would copy them first."""
        return torch.stack([query @ own.T for query, own in zip(queries, vectors, strict=True)])

    def alike(vectors: Tensor) -> Tensor:
        """Gradients times vectors [n, d] that all heads share: [M, L, n]."""
        return (upper @ vectors.T).view(heads, codes, -1)

    scores = by_head(keys)
    weights = scores.softmax(dim=-1)
    upper = gradient(weights @ states).flatten(0, 1)
    by_value = weights * alike(states)
    by_score = by_value - weights * by_value.sum(dim=-1, keepdim=True)
    shape = heads, codes, words, width
    of_different = alike(parts.states.reshape(-1, size)).view(heads, codes, different, width)
    as_value = of_different.index_select(2, parts.which) * around(weights, words, parts.before, width)
    as_key = by_head(parts.keys.flatten(1, 2)).view(shape) * around(by_score, words, parts.before, width)
    return (as_value + as_key).sum(dim=(0, 3))
