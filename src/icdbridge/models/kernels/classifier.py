"""The classifier of DualLAAT (paper, equations 5 and 6) in training, with a backward pass that needs little room.

Shapes: N notes, L codes, c context size, h hidden size.
"""

from typing import Any

import torch
from torch import Tensor, nn

from icdbridge.models.kernels.products import fast_products, product_dtype

_ROWS = 256  # whose gradients are laid out at once: few enough to stay in the processor's cache
_GPU_ROWS = 2**17  # enough to outlast the start of a kernel


def classify(contexts: Tensor, first: nn.Linear, last: nn.Linear) -> Tensor:
    """Logits [N, L] of contexts [N, L, c]: ``last`` (h to 1) of the ReLU of ``first`` (c to h).

    Products are of the precision that autocast asks for.
    """
    logits: Tensor = _Classifier.apply(  # type: ignore[no-untyped-call]
        contexts.flatten(0, 1), first.weight, first.bias, last.weight, last.bias, product_dtype(contexts)
    )
    return logits.view(contexts.shape[:2])


class _Classifier(torch.autograd.Function):
    """The backward pass writes the gradient of the hidden layer over the layer itself. Torch keeps both, and the input
    of the ReLU: at |L| = 8,192 and two notes 270 MB more for the RNN, in bf16.
    """

    @staticmethod
    def forward(
        ctx: Any,
        contexts: Tensor,
        weight: Tensor,
        bias: Tensor,
        output: Tensor,
        constant: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        with torch.autocast(contexts.device.type, enabled=False):
            contexts = contexts.to(dtype)
            hidden = torch.addmm(bias.to(dtype), contexts, weight.to(dtype).T).relu_()
            ctx.save_for_backward(contexts, hidden, weight, output)
            return nn.functional.linear(hidden, output.to(dtype), constant.to(dtype))[:, 0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        contexts, hidden, weight, output = ctx.saved_tensors
        with torch.autocast(hidden.device.type, enabled=False), fast_products():
            gradient = gradient.to(hidden.dtype)
            of_output, of_constant = gradient[None] @ hidden, gradient.sum()[None]
            upper = output.to(hidden.dtype)
            rows = _GPU_ROWS if hidden.is_cuda else _ROWS
            for part, own in zip(torch.split(hidden, rows), torch.split(gradient, rows), strict=True):
                torch.ops.aten.threshold_backward.grad_input(own[:, None] * upper, part, 0, grad_input=part)
            return (
                hidden @ weight.to(hidden.dtype),
                (hidden.T @ contexts).to(weight.dtype),
                hidden.sum(0).to(weight.dtype),
                of_output.to(output.dtype),
                of_constant.to(output.dtype),
                None,
            )
