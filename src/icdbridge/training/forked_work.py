"""Work on all cores: jobs in processes that share what lay in memory when they began, so that nothing is held twice."""

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from icdbridge.errors import InputError
from icdbridge.progress import progress_bar

_AHEAD = 2  # jobs a core that wait: their texts lie in memory
_DEATHS = 4  # of processes, after which nothing is done anew
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
    """Calls ``write`` with a number and its items, ``size`` of ``count`` items at a time, on all cores; it makes the
    ``file`` of that number. What has its file already is skipped, so a killed training goes on.
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

    The processes are forked, and must not use torch. They end with this one, however it ends. Where one of them is
    killed, what was under way is done anew. Raises ``InputError`` where that happens ``_DEATHS`` times.
    """
    todo = iter(jobs)
    waiting = deque(islice(todo, 2))
    cores = len(os.sched_getaffinity(0)) if len(waiting) > 1 else 1
    if cores == 1:
        with progress_bar() as bar:
            task = bar.add_task(description, total=total)
            for size, arguments in chain(waiting, todo):
                work(*arguments)
                bar.advance(task, size)
        return
    pooled = _Pooled(todo, waiting, cores)
    for deaths in range(1, _DEATHS + 1):
        try:
            pooled.do(work, total, description)
            return
        except BrokenProcessPool as error:
            if deaths == _DEATHS:
                raise InputError(
                    f"processes were killed while {description}, perhaps for want of memory: free some, and start again"
                ) from error


@dataclass
class _Pooled:
    """Jobs, (size, arguments): those ``waiting`` to be done, then those ``todo``; ``done``: the sizes of all others."""

    todo: Iterator[tuple[int, tuple[Any, ...]]]
    waiting: deque[tuple[int, tuple[Any, ...]]]
    cores: int
    done: int = 0

    def do(self, work: Callable[..., None], total: int, description: str) -> None:
        """Does all jobs. Raises ``BrokenProcessPool`` where a process is killed; it goes on when called again."""
        forking = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(self.cores, forking, _begin, (work, os.getpid())) as pool:
            try:
                # forked before the bar, which has a thread
                begun = deque(pool.submit(_do, arguments) for _, arguments in self.waiting)
                with progress_bar() as bar:
                    task = bar.add_task(description, total=total, completed=self.done)
                    while True:
                        for job in islice(self.todo, _AHEAD * self.cores - len(self.waiting)):
                            self.waiting.append(job)
                            begun.append(pool.submit(_do, job[1]))
                        if not begun:
                            return
                        begun.popleft().result()
                        self.done += self.waiting.popleft()[0]
                        bar.update(task, completed=self.done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


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
