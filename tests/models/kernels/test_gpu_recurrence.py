"""The recurrence of a GPU, on the CPU, where its kernels are started one by one: torch's states and gradients."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from icdbridge.models.kernels import gpu_recurrence
from icdbridge.models.kernels.gpu_recurrence import both_directions, last_of_both


def layer(inputs=5, size=3):
    torch.manual_seed(0)
    return torch.nn.GRU(inputs, size, batch_first=True, bidirectional=True)


def of_torch(rnn, inputs, lengths):
    packed, last = rnn(pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False))
    states, _ = pad_packed_sequence(packed, batch_first=True, total_length=inputs.shape[1])
    return states, torch.cat([last[0], last[1]], dim=1)


def of_ours(rnn, inputs, lengths):
    states = both_directions(rnn, inputs, lengths)
    return states, last_of_both(states, lengths)


def gradients(rnn, states, last, inputs):
    loss = (states * torch.linspace(-1, 1, states.shape[2])).sin().sum() + last.float().square().sum()
    return torch.autograd.grad(loss, [inputs, *rnn.parameters()])


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    padding=st.integers(0, 2),
    positions=st.integers(1, 10),
    rows=st.integers(1, 30),
)
def test_states_and_gradients_are_those_of_torch(lengths, padding, positions, rows):
    rnn = layer().double()
    inputs = torch.randn(len(lengths), max(lengths) + padding, 5, dtype=torch.float64, requires_grad=True)
    sizes = torch.tensor(lengths)
    expected = of_torch(rnn, inputs, sizes)
    with pytest.MonkeyPatch.context() as parts:  # of so many positions at most, of so many rows
        parts.setattr(gpu_recurrence, "POSITIONS", positions)
        parts.setattr(gpu_recurrence, "ROWS", rows)
        found = of_ours(rnn, inputs, sizes)
        given = gradients(rnn, *found, inputs)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(given, gradients(rnn, *expected, inputs))


def test_half_precision_keeps_gradients_that_are_small():
    """Of 1e-8 nothing is left in fp16."""
    rnn, sizes = layer(8, 16), torch.tensor([20, 7])
    inputs, upper = torch.randn(2, 20, 8, requires_grad=True), 1e-8 * torch.randn(2, 20, 32)
    states, _ = of_torch(rnn, inputs, sizes)
    expected = torch.autograd.grad((states * upper).sum(), [inputs, *rnn.parameters()])
    with torch.autocast("cpu", torch.bfloat16):
        found = both_directions(rnn, inputs, sizes)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), states, atol=1e-2, rtol=0)
    for own, one in zip(
        torch.autograd.grad((found.float() * upper).sum(), [inputs, *rnn.parameters()]), expected, strict=True
    ):
        assert (own - one).norm() < 0.02 * one.norm()
