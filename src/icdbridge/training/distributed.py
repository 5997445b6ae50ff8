"""Training one model by several processes, started by torchrun, each with its part of every batch.

Gradients are those of the whole batch against one label space, which all processes draw alike. Notes are divided by
length and descriptions by number, and the encoded descriptions go to all. So the same batch gives the same weights on
any number of processes, up to the order of sums. Only the first process writes. Shapes: N notes, L codes, M heads.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from icdbridge.errors import InputError
from icdbridge.models import Batch, CodingModel
from icdbridge.progress import console

T = TypeVar("T")
Learner = Callable[[Batch], Tensor]

# Others wait while the first makes word vectors; one that dies is told at once.
_PATIENCE = timedelta(hours=12)


class Ended(InputError):
    """Raised when another process has ended."""


def part_of(rows: np.ndarray, number: int, count: int) -> np.ndarray:
    """The rows of process ``number`` of ``count``, from ``rows`` in order of length.

    They are dealt forward and back in turns, so that all processes get similar numbers and lengths.
    """
    turn, dealt = np.divmod(np.arange(len(rows)), count)
    return rows[np.where(turn % 2, count - 1 - dealt, dealt) == number]


@dataclass(frozen=True)
class Processes:
    """This process, ``number`` of ``count`` processes that train together; alone it is the first of one."""

    number: int = 0
    count: int = 1
    store: Any = None
    codes: Any = None  # the group over which descriptions are shared

    @property
    def leads(self) -> bool:
        return self.number == 0

    def part(self, rows: np.ndarray) -> np.ndarray:
        """``part_of`` this process."""
        return part_of(rows, self.number, self.count)

    def learner(self, model: CodingModel, chunk: int) -> Learner:
        """The loss of a batch's own part, whose gradients are averaged over all processes."""
        if self.count == 1:
            return lambda batch: model.loss(batch, chunk)
        device = next(model.parameters()).device
        for name, module in model.named_children():
            if name == "combiner":
                module.requires_grad_(False)  # has learnt before: no gradients are waited for
        with self.together():
            return DistributedDataParallel(
                _Loss(model, chunk, self),
                device_ids=[device] if device.type == "cuda" else None,
                gradient_as_bucket_view=True,
            )

    def share(self, value: T) -> T:
        """Sends a value of the first process to all. All wait for it."""
        if self.count == 1:
            return value
        box = [value]
        with self.together():
            dist.broadcast_object_list(box, 0, device=torch.device("cpu"))
            dist.all_reduce(torch.zeros(1))
        return box[0]

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """A context in which the first process runs before the others, which find its results."""
        if not self.leads:
            self.share(None)
        yield
        if self.leads:
            self.share(None)

    @contextmanager
    def folder(self, begin: Callable[[], AbstractContextManager[Path | str]]) -> Iterator[Path]:
        """A folder that the first process begins and ends; ``InputError`` where another one does not see it."""
        if self.leads:
            with begin() as begun:
                yield Path(self.share(str(begun)))
            return
        folder = Path(self.share(""))
        if not folder.is_dir():
            raise InputError(
                f"{folder} is not seen by process {self.number}: write the run to a disk that all see"
            )
        yield folder

    def sum(self, values: Sequence[float]) -> list[float]:
        """The sums of numbers over all processes."""
        if self.count == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64)
        with self.together():
            dist.all_reduce(total)
        return [float(value) for value in total]

    def rows(self, lengths: np.ndarray, make: Callable[[np.ndarray], np.ndarray]) -> np.ndarray | None:
        """The results of ``make`` for each of ``len(lengths)`` rows (float32 [len(rows), C]), with the rows divided
        among processes: complete in the first process, None in others.
        """
        if self.count == 1:
            return make(np.arange(len(lengths)))
        order = np.argsort(lengths, kind="stable")
        own = self.part(order)
        made = make(own)
        with self.together():
            if not self.leads:
                dist.send(torch.from_numpy(np.ascontiguousarray(made)), 0)
                return None
            found = np.empty((len(order), made.shape[1]), dtype=np.float32)
            found[own] = made
            for other in range(1, self.count):
                theirs = part_of(order, other, self.count)
                part = torch.empty(len(theirs), made.shape[1])
                dist.recv(part, other)
                found[theirs] = part.numpy()
        return found

    def first(self, what: str) -> bool:
        """Whether this process is the first to ask: only one reports, or writes, when others have ended."""
        if self.count == 1:
            return True
        try:
            return int(self.store.add(f"icdbridge/{what}", 1)) == 1
        except RuntimeError:  # the one that kept count has ended
            return True

    @contextmanager
    def together(self) -> Iterator[None]:
        """A context in which processes wait for each other; one that waits for an ended process gets ``Ended``."""
        try:
            yield
        except RuntimeError as error:
            if self.count > 1 and (isinstance(error, dist.DistError) or "gloo" in str(error)):
                raise Ended(
                    f"one of the {self.count} processes has ended: look above for why (a kill without a word is often "
                    "want of memory); what was learnt is kept, and --resume goes on from it on any number of processes"
                ) from error
            raise


