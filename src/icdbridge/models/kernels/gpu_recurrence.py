"""A bidirectional GRU layer on a GPU: both directions in one loop over time, whose kernels are started as graphs.

A position takes a kernel forward (ours, else two of torch's) and two backward, of 2 to 5 µs each: started one by one,
as cuDNN does for sequences of different lengths, each waits for the host. Here ``POSITIONS`` of them are one CUDA
graph. The equations are those of ``torch.nn.GRU`` (reset gate after the product; gates in the order reset, update,
new). The backward pass computes gates anew from the states. Shapes: N sequences, T positions, E inputs, h hidden size,
K positions of a part; 2 stands for the directions.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from icdbridge.models.kernels.cuda_graphs import LOCK, started
from icdbridge.models.kernels.own_kernels import own_kernels
from icdbridge.models.kernels.products import ALIGNED, product_dtype

POSITIONS = 128  # of a part, at most
ROWS = 2**13  # positions × sequences of a part, whose gates are held at once
# sequences that a graph is made for; of more, kernels outlast starts
COUNTS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def both_directions(rnn: nn.GRU, embedded: Tensor, lengths: Tensor) -> Tensor:
    """States [N, T, 2h] (0 beyond a sequence's end) of one layer of ``rnn`` over [N, T, E].

    In half precision (autocast's, where it is on) states are carried in fp16, which has three bits more than bf16, and
    gradients in bf16: those of the states are as small as 1e-8, nothing in fp16.
    """
    place = torch.arange(embedded.shape[1], device=embedded.device)
    ends = lengths[:, None].to(embedded.device)
    # a sequence backwards, its padding still at the end; its own inverse
    backwards = torch.where(place < ends, ends - 1 - place, place)

    def both(name: str) -> Tensor:
        return torch.stack([rnn.get_parameter(f"{name}_l0"), rnn.get_parameter(f"{name}_l0_reverse")])

    weights = (both(name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    return _GRU.apply(  # type: ignore[no-untyped-call]
        embedded, *weights, backwards, (place >= ends)[..., None, None], product_dtype(embedded)
    )


def last_of_both(states: Tensor, lengths: Tensor) -> Tensor:
    """[N, 2h] of states [N, T, 2h]: what each direction knows when it has read all of its sequence."""
    size = states.shape[2] // 2
    ends = (lengths - 1)[:, None, None].expand(-1, 1, size)
    return torch.cat([states[..., :size].gather(1, ends)[:, 0], states[:, 0, size:]], dim=1)


class _GRU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        embedded: Tensor,
        input_weight: Tensor,
        hidden_weight: Tensor,
        input_bias: Tensor,
        hidden_bias: Tensor,
        backwards: Tensor,
        outside: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        count, longest, width = embedded.shape
        size = hidden_weight.shape[2]
        half = dtype in (torch.float16, torch.bfloat16)
        own = torch.float16 if half else dtype
        rows = _rows(count, embedded.is_cuda)
        step = _positions(rows)
        steps = -(-longest // step) * step
        with torch.autocast(embedded.device.type, enabled=False), LOCK:
            inputs = torch.zeros(2, steps, rows, width + -width % ALIGNED, dtype=own, device=embedded.device)
            _spread(inputs[:, :longest, :count, :width], embedded[:, :, None].to(own), backwards)
            input_weight = functional.pad(input_weight, (0, -width % ALIGNED))
            weights = [one.to(own) for one in (input_weight, hidden_weight, input_bias, hidden_bias)]
            states = inputs.new_zeros(2, steps + 1, rows, size)  # the first is the one before all words
            read = started(_read, weights, (inputs[:, :step], states[:, 0]), graphs=rows in COUNTS)
            state = states[:, 0]
            for start in range(0, steps, step):
                (found,) = read(inputs[:, start : start + step], state)
                states[:, start + 1 : start + step + 1] = found
                state = states[:, start + step]
        ctx.save_for_backward(inputs, states, *weights, backwards, outside)
        ctx.settings = width, torch.bfloat16 if half else dtype
        return (
            _gather(states[:, 1 : longest + 1, :count], backwards, dtype).masked_fill_(outside, 0).flatten(2)
        )

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        inputs, states, *weights, backwards, outside = ctx.saved_tensors
        width, dtype = ctx.settings
        _, steps, rows, _ = inputs.shape
        count, longest = backwards.shape
        size = states.shape[3]
        step = _positions(rows)
        wide = torch.promote_types(dtype, torch.float32)
        with torch.autocast(inputs.device.type, enabled=False), LOCK:
            gradients = torch.zeros(2, steps, rows, size, dtype=dtype, device=inputs.device)
            upper = gradient.view(count, longest, 2, size).masked_fill(outside, 0)
            _spread(gradients[:, :longest, :count], upper, backwards)
            input_weight, hidden_weight = (one.to(dtype) for one in weights[:2])
            reset, update, new = hidden_weight.chunk(3, dim=1)
            one = torch.eye(size, dtype=dtype, device=inputs.device).expand(2, -1, -1)
            given = [*weights, input_weight, torch.cat([new, reset, update, one], dim=1)]
            of_inputs = torch.empty_like(inputs, dtype=dtype)
            state = torch.zeros_like(gradients[:, 0])
            part = slice(0, step)
            views = (inputs[:, part], states[:, part], gradients[:, part], state)
            learn = started(_learn, given, views, graphs=rows in COUNTS)
            total: list[Tensor] = []
            for start in reversed(range(0, steps, step)):
                part = slice(start, start + step)
                found = learn(inputs[:, part], states[:, part], gradients[:, part], state)
                of_inputs[:, part] = found[0]
                state.copy_(found[1])
                if total:
                    torch._foreach_add_(total, found[2:])
                else:
                    total = [one.clone() for one in found[2:]]
            of_input_weight, of_hidden_weight, of_biases = total
        of_embedded = _gather(of_inputs[:, :longest, :count, :width], backwards, wide).sum(2)
        return (
            of_embedded,
            of_input_weight[..., :width],
            of_hidden_weight.roll(-size, 1),  # the new gate's rows were the first
            of_biases[:, size:],
            of_biases[:, : 3 * size].roll(-size, 1),
            None,
            None,
            None,
        )


def _rows(count: int, graphs: bool) -> int:
    """How many sequences stand for ``count``: some more, that few graphs serve all batches."""
    return next((size for size in COUNTS if size >= count), count) if graphs else count


def _positions(rows: int) -> int:
    return max(1, min(POSITIONS, ROWS // rows))


def _spread(place: Tensor, sequences: Tensor, backwards: Tensor) -> None:
    """Writes [N, T, 1 or 2, E] to [2, T, N, E], the second direction backwards."""
    place[0] = sequences[:, :, 0].transpose(0, 1)
    place[1] = _turned(sequences[:, :, -1], backwards).transpose(0, 1)


def _gather(sequences: Tensor, backwards: Tensor, dtype: torch.dtype) -> Tensor:
    """Back from [2, T, N, E] to [N, T, 2, E]."""
    forth, back = sequences.transpose(1, 2)
    found = sequences.new_empty(*forth.shape[:2], 2, forth.shape[2], dtype=dtype)
    found[:, :, 0] = forth
    found[:, :, 1] = _turned(back, backwards)
    return found


def _turned(sequences: Tensor, backwards: Tensor) -> Tensor:
    return sequences.gather(1, backwards[..., None].expand_as(sequences))


def _read(
    input_weight: Tensor,
    hidden_weight: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
    inputs: Tensor,
    state: Tensor,
) -> tuple[Tensor]:
    """States [2, K, N, h] of inputs [2, K, N, E] and the state before them [2, N, h]."""
    _, steps, rows, _ = inputs.shape
    gates = _products(inputs, input_weight, input_bias)
    size = state.shape[2]
    fits = state.is_cuda and state.dtype != torch.float32 and size % 128 == 0 and rows <= max(COUNTS)
    if fits and (own := own_kernels()):
        found = state.new_empty(2, steps, rows, size)
        for place in range(steps):
            own.read_position(gates[:, place], state, hidden_weight, hidden_bias, found[:, place])
            state = found[:, place]
        return (found,)
    gates = gates.transpose(0, 1).reshape(steps, 2 * rows, -1)
    recurrent = hidden_bias[:, None].repeat(steps, 1, rows, 1)
    transposed, states = hidden_weight.transpose(1, 2), []
    state = state.reshape(2 * rows, -1)
    for own, hidden in zip(gates, recurrent, strict=True):
        hidden.baddbmm_(state.view(2, rows, -1), transposed)
        state = _cell(own, hidden.view(2 * rows, -1), state)
        states.append(state)
    return (torch.stack(states).view(steps, 2, rows, -1).transpose(0, 1),)


def _cell(gates: Tensor, recurrent: Tensor, state: Tensor) -> Tensor:
    """The next state [R, h], of both parts [R, 3h] of the gates."""
    if gates.is_cuda:
        return torch.ops.aten._thnn_fused_gru_cell(gates, recurrent, state)[0]
    (reset, update, new), (of_reset, of_update, share) = gates.chunk(3, 1), recurrent.chunk(3, 1)
    found = torch.tanh(new + torch.sigmoid(reset + of_reset) * share)
    return torch.lerp(found, state, torch.sigmoid(update + of_update))


def _products(left: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """[2, K, N, E] by [2, F, E] to [2, K, N, F]."""
    found = torch.baddbmm(bias[:, None], left.flatten(1, 2), weight.transpose(1, 2))
    return found.view(*left.shape[:3], -1)


def _learn(
    input_weight: Tensor,
    hidden_weight: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
    narrow_input_weight: Tensor,
    back: Tensor,
    inputs: Tensor,
    before: Tensor,
    gradients: Tensor,
    of_state: Tensor,
) -> tuple[Tensor, ...]:
    """Gradients of inputs [2, K, N, E], of the state before them, of both weights (fp32; of the hidden one in the order
    new, reset, update) and of both biases [2, 4h].

    Of ``gradients`` [2, K, N, h] by the states, which it overwrites, and ``of_state`` [2, N, h] by what comes after.
    ``back`` [2, 4h, h]: the hidden weight in that order, then 1, which leads back what the update gate keeps, so that
    one product a position adds up all of the earlier state's gradient.
    """
    size, dtype = before.shape[3], gradients.dtype
    gates = _products(inputs, input_weight, input_bias)
    recurrent = _products(before, hidden_weight, hidden_bias)
    reset, update = (gates[..., : 2 * size] + recurrent[..., : 2 * size]).sigmoid_().chunk(2, dim=3)
    share = recurrent[..., 2 * size :]
    new = torch.addcmul(gates[..., 2 * size :], reset, share).tanh_()
    kept = 1 - update
    of_new = (1 - new * new).mul_(kept)
    of_share = of_new * reset
    # what each gate's gradient is of the state's
    factors = torch.stack(
        [of_share, (1 - reset).mul_(of_share).mul_(share), (before - new).mul_(update).mul_(kept), update],
        dim=3,
    ).to(dtype)
    of_gates = torch.empty_like(factors)
    gradients[:, -1] += of_state
    for place in reversed(range(gradients.shape[1])):
        own = of_gates[:, place]
        torch.mul(factors[:, place], gradients[:, place, :, None], out=own)
        if place:
            gradients[:, place - 1].baddbmm_(own.flatten(2), back)
    of_state = torch.bmm(of_gates[:, 0].flatten(2), back)
    torch.mul(of_new.to(dtype), gradients, out=of_gates[..., 3, :])
    flat = of_gates.flatten(1, 2).flatten(2)  # new (before the reset), reset, update, new
    of_inputs = torch.bmm(flat[..., size:], narrow_input_weight).view(inputs.shape)
    return (
        of_inputs,
        of_state,
        _wide_product(flat[..., size:], inputs),
        _wide_product(flat[..., : 3 * size], before),
        flat.sum(1, dtype=torch.promote_types(dtype, torch.float32)),
    )


def _wide_product(left: Tensor, right: Tensor) -> Tensor:
    """Sums of products [2, F, E] of [2, R, F] and [2, K, N, E], in fp32."""
    left, right = left.transpose(1, 2), right.flatten(1, 2).to(left.dtype)
    if left.is_cuda and left.dtype != torch.float32:
        return torch.bmm(left, right, out_dtype=torch.float32)
    wide = torch.promote_types(left.dtype, torch.float32)
    return torch.bmm(left.to(wide), right.to(wide))
