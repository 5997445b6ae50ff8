"""A bidirectional GRU layer for training: both directions in one loop over time, weights' gradients in one product.

The equations are those of ``torch.nn.GRU`` (Cho et al. 2014, reset gate after the product). Torch's own backward
pass for sequences of different lengths takes time quadratic in their length on a CPU; this one is linear.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from icdbridge.models.kernels.products import fast_products, product_dtype, repeated_product


def bidirectional_gru(rnn: nn.GRU, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """States [N, T, 2h] (0 beyond a sequence's end) and last states [2, N, h] of one layer of ``rnn``."""
    count, longest, _ = embedded.shape
    sizes = lengths.cpu().numpy()
    order = np.argsort(-sizes, kind="stable")
    steps = int(sizes.max())
    # Sequences longer than t, the first of `order`.
    active = np.searchsorted(-sizes[order], -np.arange(steps))
    time = np.repeat(np.arange(steps), active)
    rank = np.arange(len(time)) - np.repeat(np.cumsum(active) - active, active)
    row = order[rank] * longest
    device = embedded.device
    places = torch.from_numpy(np.stack([row + time, row + sizes[order[rank]] - 1 - time])).to(device)

    def both(name: str) -> Tensor:
        return torch.stack([rnn.get_parameter(f"{name}_l0"), rnn.get_parameter(f"{name}_l0_reverse")])

    inputs = embedded.reshape(count * longest, -1)[places]
    states: Tensor = _GRU.apply(  # type: ignore[no-untyped-call]
        inputs,
        both("weight_ih"),
        both("weight_hh"),
        both("bias_ih"),
        both("bias_hh"),
        active.tolist(),
        product_dtype(embedded),
    )
    whole = states.new_zeros(count * longest, 2, rnn.hidden_size)
    sides = torch.arange(2, device=device)[:, None].expand_as(places)
    whole = whole.index_put((places, sides), states)
    starts = np.cumsum(active) - active
    ends = np.empty(count, dtype=np.int64)
    ends[order] = starts[sizes[order] - 1] + np.arange(count)
    return whole.view(count, longest, -1), states[:, torch.from_numpy(ends).to(device)]


class _GRU(torch.autograd.Function):
    """Over packed inputs [2, P, E]: at step t the next ``active[t]`` rows, always of the same sequences in order."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        input_weight: Tensor,
        hidden_weight: Tensor,
        input_bias: Tensor,
        hidden_bias: Tensor,
        active: list[int],
        dtype: torch.dtype,
    ) -> Tensor:
        size = hidden_weight.shape[2]
        with torch.autocast(inputs.device.type, enabled=False), fast_products():
            inputs, input_weight, hidden_weight = (
                tensor.to(dtype) for tensor in (inputs, input_weight, hidden_weight)
            )
            gates = torch.baddbmm(input_bias.to(dtype)[:, None], inputs, input_weight.transpose(1, 2))
            products = [repeated_product(side, active[0]) for side in hidden_weight]
            bias = hidden_bias.to(dtype)[:, None]
            states = gates.new_empty(*gates.shape[:2], size)
            candidates = torch.empty_like(states)  # the new gate's share of the last state, before the reset
            wide = torch.promote_types(dtype, torch.float32)
            state = torch.zeros(2, active[0], size, dtype=wide, device=inputs.device)
            start = 0
            for count in active:
                rows = slice(start, start + count)
                state, start = state[:, :count], start + count
                narrow = state.to(dtype)
                recurrent = torch.stack([products[0](narrow[0]), products[1](narrow[1])]).add_(bias)
                gate = gates[:, rows]
                gate[..., : 2 * size].add_(recurrent[..., : 2 * size]).sigmoid_()
                reset, update, new = gate.chunk(3, dim=2)
                share = recurrent[..., 2 * size :]
                candidates[:, rows] = share
                new.addcmul_(reset, share).tanh_()
                state = torch.lerp(new.to(wide), state, update.to(wide))
                states[:, rows] = state
        ctx.save_for_backward(inputs, input_weight, hidden_weight, gates, candidates, states)
        ctx.settings = active, dtype
        return states

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        inputs, input_weight, hidden_weight, gates, candidates, states = ctx.saved_tensors
        active, dtype = ctx.settings
        size = states.shape[2]
        wide = torch.promote_types(dtype, torch.float32)
        reset, update, new = gates.chunk(3, dim=2)
        behind = np.repeat([0, *active[:-1]], active)  # how many rows back the same sequence's last step lies
        rows_before = torch.from_numpy(np.arange(active[0], len(behind)) - behind[active[0] :])
        previous = torch.zeros_like(states)
        previous[:, active[0] :] = states[:, rows_before.to(states.device)]
        # the gates' gradients are these factors times the state's gradient, which the loop finds
        kept = torch.rsub(update, 1)
        of_new = torch.mul(new, new).neg_().add_(1).mul_(kept)
        factors = torch.empty_like(gates)
        of_reset, of_update, of_share = factors.chunk(3, dim=2)
        torch.sub(previous, new, out=of_update).mul_(update).mul_(kept)
        torch.mul(of_new, reset, out=of_share)
        torch.mul(of_share, candidates, out=of_reset).mul_(torch.rsub(reset, 1))
        of_states = torch.empty_like(states)
        of_state = torch.zeros(2, active[0], size, dtype=wide, device=states.device)
        with torch.autocast(states.device.type, enabled=False), fast_products():
            products = [repeated_product(side.T, active[0]) for side in hidden_weight]
            start = gates.shape[1]
            for count in reversed(active):
                start -= count
                rows = slice(start, start + count)
                upper = of_state[:, :count].add_(gradient[:, rows])
                of_states[:, rows] = upper
                narrow = of_states[:, rows]
                of_gates = factors[:, rows]
                of_gates.view(2, count, 3, size).mul_(narrow[:, :, None])
                upper.mul_(update[:, rows])
                for side, product in enumerate(products):
                    upper[side].add_(product(of_gates[side]))
            of_hidden_weight = torch.bmm(factors.transpose(1, 2), previous).to(wide)
            of_hidden_bias = factors.sum(1, dtype=wide)
            factors[..., 2 * size :] = of_states * of_new
            of_input_weight = torch.bmm(factors.transpose(1, 2), inputs).to(wide)
            of_inputs = torch.bmm(factors, input_weight).to(wide)
        of_input_bias = factors.sum(1, dtype=wide)
        return of_inputs, of_input_weight, of_hidden_weight, of_input_bias, of_hidden_bias, None, None
