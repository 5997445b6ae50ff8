"""The queue before the models: one thread codes notes together, and every request gets a fair share of its time.

Weighted fair queueing (Demers et al. 1989): jobs are taken in the order in which they would finish if all requests were
worked on at once, at equal speed. The clock advances by the work done for each request. A note starts at the time its
request came, by this clock, plus the prices of the request's earlier notes. So a small request behind many long ones
waits for the batch at work, and little else.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from icdbridge.coding import Coder, Suggestion
from icdbridge.coding.coder import Asked
from icdbridge.server.observing import logger, places

BATCH_NOTES = 16  # at most together; they share batches of like length inside
BATCH_SECONDS = 0.4  # a batch is made up to take about so long: it cannot be interrupted
LONGEST_WAIT = 60  # seconds a client is told to stay away, at most

Found = list[Suggestion] | None  # None: a note without words


class Overloaded(Exception):
    """The queue is full, closed or stalled; ``retry_after``: whole seconds until it should have room."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("no room for more notes")
        self.retry_after = retry_after


def score_price(words: int, characters: int, codes: int) -> float:
    """The price of scoring a note; a usual one, of 1,500 words and 8,000 codes, 10 of them with evidence, costs 1.

    Measured, like the price of evidence (docs/performance.md, "Serving"). Even the smallest note has a price.
    """
    return 0.03 + codes / 250_000 + 0.82 * _read(words, characters) / 1_500 * codes / 8_000


def evidence_price(words: int, characters: int, evidenced: int) -> float:
    """The additional price of evidence for some codes: the note's contexts once, and a little a code."""
    if not evidenced:
        return 0.0
    return 0.008 + evidenced / 2_000 + _read(words, characters) / 1_500 * (0.065 + evidenced / 250)


def _read(words: int, characters: int) -> float:
    return words + characters / 100  # a word may be long: characters are read, too


@dataclass(eq=False)
class Job:
    """One note of a request; all notes of a request share one object ``codes``. ``of_evidence`` is the part of its
    price that can be done in parts.
    """

    coder: Coder
    text: str
    asked: Asked
    price: float = 1.0
    of_evidence: float = 0.0
    future: "Future[Found]" = field(default_factory=Future)
    found: list[Suggestion] | None = None  # so far: the first ``explained`` of them with their evidence
    explained: int = 0

    @property
    def group(self) -> tuple[object, ...]:
        """The group of a job: jobs of one group may be coded together. None pays for options of another, or gets
        another list, as companions depend on ``top``.
        """
        codes = self.asked.codes
        return id(self.coder), replace(self.asked, codes=None), None if codes is None else id(codes)


_Entry = tuple[float, int, int, Job]  # where it starts by the clock, place in the queue, request, note


