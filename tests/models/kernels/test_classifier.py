"""The classifier's own backward pass, against torch's."""

import pytest
import torch
from torch import nn

from icdbridge.models.kernels.classifier import classify


def layers(dtype=torch.float64):
    torch.manual_seed(0)
    first, last = nn.Linear(6, 5).to(dtype), nn.Linear(5, 1).to(dtype)
    contexts = torch.randn(3, 200, 6, dtype=dtype, requires_grad=True)  # more rows than are laid out at once
    return contexts, first, last


def gradients(logits, contexts, first, last):
    return torch.autograd.grad(logits.square().sum(), [contexts, *first.parameters(), *last.parameters()])


def test_logits_and_gradients_are_those_of_torch():
    contexts, first, last = layers()
    expected = last(torch.relu(first(contexts))).squeeze(2)
    found = classify(contexts, first, last)
    torch.testing.assert_close(found, expected)
    for own, other in zip(
        gradients(found, contexts, first, last), gradients(expected, contexts, first, last), strict=True
    ):
        torch.testing.assert_close(own, other)


def test_products_are_those_of_autocast():
    contexts, first, last = layers(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        expected = last(torch.relu(first(contexts))).squeeze(2)
        found = classify(contexts, first, last)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected)
    for own, other in zip(
        gradients(found.float(), contexts, first, last),
        gradients(expected.float(), contexts, first, last),
        strict=True,
    ):
        assert own.dtype == torch.float32
        torch.testing.assert_close(own, other, rtol=0.02, atol=0.02 * float(other.abs().max()))


def test_a_second_backward_pass_is_refused():
    # the first one wrote over what it would read
    contexts, first, last = layers()
    logits = classify(contexts, first, last)
    torch.autograd.grad(logits.sum(), contexts, retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(logits.sum(), contexts)
