"""The fastest way to multiply fp32 and bf16 matrices on this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

ALIGNED = 8  # numbers of half precision: matrix units read rows of a multiple of this fastest


@contextmanager
def fast_products() -> Iterator[None]:
    """Within, products of fp32 matrices on the CPU go through oneDNN, unless that would round them.

    Torch sends them to MKL, which uses half of an AMD processor's vector units: oneDNN is twice as fast there.
    The setting that says so to torch *allows* bf16 inside; processors with matrix tiles (AMX) make use of that,
    all others still multiply in fp32. Which kind this one is, is tried once. On a GPU, cuDNN does not round the factors
    of convolutions and recurrences to TF32, as it does by default.
    """
    if torch.compiler.is_compiling():  # which traces no settings
        yield
        return
    _SETTINGS.enter()
    try:
        yield
    finally:
        _SETTINGS.leave()


class _Settings:
    """Torch's settings are those of all threads: the first that is within makes them, the last brings back what was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._before: list[tuple[Any, str]] = []

    def enter(self) -> None:
        with self._lock:
            if not self._within:
                self._before = [(setting, setting.fp32_precision) for setting in _chosen()]
                for setting, precision in _chosen().items():
                    setting.fp32_precision = precision
            self._within += 1

    def leave(self) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                for setting, precision in self._before:
                    setting.fp32_precision = precision


_SETTINGS = _Settings()


@cache
def _chosen() -> dict[Any, str]:
    """The settings of torch, and the precision that each is set to."""
    backends: Any = torch.backends
    chosen = {backends.mkldnn.matmul: "bf16"} if _keeps_fp32() else {}
    if torch.cuda.is_available():
        chosen |= dict.fromkeys((backends.cudnn.conv, backends.cudnn.rnn), "ieee")
    return chosen


@cache
def _keeps_fp32() -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    setting = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    left, right = torch.linspace(0.3, 1.7, 2**18).view(2, 512, 256)
    before = setting.fp32_precision
    setting.fp32_precision = "bf16"
    try:
        product = left @ right.T
    finally:
        setting.fp32_precision = before
    exact = left.double() @ right.double().T
    return bool((product - exact).abs().max() < 1e-5 * exact.abs().max())


def product_dtype(tensor: Tensor) -> torch.dtype:
    """In which precision to multiply ``tensor``: autocast's where it is on, else its own."""
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else tensor.dtype


def repeated_product(weight: Tensor, rows: int) -> Callable[[Tensor], Tensor]:
    """x [n, E] ↦ x · weightᵀ for a weight [F, E] that multiplies few rows (about ``rows``) many times.

    oneDNN lays out a weight for itself with every product, which takes longer than multiplying a few rows by it: here
    it is laid out once. Without gradients.
    """
    own = torch.ops.mkldnn
    if (
        weight.device.type != "cpu"
        or weight.dtype not in (torch.float32, torch.bfloat16)
        or not torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        or not hasattr(own, "_reorder_linear_weight")
    ):
        return lambda x: functional.linear(x, weight)
    laid_out = own._reorder_linear_weight(weight.contiguous(), rows)
    return lambda x: own._linear_pointwise(x, laid_out, None, "none", [], "")  # type: ignore[no-any-return]
