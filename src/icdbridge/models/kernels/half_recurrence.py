"""A bidirectional GRU layer for scoring whose weights are half precision (fp16), sums and states fp32.

One note is read a word at a time: each step streams all recurrent weights from memory for one row of products, so
their size is what it costs. Torch has this for x86 processors (FBGEMM); fp16 keeps three bits more than bf16.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

_allowed: ContextVar[bool] = ContextVar("half_weights", default=False)
_packed: WeakKeyDictionary[nn.GRU, tuple[list[int], list[Any]]] = WeakKeyDictionary()


@contextmanager
def half_weights(allowed: bool = True) -> Iterator[None]:
    """A context in which notes may be read in half precision: on a GPU, and by recurrences on a CPU."""
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


def halves_allowed() -> bool:
    return _allowed.get() and not torch.is_grad_enabled()


def may_halve(embedded: Tensor) -> bool:
    """Whether it is allowed here, and this machine can do it."""
    wanted = halves_allowed() and embedded.dtype == torch.float32
    return wanted and "fbgemm" in torch.backends.quantized.supported_engines


def half_gru(rnn: nn.GRU, embedded: Tensor, lengths: Tensor) -> Tensor:
    """States [N, T, 2h] (0 beyond a sequence's end) of sequences [N, T, E] of one layer of ``rnn``, without gradients.

    Each direction has a thread of its own, and one alone: the steps are too small to be shared, and a team of threads
    that waits for work in each of them takes the processor from the other direction.
    """
    threads = torch.get_num_threads()
    steps, longest = lengths[:, None], embedded.shape[1]
    place = torch.arange(longest)
    backwards = torch.where(place < steps, steps - 1 - place, place)[..., None]  # its own inverse

    def read(cell: Any, sequences: Tensor) -> Tensor:
        torch.set_num_threads(1)
        with torch.no_grad():  # not inherited from the other thread
            data, sizes, order, back = pack_padded_sequence(
                sequences, lengths, batch_first=True, enforce_sorted=False
            )
            start = data.new_zeros(1, len(lengths), rnn.hidden_size)
            states, _ = torch.quantized_gru(data, sizes, start, [cell], True, 1, 0.0, False, False)  # type: ignore[attr-defined]
            return pad_packed_sequence(PackedSequence(states, sizes, order, back), True, 0.0, longest)[0]

    reverse = embedded.gather(1, backwards.expand_as(embedded))
    try:
        with ThreadPoolExecutor(2) as workers:
            forth, back = workers.map(read, _cells(rnn), (embedded, reverse))
    finally:
        torch.set_num_threads(threads)
    return torch.cat([forth, back.gather(1, backwards.expand_as(back))], dim=2)


def _cells(rnn: nn.GRU) -> list[Any]:
    """The weights of both directions in the layout of FBGEMM; kept until they change."""
    names = [("weight_ih", "bias_ih"), ("weight_hh", "bias_hh")]
    versions = [parameter._version for parameter in rnn.parameters()]
    known = _packed.get(rnn)
    if known is None or known[0] != versions:
        cells = [
            torch.ops.quantized.make_quantized_cell_params_fp16(
                *(
                    torch.ops.quantized.linear_prepack_fp16(
                        rnn.get_parameter(f"{weight}_l0{side}"), rnn.get_parameter(f"{bias}_l0{side}")
                    )
                    for weight, bias in names
                )
            )
            for side in ("", "_reverse")
        ]
        known = _packed[rnn] = versions, cells
    return known[1]
