"""Kernels for what torch's own do slowly, built by Triton, which comes with every torch for CUDA.

Sums and softmax are fp32. Shapes: N notes, T' positions, L codes, M heads, s size of states and keys, h hidden size.
"""

import torch
import triton
from torch import Tensor
from triton import language as tl

ROWS, COLUMNS = tl.constexpr(128), tl.constexpr(64)  # codes and positions whose scores one program holds
UNITS = tl.constexpr(16)  # numbers of a state that one program makes
PART = tl.constexpr(128)  # and that it reads at once
LOG2E = tl.constexpr(1.4426950408889634)


def attend(states: Tensor, keys: Tensor, lengths: Tensor, queries: Tensor) -> Tensor:
    """Contexts [N, L, M, s] of states [N, T', s] by keys [N, M, T', s], for queries [M, L, s]; ``lengths`` [N] says how
    many positions each note has. Torch's fused attention takes two thirds longer at s = 256.
    """
    heads, codes, size = queries.shape
    states = states.contiguous()
    contexts = states.new_empty(len(states), codes, heads, size)
    strides = (*queries.stride()[:2], *keys.stride()[:3], *states.stride()[:2])
    grid = triton.cdiv(codes, ROWS.value), heads, len(states)
    with torch.cuda.device_of(states):  # type: ignore[no-untyped-call]
        _attend[grid](queries, keys, states, lengths, contexts, codes, *strides, size, heads, num_warps=8)
    return contexts


