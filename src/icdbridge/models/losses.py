"""The loss of a batch's logits.

Shapes: N notes, L codes.
"""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean binary cross entropy of logits [N, L] for labels [N, L], in fp32.

    With ``weights`` [L] the mean is weighted: a column then stands for so many codes.
    """
    if weights is None:
        return binary_cross_entropy_with_logits(logits.float(), labels)
    costs = binary_cross_entropy_with_logits(logits.float(), labels, weights, reduction="sum")
    return costs / (weights.sum() * len(logits))
