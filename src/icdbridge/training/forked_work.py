"""Work on all cores: jobs in processes that share what lay in memory when they began, so that nothing is held twice."""

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from icdbridge.errors import InputError
from icdbridge.progress import progress_bar

_AHEAD = 2  # jobs a core that wait: their texts lie in memory
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl
_work: Callable[..., None]
T = TypeVar("T")


def write_shards(
    items: Iterable[T],
    count: int,
    size: int,
    file: Callable[[int], Path],
    write: Callable[[int, list[T]], None],
    description: str,
) -> None:
    """Has ``write`` make a ``file`` of every ``size`` of ``count`` items, on all cores: of each number, and its items.
    What has its file is left out: so a killed training goes on.
    """
    missing = {number for number in range(-(-count // size)) if not file(number).exists()}
    jobs = (
        (len(some), (number, some)) for number, some in enumerate(shards(items, size)) if number in missing
    )
    if missing:
        on_all_cores(write, jobs, sum(min(size, count - number * size) for number in missing), description)


def shards(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    items = iter(items)
    while shard := list(islice(items, size)):
        yield shard


def on_all_cores(
    work: Callable[..., None], jobs: Iterable[tuple[int, tuple[Any, ...]]], total: int, description: str
) -> None:
    """Calls ``work`` for each of ``jobs``, (size, arguments), in one process a core; one job is done here. ``total``:
    all sizes together. Arguments are sent, all else is shared: ``work`` has to leave what it makes on disk.

    The processes are forked, and must not use torch. They end with this one, however it ends. Raises ``InputError``
    where one of them is killed.
    """
    jobs = iter(jobs)
    first = list(islice(jobs, 2))
    cores = len(os.sched_getaffinity(0)) if len(first) > 1 else 1
    if cores == 1:
        with progress_bar() as bar:
            task = bar.add_task(description, total=total)
            for size, arguments in chain(first, jobs):
                work(*arguments)
                bar.advance(task, size)
        return
    forking = multiprocessing.get_context("fork")
    waiting: deque[tuple[int, Future[None]]] = deque()
    with ProcessPoolExecutor(cores, forking, _begin, (work, os.getpid())) as pool:
        try:
            # forked before the bar, which has a thread
            waiting += [(size, pool.submit(_do, arguments)) for size, arguments in first]
            with progress_bar() as bar:
                task = bar.add_task(description, total=total)
                for size, arguments in jobs:
                    waiting.append((size, pool.submit(_do, arguments)))
                    if len(waiting) >= _AHEAD * cores:
                        _finish(waiting, lambda done: bar.advance(task, done))
                while waiting:
                    _finish(waiting, lambda done: bar.advance(task, done))
        except BrokenProcessPool as error:
            raise InputError(
                f"a process was killed while {description}, perhaps for want of memory: free some, and start again"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finish(waiting: deque[tuple[int, Future[None]]], advance: Callable[[int], None]) -> None:
    size, future = waiting.popleft()
    future.result()
    advance(size)


def _begin(work: Callable[..., None], parent: int) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process stops all
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _do(arguments: tuple[Any, ...]) -> None:
    _work(*arguments)