def softmax(scores: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """Attention [L, M, T'], the softmax of scores [M, L, T'] over their first ``length`` positions; those beyond weigh
    nothing. T' is a multiple of 8.
    """
    heads, codes, positions = scores.shape
    weights = scores.new_empty(codes, heads, positions, dtype=dtype)
    block = triton.next_power_of_2(positions)
    warps = 4 if block < 4096 else 8
    with torch.cuda.device_of(scores):  # type: ignore[no-untyped-call]
        _softmax[(heads * codes,)](
            scores, weights, length, positions // 8, codes, heads, block, num_warps=warps
        )
    return weights


def read_position(gates: Tensor, state: Tensor, weight: Tensor, bias: Tensor, found: Tensor) -> None:
    """Writes a GRU's next states ``found`` [2, N, h], of both directions, from a position's ``gates`` [2, N, 3h] (the
    inputs' part) and the ``state`` [2, N, h] before it; hidden ``weight`` [2, 3h, h] and ``bias`` [2, 3h].
    """
    _, rows, size = state.shape
    ways = gates.stride(0), state.stride(0), found.stride(0)
    at_once = 16 if rows <= 16 else 32
    grid = size // UNITS.value, 2, triton.cdiv(rows, at_once)
    with torch.cuda.device_of(state):  # type: ignore[no-untyped-call]
        _read[grid](gates, state, weight, bias, found, rows, *ways, size, at_once, num_stages=4)


@triton.jit(do_not_specialize=["codes"])
def _attend(
    queries, keys, states, lengths, contexts, codes,
    query_head, query_code, key_note, key_head, key_place, state_note, state_place,
    SIZE: tl.constexpr, HEADS: tl.constexpr,
):  # fmt: skip
    note, head = tl.program_id(2).to(tl.int64), tl.program_id(1).to(tl.int64)
    rows = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    size, column = tl.arange(0, SIZE), tl.arange(0, COLUMNS)
    real = rows[:, None] < codes
    own = tl.load(
        queries + head * query_head + rows[:, None] * query_code + size[None, :], mask=real, other=0.0
    )
    key = keys + note * key_note + head * key_head + column[None, :] * key_place + size[:, None]
    state = states + note * state_note + column[:, None] * state_place + size[None, :]
    top = tl.full([ROWS], -float("inf"), tl.float32)
    total = tl.zeros([ROWS], tl.float32)
    found = tl.zeros([ROWS, SIZE], tl.float32)
    length = tl.load(lengths + note)
    whole = length // COLUMNS * COLUMNS
    for start in tl.range(0, whole, COLUMNS, num_stages=2):
        top, total, found = _more(
            own,
            key + start * key_place,
            state + start * state_place,
            column,
            COLUMNS,
            top,
            total,
            found,
            True,
        )
    if whole < length:
        top, total, found = _more(
            own,
            key + whole * key_place,
            state + whole * state_place,
            column,
            length - whole,
            top,
            total,
            found,
            False,
        )
    place = contexts + ((note * codes + rows[:, None]) * HEADS + head) * SIZE + size[None, :]
    tl.store(place, (found / total[:, None]).to(contexts.dtype.element_ty), mask=real)


@triton.jit
def _more(own, key, state, column, count, top, total, found, WHOLE: tl.constexpr):
    """Adds the first ``count`` of some positions, as Dao et al. 2022, "FlashAttention", do."""
    inside = column < count
    if WHOLE:
        scores = tl.dot(own, tl.load(key))
        values = tl.load(state)
    else:
        scores = tl.dot(own, tl.load(key, mask=inside[None, :], other=0.0))
        scores = tl.where(inside[None, :], scores, -float("inf"))
        values = tl.load(state, mask=inside[:, None], other=0.0)
    highest = tl.maximum(top, tl.max(scores, 1) * LOG2E)
    weights = tl.exp2(scores * LOG2E - highest[:, None])
    fade = tl.exp2(top - highest)
    found = tl.dot(weights.to(values.dtype), values, found * fade[:, None])
    return highest, total * fade + tl.sum(weights, 1), found


@triton.jit(do_not_specialize=["length", "eighths", "codes"])
def _softmax(scores, weights, length, eighths, codes, heads, BLOCK: tl.constexpr):
    row, positions = tl.program_id(0).to(tl.int64), eighths * 8
    place = tl.arange(0, BLOCK)
    own = tl.load(scores + row * positions + place, mask=place < length, other=-float("inf"))
    own = tl.exp(own - tl.max(own, 0))
    to = weights + ((row % codes) * heads + row // codes) * positions + place
    tl.store(to, (own / tl.sum(own, 0)).to(weights.dtype.element_ty), mask=place < positions)


@triton.jit(do_not_specialize=["rows"])
def _read(
    gates, state, weight, bias, found, rows, gate_way, state_way, found_way, SIZE: tl.constexpr, ROWS: tl.constexpr
):  # fmt: skip
    way = tl.program_id(1)
    unit = tl.program_id(0) * UNITS + tl.arange(0, UNITS)
    row = (tl.program_id(2) * ROWS + tl.arange(0, ROWS))[:, None]
    part = tl.arange(0, PART)
    before = state + way * state_way + row * SIZE
    own = weight + (way * 3 * SIZE + unit[None, :]) * SIZE + part[:, None]
    reset = tl.zeros([ROWS, UNITS], tl.float32)
    update = tl.zeros([ROWS, UNITS], tl.float32)
    share = tl.zeros([ROWS, UNITS], tl.float32)
    for start in range(0, SIZE, PART):
        known = tl.load(before + start + part[None, :], mask=row < rows, other=0.0)
        reset = tl.dot(known, tl.load(own + start), reset)
        update = tl.dot(known, tl.load(own + SIZE * SIZE + start), update)
        share = tl.dot(known, tl.load(own + 2 * SIZE * SIZE + start), share)
    gate = gates + way * gate_way + row * 3 * SIZE + unit[None, :]
    shift = bias + way * 3 * SIZE + unit[None, :]
    reset = tl.sigmoid(reset + tl.load(shift) + tl.load(gate, mask=row < rows, other=0.0))
    update = tl.sigmoid(update + tl.load(shift + SIZE) + tl.load(gate + SIZE, mask=row < rows, other=0.0))
    share = reset * (share + tl.load(shift + 2 * SIZE)) + tl.load(gate + 2 * SIZE, mask=row < rows, other=0.0)
    new = 2 * tl.sigmoid(2 * share) - 1  # tanh
    new += update * (tl.load(before + unit[None, :], mask=row < rows, other=0.0) - new)
    tl.store(
        found + way * found_way + row * SIZE + unit[None, :], new.to(found.dtype.element_ty), mask=row < rows
    )
