"""Gradients of word vectors, of which a batch touches few."""

import torch
from torch import Tensor, nn


class RowGradients:
    """Lets the embeddings of a model give gradients of the rows looked up alone, and makes these whole in place.

    Torch would lay out a gradient of all word vectors for each look-up and add them: with 125,762 words of 100 numbers
    a tenth of a CNN's step. Here it is one tensor an embedding, used again for every step.
    """

    def __init__(self, model: nn.Module) -> None:
        embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
        for embedding in embeddings:
            embedding.sparse = True
        self._whole = {embedding.weight: torch.zeros_like(embedding.weight) for embedding in embeddings}
        self._rows: dict[Tensor, Tensor] = {}  # where the last step's gradient is not 0

    @torch.no_grad()
    def make_whole(self) -> None:
        """After the backward pass, before the optimizer's step."""
        for weight, whole in self._whole.items():
            found = weight.grad
            if found is None or not found.is_sparse:
                continue
            rows, values = found._indices()[0], found._values()
            if weight in self._rows:
                whole.index_fill_(0, self._rows[weight], 0)
            whole.index_add_(0, rows, values.to(whole.dtype))
            self._rows[weight] = rows
            weight.grad = whole
