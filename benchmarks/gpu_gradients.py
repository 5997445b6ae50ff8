"""Whether a training step learns on the device what it learns on the CPU.

A step of ``benchmarks.gpu_check``: random weights of the released sizes, synthetic notes, no dropout.
"""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.gpu_step import Given, Row
from benchmarks.inputs import CODES, make_inputs, released_size
from benchmarks.subjects import training_notes
from icdbridge.models import Batch, DualLAAT
from icdbridge.models.kernels.products import fast_products
from icdbridge.training.batches import make_batch
from icdbridge.training.settings import make_settings


def gradients(given: Given) -> Iterator[Row]:
    """How far each weight's gradient is from the CPU's in fp32, as a share of that: the farthest, and the median."""
    lengths = [given.least(length, length // 40) for length in (300, 900, 120, 407, 1100)]
    notes = training_notes(make_inputs(lengths, given.least(CODES, 60)))
    settings = make_settings(label_space=given.least(512, 50))
    batch = make_batch(notes, np.arange(2 if given.smoke else 5), settings, np.random.default_rng(0))
    for encoder, name in (("gru", "RNN"), ("cnn", "CNN")):
        model = released_size(encoder).train()
        model.dropout.share = 0.0
        exact = _learned(model, batch, "cpu", "fp32")
        for precision in ("fp32", "bf16"):
            found = _learned(model.to(given.device), batch, given.device, precision)
            away = {
                key: float((found[key] - one).norm() / one.norm().clamp(min=1e-30))
                for key, one in exact.items()
            }
            worst = max(away, key=away.__getitem__)
            yield Row(
                f"{name}, {precision}: gradients of a step, distance from the CPU's fp32",
                f"{np.median(list(away.values())):.1e}, at most {away[worst]:.1e} ({worst})",
            )


def _learned(model: DualLAAT, batch: Batch, device: str, precision: str) -> dict[str, torch.Tensor]:
    model.zero_grad()
    with fast_products():
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            loss = model.loss(batch.to(torch.device(device)), 1024)
        torch.autograd.backward(loss)
    grads = {key: one.grad for key, one in model.named_parameters()}
    return {key: one.double().cpu() for key, one in grads.items() if one is not None}
