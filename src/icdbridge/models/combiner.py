"""How far to trust words: a small network over the lexical features of a note and a code.

Shapes: N notes, L codes, F features.
"""

import torch
from torch import Tensor, nn

HIDDEN = 64
_LARGEST = 10.0  # scaled features beyond it say no more


class Combiner(nn.Module):
    """Adds what the features of each pair of a note and a code say to the logit of the label attention.

    ``scale`` [F] (of the training pairs; set before training) brings features to a like size; 0 stays 0: nothing
    found. The square roots of the scaled features join them, because the first small evidence says the most.
    """

    scale: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(features))
        self.network = nn.Sequential(
            nn.Linear(2 * features, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, logits: Tensor, features: Tensor) -> Tensor:
        """Logits [N, L] and features [N, L, F], none of them negative, to logits [N, L]."""
        scaled = (features / self.scale).clamp(0, _LARGEST)
        found: Tensor = self.network(torch.cat([scaled, scaled.sqrt()], dim=-1)).squeeze(-1)
        return logits + found
