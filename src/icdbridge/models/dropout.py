"""Dropout whose draws belong to a note: the same in any batch, process and padding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

_SEEDS: ContextVar[Sequence[int] | None] = ContextVar("seeds", default=None)


@contextmanager
def seeded(seeds: Sequence[int]) -> Iterator[None]:
    """Within, the notes of a batch have draws of their own ``seeds`` [N]."""
    before = _SEEDS.set(seeds)
    try:
        yield
    finally:
        _SEEDS.reset(before)


class NoteDropout(nn.Module):
    """Dropout on embedded notes [N, T, E] of ``lengths`` [N]; without ``seeded`` it draws as torch's does."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        seeds = _SEEDS.get()
        if seeds is None or not self.training or not self.share:
            return nn.functional.dropout(embedded, self.share, self.training)
        kept = torch.zeros_like(embedded, dtype=torch.bool)
        draws = torch.Generator(embedded.device)
        for note, seed, length in zip(kept, seeds, lengths.tolist(), strict=True):
            note[:length].bernoulli_(1 - self.share, generator=draws.manual_seed(seed))
        return embedded * kept / (1 - self.share)
