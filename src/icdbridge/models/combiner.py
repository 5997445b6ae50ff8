"""The network of lexical features, and the weights that stack its logits with those of attention.

Shapes: N notes, L codes, F features.
"""

import torch
from torch import Tensor, nn

HIDDEN = 64
_LARGEST = 10.0  # scaled features beyond it say no more


class Combiner(nn.Module):
    """Stacks label attention and lexical features of each pair of a note and a code: logit = a · attention + w · words
    + c.

    Each version has its own network, which makes the logit of words from the features, and its own ``weights`` a, w and
    c [versions, 3], as in stacking (Wolpert 1992): notes of one source name their codes, those of another only hint at
    them. ``scale`` [versions, F] (from the training pairs, set before training) brings features to similar sizes; 0
    stays 0: nothing found. Square roots of the scaled features are added, because the first small evidence matters
    most.
    """

    scale: Tensor
    weights: Tensor

    def __init__(self, features: int, versions: int = 1) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(versions, features))
        self.register_buffer("weights", torch.tensor([[1.0, 1.0, 0.0]] * versions))
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

    def words(self, features: Tensor, version: int = 0) -> Tensor:
        """Logits [N, L] from features [N, L, F] (not negative) alone, of notes of one version (its number)."""
        scaled = (features / self.scale[version]).clamp(0, _LARGEST)
        return self.networks[version](torch.cat([scaled, scaled.sqrt()], dim=-1)).squeeze(-1)

    def stack(self, attention: Tensor, words: Tensor, version: int = 0) -> Tensor:
        """Logits [...] of attention and of words to those of both."""
        of_attention, of_words, constant = self.weights[version]
        return of_attention * attention + of_words * words + constant
