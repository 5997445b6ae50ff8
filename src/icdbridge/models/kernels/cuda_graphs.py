"""Starts the kernels of a function of tensors together, as a CUDA graph: the host starts one thing, not thousands."""

import threading
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

GRAPHS = 32  # kept, each with the device's memory of its tensors
LOCK = threading.RLock()  # to hold while a graph is used: it has one set of inputs

Function = Callable[..., tuple[Tensor, ...]]


def started(
    function: Function, weights: list[Tensor], inputs: tuple[Tensor, ...], *, graphs: bool
) -> Function:
    """``function`` of ``weights`` for inputs of these shapes; on a GPU, where ``graphs`` says so, as a graph. The next
    call of any graph overwrites what one returned.
    """
    if not graphs or not inputs[0].is_cuda:
        return partial(function, *weights)
    described = tuple((one.dtype, tuple(one.shape)) for one in (*weights, *inputs))
    graph = _graph(function, described, len(weights), inputs[0].device)
    for own, one in zip(graph.weights, weights, strict=True):
        own.copy_(one)
    return graph


class _Graph:
    pool: Any = None  # of all graphs: nothing that one holds is needed when another runs

    def __init__(
        self, function: Function, described: tuple[Any, ...], weights: int, device: torch.device
    ) -> None:
        with torch.inference_mode(False), torch.no_grad(), torch.cuda.device(device):
            tensors = [torch.zeros(shape, dtype=dtype, device=device) for dtype, shape in described]
            self.weights, self.inputs = tensors[:weights], tensors[weights:]
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                function(*tensors)  # cuBLAS lays out its room before, not within
            self._graph = torch.cuda.CUDAGraph()
            _Graph.pool = _Graph.pool or torch.cuda.graph_pool_handle()
            # other threads may copy batches meanwhile
            with torch.cuda.graph(
                self._graph, pool=_Graph.pool, stream=stream, capture_error_mode="thread_local"
            ):
                self._found = function(*tensors)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        for own, one in zip(self.inputs, inputs, strict=True):
            own.copy_(one)
        self._graph.replay()
        return self._found


_graph = lru_cache(GRAPHS)(_Graph)
