"""What a batch's logits cost: binary cross entropy, and two losses made for long tails of rare labels.

Shapes: N notes, L codes.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

Loss = Literal["bce", "focal", "asymmetric"]
FOCUS = 2.0  # γ of the focal loss (Lin et al. 2017, section 4)
EASE, SHIFT = 4.0, 0.05  # γ- and m of the asymmetric loss (Ridnik et al. 2021, section 4), whose γ+ is 0 here


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None, kind: Loss = "bce") -> Tensor:
    """Mean loss of logits [N, L] for labels [N, L] (a share of a label counts as such), in fp32.

    With ``weights`` [L] the mean is weighted: a column then stands for so many codes.

    - ``bce``: binary cross entropy;
    - ``focal``: cross entropy times (1 - p)^γ, p the probability of what is true: sure cells count little;
    - ``asymmetric``: so for negatives alone, whose probability is first lowered by m, so that the surest cost nothing.
    """
    logits = logits.float()
    if kind == "bce":
        costs = binary_cross_entropy_with_logits(logits, labels, reduction="none")
    elif kind == "focal":
        missed = torch.sigmoid(-logits), torch.sigmoid(logits)  # of a positive, of a negative
        costs = -labels * missed[0] ** FOCUS * logsigmoid(logits)
        costs = costs - (1 - labels) * missed[1] ** FOCUS * logsigmoid(-logits)
    else:
        left = (torch.sigmoid(logits) - SHIFT).clamp(min=0)
        costs = -labels * logsigmoid(logits) - (1 - labels) * left**EASE * torch.log1p(-left)
    if weights is None:
        return costs.mean()
    return (costs * weights).sum() / (weights.sum() * len(costs))
