"""Computes gradients only for the word vectors that a batch uses."""

import torch
from torch import nn


class RowGradients:
    """Makes the embeddings of a model give gradients of the used rows only, and completes these for the optimizer.

    Torch would make a gradient of all word vectors for each look-up and add them: with 125,762 words of 100 numbers a
    tenth of a CNN's step. Here it is one tensor an embedding, which exists from the optimizer's step to the next
    ``zero_grad``, and so not while attention needs memory. With ``sparse`` false everything is as in torch.
    """

    def __init__(self, model: nn.Module, *, sparse: bool = True) -> None:
        embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
        for embedding in embeddings:
            embedding.sparse = sparse
        self._weights = [embedding.weight for embedding in embeddings]

    @torch.no_grad()
    def make_whole(self) -> None:
        """After the backward pass, before the optimizer's step."""
        for weight in self._weights:
            found = weight.grad
            if found is not None and found.is_sparse:
                rows, values = found._indices()[0], found._values()
                weight.grad = torch.zeros_like(weight).index_add_(0, rows, values.to(weight.dtype))
