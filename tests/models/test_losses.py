"""Losses: known values by their formulas, and what makes each of them another."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from icdbridge.models.losses import EASE, FOCUS, SHIFT, label_loss

P = 0.8  # of a cell
LOGIT = torch.tensor([[math.log(P / (1 - P))]])
YES, NO = torch.ones(1, 1), torch.zeros(1, 1)


@pytest.mark.parametrize(
    ("kind", "of_positive", "of_negative"),
    [
        ("bce", -math.log(P), -math.log(1 - P)),
        ("focal", -((1 - P) ** FOCUS) * math.log(P), -(P**FOCUS) * math.log(1 - P)),
        ("asymmetric", -math.log(P), -((P - SHIFT) ** EASE) * math.log(1 - P + SHIFT)),
    ],
)
def test_known_values(kind, of_positive, of_negative):
    assert float(label_loss(LOGIT, YES, kind=kind)) == pytest.approx(of_positive, rel=1e-5)
    assert float(label_loss(LOGIT, NO, kind=kind)) == pytest.approx(of_negative, rel=1e-5)


def test_the_asymmetric_loss_forgets_sure_negatives():
    logits = torch.tensor([[-4.0]], requires_grad=True)  # p = 0.018, below the shift
    label_loss(logits, NO, kind="asymmetric").backward()
    assert float(logits.grad) == 0


@pytest.mark.parametrize("kind", ["bce", "focal", "asymmetric"])
def test_weights_count_columns(kind):
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3), (torch.rand(4, 3) < 0.5).float()
    repeated = label_loss(logits[:, [0, 1, 1, 2, 2, 2]], labels[:, [0, 1, 1, 2, 2, 2]], kind=kind)
    torch.testing.assert_close(label_loss(logits, labels, torch.tensor([1.0, 2, 3]), kind), repeated)
    torch.testing.assert_close(
        label_loss(logits, labels, torch.ones(3), kind), label_loss(logits, labels, kind=kind)
    )


@pytest.mark.parametrize("kind", ["bce", "focal", "asymmetric"])
def test_extreme_logits_stay_finite(kind):
    logits = torch.tensor([[-500.0, 500.0, 500.0, -500.0]], requires_grad=True)
    loss = label_loss(logits, torch.tensor([[1.0, 0, 1, 0]]), kind=kind)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_cross_entropy_is_torchs():
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 7), (torch.rand(5, 7) < 0.3).float()
    torch.testing.assert_close(label_loss(logits, labels), binary_cross_entropy_with_logits(logits, labels))
