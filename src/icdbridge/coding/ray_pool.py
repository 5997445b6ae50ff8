"""A pool of coders on Ray, on this machine or a cluster; each loads once and codes parts.

Ray restarts workers that die and reassigns their parts. There is at most one part in progress a worker, so memory does
not grow with the notes. On one machine Ray listens on loopback only, without its dashboard, and reports nothing.
"""

import io
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from icdbridge.coding.bulk import Done
from icdbridge.coding.coder import Coder
from icdbridge.coding.object_store import RemoteSource
from icdbridge.coding.parts import Coded, Part, PartCoder, code_parts
from icdbridge.coding.sources import Source
from icdbridge.errors import InputError
from icdbridge.extras import not_installed

ATTEMPTS = 5  # further ones at a part whose worker died
STARTS = 3  # attempts at starting Ray on this machine
ROOM = 32 * 2**20  # bytes of shared memory a worker, for parts on their way


def code_on_ray(
    coder: Coder,
    load: Callable[..., Coder],
    source: Source | RemoteSource,
    out: str,
    address: str | None,
    **asked: Any,
) -> Done:
    """``code_parts`` on the cluster at ``address`` ("auto": the one that this machine belongs to).

    Without an address it starts Ray on this machine, where Ray must not have been imported before. A worker has a GPU
    if there is one and ``coder`` is a run, else one processor core. ``say`` is told when a worker died.
    """
    say = asked.get("say", lambda line: None)

    def each(
        make: Callable[..., PartCoder], parts: Iterator[Part], most: int
    ) -> Iterator[tuple[Coded, list[str]]]:
        with _cluster(address) as ray, redirect_stdout(_Told(sys.stdout, say)):
            resources = ray.cluster_resources()
            cards = int(resources.get("GPU", 0)) if coder.folder else 0
            workers = max(1, min(cards or int(resources.get("CPU", 1)), most))
            actor = ray.remote(_Worker).options(
                num_cpus=1, num_gpus=1 if cards else 0, max_restarts=-1, max_task_retries=ATTEMPTS
            )
            yield from _work([actor.remote(make, "cuda" if cards else "cpu") for _ in range(workers)], parts)

    return code_parts(coder, load, source, out, each, **asked)


def _work(workers: list[Any], parts: Iterator[Part]) -> Iterator[tuple[Coded, list[str]]]:
    from ray.exceptions import RayActorError, RayTaskError
    from ray.util import ActorPool

    pool: Any = ActorPool(workers)
    try:
        for part in parts:
            if not pool.has_free():
                yield pool.get_next_unordered()
            pool.submit(lambda worker, part: worker.code.remote(part), part)
        while pool.has_next():
            yield pool.get_next_unordered()
    except RayTaskError as error:
        raise error.cause from error
    except RayActorError as error:
        raise InputError(
            f"a worker on Ray died {ATTEMPTS + 1} times at one part of the notes, or could not start: its machine may "
            "lack memory, or the run; what is coded is kept, the same command with --resume goes on"
        ) from error


class _Worker:
    """What an actor holds; a coder is loaded where the actor lives."""

    def __init__(self, make: Callable[..., PartCoder], device: str) -> None:
        self._parts = make(device)

    def code(self, part: Part) -> tuple[Coded, list[str]]:
        return self._parts.code(part)


class _Told(io.TextIOBase):
    """Standard output, on which Ray prints its own paragraphs whatever it is asked to log: of a worker that died one
    line, the rest on standard error.
    """

    def __init__(self, through: TextIO, say: Callable[[str], None]) -> None:
        self._through, self._say = through, say
        self._rays = False  # what was written last

    def write(self, text: str) -> int:
        if self._rays and text == "\n":  # the end of its line
            return len(text)
        self._rays = "(raylet)" in text
        if not self._rays:
            return self._through.write(text)
        if "worker died" in text:
            self._say("a worker on Ray died: another takes its place and codes its notes")
        elif "_Worker.code failed" not in text:  # it is tried again
            sys.stderr.write(text.rstrip() + "\n")
        return len(text)

    def flush(self) -> None:
        self._through.flush()


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    told: dict[str, Any] = {"address": address}
    if address is None:
        # by this switch Ray takes the loopback address for its own, and listens on no other
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # else a busy machine's command prints that Ray's own metrics, which nobody collects, did not start in time
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        cores = len(os.sched_getaffinity(0))
        told = {"address": "local", "num_cpus": cores, "object_store_memory": 2**27 + cores * ROOM}
        # by Ray's own default workers give way to all else on the machine, as one process does not
        system = {"enable_metrics_collection": False, "worker_niceness": 0}
        told |= {"include_dashboard": False, "_system_config": system}
    try:
        import ray
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    if address is not None and re.fullmatch(r"[^/]+:\d+", address):
        _check_reached(address)
    _start(ray, told, STARTS if address is None else 1)
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reached(address: str) -> None:
    """Ray itself would try for many minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"Ray cannot be reached ({address}): {error}") from error


def _start(ray: Any, told: dict[str, Any], attempts: int) -> None:
    """Starts Ray, with retries: on a busy machine its processes may start later than it waits for them."""
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **told)
    except Exception as error:  # Ray has no class for that it cannot start
        ray.shutdown()
        if attempts == 1:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(f"Ray cannot be reached ({told['address']}): {reason}") from error
        _start(ray, told, attempts - 1)
