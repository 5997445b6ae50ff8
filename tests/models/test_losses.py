"""What logits cost: known values, and what weights mean."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from icdbridge.models.model import label_loss

P = 0.8  # of a cell
LOGIT = torch.tensor([[math.log(P / (1 - P))]])


def test_known_values():
    assert float(label_loss(LOGIT, torch.ones(1, 1))) == pytest.approx(-math.log(P), rel=1e-5)
    assert float(label_loss(LOGIT, torch.zeros(1, 1))) == pytest.approx(-math.log(1 - P), rel=1e-5)


def test_weights_count_columns():
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3), (torch.rand(4, 3) < 0.5).float()
    repeated = label_loss(logits[:, [0, 1, 1, 2, 2, 2]], labels[:, [0, 1, 1, 2, 2, 2]])
    torch.testing.assert_close(label_loss(logits, labels, torch.tensor([1.0, 2, 3])), repeated)
    torch.testing.assert_close(label_loss(logits, labels, torch.ones(3)), label_loss(logits, labels))


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[-500.0, 500.0, 500.0, -500.0]], requires_grad=True)
    loss = label_loss(logits, torch.tensor([[1.0, 0, 1, 0]]))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_cross_entropy_is_torchs():
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 7), (torch.rand(5, 7) < 0.3).float()
    torch.testing.assert_close(label_loss(logits, labels), binary_cross_entropy_with_logits(logits, labels))


def test_half_precision_is_widened_first():
    logits, labels = torch.tensor([[3.0, -2.0]], dtype=torch.bfloat16), torch.tensor([[1.0, 0]])
    torch.testing.assert_close(
        label_loss(logits, labels), binary_cross_entropy_with_logits(logits.float(), labels)
    )
