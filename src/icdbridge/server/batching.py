"""The queue before the models: a bounded number of notes waits for the one thread that codes them together."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from icdbridge.coding import Coder, Suggestion

BATCH_NOTES = 16  # at most together; they share batches of like length inside
LONGEST_WAIT = 60  # seconds a client is told to stay away, at most

Found = list[Suggestion] | None  # None: a note without words


class Overloaded(Exception):
    """The queue is full or closed; ``retry_after``: whole seconds until it should have room."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("no room for more notes")
        self.retry_after = retry_after


@dataclass(eq=False)
class Job:
    """One note of a request; ``codes`` as in ``Coder.code``, the same object for all notes of a request."""

    coder: Coder
    text: str
    version: str | None
    codes: Mapping[str, str] | None
    top: int
    evidence: bool
    future: "Future[Found]" = field(default_factory=Future)

    @property
    def group(self) -> tuple[int, str | None, int | None]:
        """Jobs of one group are scored against the same codes, so they may be coded together."""
        return id(self.coder), self.version, None if self.codes is None else id(self.codes)


class BatchQueue:
    """Notes that arrive while a batch is coded make up the next one: nobody waits for a batch to fill.

    ``warm_up`` runs in the worker before the first batch; ``ready`` is set when it is done. ``observe`` hears
    of each batch: notes, seconds.
    """

    def __init__(
        self,
        capacity: int,
        warm_up: Callable[[], None] = lambda: None,
        observe: Callable[[int, float], None] = lambda notes, seconds: None,
    ) -> None:
        self.capacity = capacity
        self.ready = threading.Event()
        self._warm_up = warm_up
        self._observe = observe
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._seconds_a_note = 0.05  # moving average, for Retry-After
        self._worker = threading.Thread(target=self._work, name="coding", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def close(self) -> None:
        """Takes no more notes, codes those that wait, then ends the worker."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join()

    def __len__(self) -> int:
        return len(self._waiting)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Takes all jobs or, when they do not fit, none: ``Overloaded``."""
        with self._changed:
            if self._closed or len(self._waiting) + len(jobs) > self.capacity:
                wait = math.ceil(self._seconds_a_note * (len(self._waiting) + len(jobs)))
                raise Overloaded(min(max(wait, 1), LONGEST_WAIT))
            self._waiting.extend(jobs)
            self._changed.notify()

    def _work(self) -> None:
        self._warm_up()
        self.ready.set()
        while batch := self._next():
            start = time.perf_counter()
            _code(batch)
            seconds = time.perf_counter() - start
            self._seconds_a_note += 0.2 * (seconds / len(batch) - self._seconds_a_note)
            self._observe(len(batch), seconds)

    def _next(self) -> list[Job]:
        """The oldest job and those of its group, in their order; empty when closed and nothing waits."""
        batch: list[Job] = []
        with self._changed:
            while not batch:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return []
                group, others = self._waiting[0].group, deque[Job]()
                for job in self._waiting:
                    if job.group != group or len(batch) == BATCH_NOTES:
                        others.append(job)
                    elif job.future.set_running_or_notify_cancel():  # else its request has given up
                        batch.append(job)
                self._waiting = others
        return batch


def _code(batch: Sequence[Job]) -> None:
    first = batch[0]
    try:
        together = first.coder.code_many(
            [job.text for job in batch],
            first.version,
            top=max(job.top for job in batch),
            codes=first.codes,
            evidence=any(job.evidence for job in batch),
        )
    except BaseException as error:  # the requests answer for it, the worker goes on
        for job in batch:
            job.future.set_exception(error)
        return
    for job, found in zip(batch, together, strict=True):
        job.future.set_result(found and found[: job.top])
