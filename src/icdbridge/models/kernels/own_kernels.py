"""Whether this machine can build our own kernels for its GPU."""

from functools import cache
from types import ModuleType

import torch


@cache
def own_kernels() -> ModuleType | None:
    """``triton_kernels``; None where Triton cannot build them, as without a C compiler."""
    try:
        from icdbridge.models.kernels import triton_kernels

        triton_kernels.softmax(torch.zeros(1, 1, 16, device="cuda"), 16, torch.float32)
    except Exception:  # of whatever kind: torch's own kernels do the same
        return None
    return triton_kernels