class BatchQueue:
    """The queue. Notes that arrive while a batch is coded form the next one, so nobody waits for a batch to fill.

    ``warm_up`` runs in the worker before the first batch; ``ready`` is set when it is done. ``observe`` is called with
    notes and seconds of each batch. The worker is ``stalled`` if it has work and has not progressed for ``patience``
    seconds.
    """

    def __init__(
        self,
        capacity: float,
        warm_up: Callable[[], None] = lambda: None,
        observe: Callable[[int, float], None] = lambda notes, seconds: None,
        patience: float = 30.0,
        batch_seconds: float = BATCH_SECONDS,
    ) -> None:
        self.capacity = capacity
        self.ready = threading.Event()
        self.failed = False  # the warm-up failed: there will be no worker
        self._warm_up = warm_up
        self._observe = observe
        self._patience = patience
        self._batch_seconds = batch_seconds
        self._waiting: list[_Entry] = []
        self._changed = threading.Condition()
        self._closed = self._working = False
        self._moved = time.monotonic()
        self._clock = 0.0
        self._places = self._requests = 0
        self._active = 1  # requests that had notes when the batch at work was made up
        self._seconds = 0.02  # a usual note takes, as of late
        self._worker = threading.Thread(target=self._work, name="coding", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def close(self, seconds: float | None = None) -> bool:
        """Closes the queue: takes no more notes, codes the waiting ones, then ends the worker. False if that took
        longer than ``seconds``; then the waiting notes are given up.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join(seconds)
        if not self._worker.is_alive():
            return True
        self._give_up()
        return False

    def _give_up(self) -> None:
        with self._changed:
            for *_, job in self._waiting:
                job.future.cancel()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def stalled(self) -> bool:
        """Whether there is work and the worker has not progressed for ``patience`` seconds."""
        at_work = self.ready.is_set() and (self._working or bool(self._waiting))
        return at_work and time.monotonic() - self._moved > self._patience

    def submit(self, jobs: Sequence[Job]) -> None:
        """Takes all jobs or none; raises ``Overloaded`` if more than the capacity would be coded before the last of
        them. A request that waits alone is always taken.
        """
        asked = sum(job.price for job in jobs)
        with self._changed:
            self._waiting = [entry for entry in self._waiting if not entry[-1].future.cancelled()]
            ahead = self._ahead(asked)
            if self._closed or self.failed or self.stalled or (ahead and ahead + asked > self.capacity):
                wait = LONGEST_WAIT if self.stalled else math.ceil(self._seconds * (ahead + asked))
                raise Overloaded(min(max(wait, 1), LONGEST_WAIT))
            if not self._waiting and not self._working:
                self._moved = time.monotonic()
            self._requests += 1
            start = self._clock
            for job in jobs:
                self._places += 1
                self._waiting.append((start, self._places, self._requests, job))
                start += job.price
            self._changed.notify()

    def _ahead(self, asked: float) -> float:
        """The work before a new request of price ``asked`` is done: at most as much of each other request."""
        left: dict[int, float] = {}
        for _, _, request, job in self._waiting:
            left[request] = left.get(request, 0.0) + job.price
        return sum(min(of_request, asked) for of_request in left.values())

    def _work(self) -> None:
        try:
            self._warm_up()
        except Exception as error:
            self.failed = True
            self._give_up()
            logger.error("the models cannot be warmed up: %s at %s", type(error).__name__, places(error))
            return
        self.ready.set()
        while batch := self._next():
            start = time.perf_counter()
            room = self._batch_seconds / self._seconds
            first = batch[0][-1]
            if first.found is not None or _at_once(first, room) < first.price:
                cost, finished = _code_in_parts(first, room)
            else:
                cost, finished = sum(job.price for *_, job in batch), True
                _code([job for *_, job in batch])
            seconds = time.perf_counter() - start
            with self._changed:
                self._working, self._moved = False, time.monotonic()
                self._clock += cost / self._active
                if not finished:
                    at, place, request, _ = batch[0]
                    self._waiting.append((at + cost, place, request, first))
            # up at once, down slowly: a batch that takes too long is worse than several small ones
            self._seconds = max(seconds / cost, self._seconds + 0.1 * (seconds / cost - self._seconds))
            self._observe(len(batch), seconds)

    def _next(self) -> list[_Entry]:
        """The next job and others of its group, in their order; empty when closed and nothing waits."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                going_on = [entry for entry in self._waiting if not entry[-1].future.cancelled()]
                if going_on or not self._waiting:
                    break
                self._waiting = []
            if not going_on:
                return []
            room = self._batch_seconds / self._seconds
            self._active = len({request for _, _, request, _ in going_on})
            first, *rest = sorted(
                going_on, key=lambda entry: (entry[0] + _at_once(entry[-1], room), entry[1])
            )
            batch, left, others = [first], room - first[-1].price, []
            for entry in rest:
                job = entry[-1]
                together = job.group == first[-1].group and job.found is first[-1].found is None
                if together and len(batch) < BATCH_NOTES and job.price <= left:
                    batch.append(entry)
                    left -= job.price
                else:
                    others.append(entry)
            self._waiting = others
            self._working, self._moved = True, time.monotonic()
        return batch


def _at_once(job: Job, room: float) -> float:
    """The price of the next part of a job: expensive evidence is done in parts."""
    undivided = job.price - job.of_evidence if job.found is None else 0.0
    apart = job.of_evidence and job.coder.evidence_apart
    return min(job.price, max(room, undivided)) if apart else job.price


def _code_in_parts(job: Job, room: float) -> tuple[float, bool]:
    """Does the next part of a long job: codes, then evidence bit by bit. Gives its price and if it was the last."""
    asked = job.asked
    try:
        if job.found is None:
            job.found = job.coder.code_many([job.text], **vars(replace(asked, evidence=False)))[0]
            if not job.found:
                _answer(job, job.found)
            return job.price - job.of_evidence, not job.found
        each = job.of_evidence / len(job.found)
        end = min(job.explained + max(1, int(room / each)), len(job.found))
        part = slice(job.explained, end)
        job.found[part] = job.coder.explain(
            job.text, job.found[part], asked.version, codes=asked.codes, as_of=asked.as_of
        )
        cost, job.explained = each * (end - job.explained), end
        if end == len(job.found):
            _answer(job, job.found)
        return cost, end == len(job.found)
    except BaseException as error:  # the request answers for it, the worker goes on
        _answer(job, error)
        return job.price, True


def _code(batch: Sequence[Job]) -> None:
    first = batch[0]
    try:
        together = first.coder.code_many([job.text for job in batch], **vars(first.asked))
    except BaseException as error:  # as above
        for job in batch:
            _answer(job, error)
        return
    for job, found in zip(batch, together, strict=True):
        _answer(job, found)


def _answer(job: Job, found: Found | BaseException) -> None:
    if not job.future.set_running_or_notify_cancel():
        return  # its request has given up
    if isinstance(found, BaseException):
        job.future.set_exception(found)
    else:
        job.future.set_result(found)