ALONE = Processes()


class _Loss(nn.Module):
    """What ``DistributedDataParallel`` needs: a module whose output is the loss."""

    def __init__(self, model: CodingModel, chunk: int, processes: Processes) -> None:
        super().__init__()
        self.model, self.chunk, self.processes = model, chunk, processes

    def forward(self, batch: Batch) -> Tensor:
        # labels that a model knows by number are not read
        return self.model.loss(batch, self.chunk, None if self.model.fixed_labels else self.encode)

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """``encode_codes`` of all codes; each process encodes its part."""
        count = self.processes.count
        starts = [len(codes) * number // count for number in range(count + 1)]
        own = slice(starts[self.processes.number], starts[self.processes.number + 1])
        if len(codes) < count:  # a part would be empty
            return self.model.encode_codes(codes, lengths)
        longest = int(lengths[own].max())
        queries = self.model.encode_codes(codes[own, :longest], lengths[own])
        return _Gather.apply(queries, starts, self.processes)  # type: ignore[no-untyped-call]


class _Gather(torch.autograd.Function):
    """Joins the queries [M, l, ...] of all processes to [M, L, ...]; gradients are summed over processes once."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, starts: Sequence[int], processes: Processes) -> Tensor:
        ctx.settings = own.dtype, starts, processes
        sizes = np.diff(starts)
        padded = own.new_zeros(own.shape[0], int(sizes.max()), *own.shape[2:])
        padded[:, : own.shape[1]] = own
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded, group=processes.codes)
        return torch.cat([part[:, :size] for part, size in zip(parts, sizes, strict=True)], dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        dtype, starts, processes = ctx.settings
        total = gradient.float().contiguous()  # sums are not kept in bf16
        if total is gradient:
            total = total.clone()
        dist.all_reduce(total, group=processes.codes)
        own = slice(starts[processes.number], starts[processes.number + 1])
        return total[:, own].to(dtype), None, None


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """The processes of torchrun, or this one alone, on ``device``; only the first prints.

    If one fails, it alone reports the error; the others end silently, by ``SystemExit``. Raises ``InputError`` if the
    machine has fewer GPUs than processes.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    if device.type == "cuda":
        place, here = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= here:
            raise InputError(
                f"more processes than GPUs: {here} here, so give torchrun --nproc-per-node {here}"
            )
        torch.cuda.set_device(place)
    store, number, count = next(rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=number, world_size=count, timeout=_PATIENCE)
    processes = Processes(number, count, store, dist.new_group(timeout=_PATIENCE))
    quiet, console.quiet = console.quiet, number > 0
    try:
        yield processes
    except BaseException as error:
        if not processes.first("word") and isinstance(error, Exception):
            raise SystemExit(2) from None
        raise
    else:
        dist.destroy_process_group()
    finally:
        console.quiet = quiet
