"""The last states of a bidirectional GRU over many short sequences that begin or end alike: code descriptions.

Of 8,192 ICD-10 codes every second word follows a beginning that an earlier description has too. A state depends only on
what was read so far. So each different beginning (for the other direction, each different end) is read once: the
sequences form a tree, a level a word.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from icdbridge.models.kernels.products import fast_products, product_dtype

ROWS = 1024  # nodes at once: what is made for them stays in the processor's caches


class Tree(NamedTuple):
    """``parents`` and ``words`` of each level's nodes: the parent's place in the level above, the last word's number;
    ``ends`` [N]: each sequence's node, counted through all levels.
    """

    parents: list[Tensor]
    words: list[Tensor]
    ends: Tensor


def make_tree(words: np.ndarray, lengths: np.ndarray) -> Tree:
    """The tree of sequences [N, T] of word numbers, of at least one word each."""
    node = np.zeros(len(words), dtype=np.int64)
    ends = np.zeros(len(words), dtype=np.int64)
    distinct = int(words.max(initial=0)) + 1
    parents, last, before = [], [], 0
    for level in range(int(lengths.max(initial=0))):
        inside = lengths > level
        keys, own = np.unique(node[inside] * distinct + words[inside, level], return_inverse=True)
        node[inside] = own
        ends[inside] = before + own
        before += len(keys)
        parents.append(torch.from_numpy(keys // distinct))
        last.append(torch.from_numpy(keys % distinct))
    return Tree(parents, last, torch.from_numpy(ends))


def last_states(rnn: nn.GRU, embedding: nn.Embedding, words: Tensor, lengths: Tensor) -> Tensor:
    """[N, 2h] of word ids [N, T] and lengths [N] of at least 1: both directions' last states, side by side."""
    distinct, numbers = torch.unique(words, return_inverse=True)
    embedded = embedding(distinct)
    dtype = product_dtype(embedded)
    numbered, sizes = numbers.numpy(), lengths.numpy()
    place = np.arange(numbered.shape[1])
    backwards = np.take_along_axis(numbered, np.abs(sizes[:, None] - 1 - place) % numbered.shape[1], 1)
    sides = []
    for sequences, suffix in ((numbered, "_l0"), (backwards, "_l0_reverse")):
        input_weight, hidden_weight, input_bias, hidden_bias = (
            rnn.get_parameter(name + suffix) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        with torch.autocast(words.device.type, enabled=False):
            gates = functional.linear(embedded, input_weight, input_bias)  # of each word once
        sides.append(
            _TreeGRU.apply(gates, hidden_weight, hidden_bias, make_tree(sequences, sizes), dtype)  # type: ignore[no-untyped-call]
        )
    return torch.cat(sides, dim=1)


class _TreeGRU(torch.autograd.Function):
    """Last states [N, h] in a ``Tree`` from the words' gates [W, 3h]; the reset gate comes after the product."""

    @staticmethod
    def forward(
        ctx: Any,
        word_gates: Tensor,
        hidden_weight: Tensor,
        hidden_bias: Tensor,
        tree: Tree,
        dtype: torch.dtype,
    ) -> Tensor:
        size = hidden_weight.shape[1]
        nodes = sum(map(len, tree.words))
        gates = word_gates.new_empty(nodes, 3 * size, dtype=dtype)
        # Of the last state in the new gate, before reset.
        shares = word_gates.new_empty(nodes, size, dtype=dtype)
        states = word_gates.new_empty(nodes, size)
        transposed, bias = hidden_weight.to(dtype).T, hidden_bias.to(dtype)
        narrow = word_gates.to(dtype)
        with torch.autocast(word_gates.device.type, enabled=False), fast_products():
            for rows, above, parents, words in _tiles(tree):
                before = _before(states, above, parents)
                recurrent = torch.addmm(bias, before.to(dtype), transposed)
                gate = torch.index_select(narrow, 0, words, out=gates[rows])
                gate[:, : 2 * size].add_(recurrent[:, : 2 * size]).sigmoid_()
                reset, update, new = gate.chunk(3, dim=1)
                shares[rows] = recurrent[:, 2 * size :]
                new.addcmul_(reset, shares[rows]).tanh_()
                torch.lerp(new.to(states.dtype), before, update.to(states.dtype), out=states[rows])
        ctx.save_for_backward(hidden_weight, gates, shares, states)
        ctx.settings = tree, dtype, len(word_gates)
        return states[tree.ends]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        hidden_weight, gates, shares, states = ctx.saved_tensors
        tree, dtype, distinct = ctx.settings
        size = states.shape[1]
        of_states = torch.zeros_like(states)
        _add_rows(of_states, tree.ends, gradient)
        of_words = states.new_zeros(distinct, 3 * size)
        of_weight = torch.zeros_like(hidden_weight)
        of_bias = states.new_zeros(3 * size)
        weight = hidden_weight.to(dtype)
        with torch.autocast(states.device.type, enabled=False), fast_products():
            for rows, above, parents, words in reversed(list(_tiles(tree))):
                before, upper = _before(states, above, parents), of_states[rows]
                reset, update, new = gates[rows].to(states.dtype).chunk(3, dim=1)
                of_gates = states.new_empty(len(words), 3 * size)
                of_reset, of_update, of_new = of_gates.chunk(3, dim=1)
                torch.mul(upper, 1 - update, out=of_new).mul_(1 - new * new)
                torch.mul(upper, before - new, out=of_update).mul_(update * (1 - update))
                torch.mul(of_new, shares[rows], out=of_reset).mul_(reset * (1 - reset))
                _add_rows(of_words, words, of_gates)
                of_new.mul_(reset)
                of_bias += of_gates.sum(0)
                narrow = of_gates.to(dtype)
                of_weight += narrow.T @ before.to(dtype)
                if above is not None:
                    _add_rows(
                        of_states[above], parents, (narrow @ weight).to(states.dtype).addcmul_(upper, update)
                    )
        return of_words, of_weight, of_bias, None, None


def _tiles(tree: Tree) -> Iterator[tuple[slice, slice | None, Tensor, Tensor]]:
    """The nodes a few at a time, level by level: where they are, where the level above is, their parents and words."""
    start, above = 0, None
    for parents, words in zip(tree.parents, tree.words, strict=True):
        for first in range(0, len(words), ROWS):
            own = slice(first, first + ROWS)
            count = len(words[own])
            yield slice(start + first, start + first + count), above, parents[own], words[own]
        above = slice(start, start + len(words))
        start += len(words)


def _before(states: Tensor, above: slice | None, parents: Tensor) -> Tensor:
    """The states of the parents; 0 at the beginning."""
    if above is None:
        return states.new_zeros(len(parents), states.shape[1])
    return states[above].index_select(0, parents)


def _add_rows(total: Tensor, rows: Tensor, summands: Tensor) -> None:
    """Adds each row of ``summands`` to a row of ``total`` (faster than ``index_add_`` on a CPU)."""
    total.scatter_add_(0, rows[:, None].expand_as(summands), summands)
