"""How far to trust words: a small network over the lexical features of a note and a code.

Shapes: N notes, L codes, F features.
"""

import torch
from torch import Tensor, nn

HIDDEN = 64
_LARGEST = 10.0  # scaled features beyond it say no more


class Combiner(nn.Module):
    """Adds what the features of each pair of a note and a code say to the logit of the label attention.

    Each version has a network of its own: notes of one source name their codes, those of another hint at them.
    ``scale`` [versions, F] (of the training pairs; set before training) brings features to a like size; 0 stays 0:
    nothing found. The square roots of the scaled features join them, because the first small evidence says the most.
    """

    scale: Tensor

    def __init__(self, features: int, versions: int = 1) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(versions, features))
        self.networks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * features, HIDDEN),
                nn.ReLU(),
                nn.Linear(HIDDEN, HIDDEN),
                nn.ReLU(),
                nn.Linear(HIDDEN, 1),
            )
            for _ in range(versions)
        )

    def forward(self, logits: Tensor, features: Tensor, version: int = 0) -> Tensor:
        """Logits [N, L] and features [N, L, F], none of them negative, of notes of one version (its number), to
        logits [N, L].
        """
        scaled = (features / self.scale[version]).clamp(0, _LARGEST)
        found: Tensor = self.networks[version](torch.cat([scaled, scaled.sqrt()], dim=-1)).squeeze(-1)
        return logits + found
