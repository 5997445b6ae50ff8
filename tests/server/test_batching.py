"""The queue: room for so many, together what came together, nothing lost, given-up notes left out."""

import threading

import pytest

from icdbridge import InputError
from icdbridge.server.batching import BATCH_NOTES, BatchQueue, Job, Overloaded


class Recorder:
    """Stands for a coder: waits until it may go on, then returns what it was asked for."""

    def __init__(self):
        self.batches, self.go_on = [], threading.Event()

    def code_many(self, texts, version, *, top, codes, evidence):
        self.batches.append((list(texts), version))
        assert self.go_on.wait(20)
        if "broken" in texts:
            raise InputError("broken")
        return [[(text, number) for number in range(top)] for text in texts]


@pytest.fixture
def coder():
    return Recorder()


@pytest.fixture
def queue(coder):
    queue = BatchQueue(20)
    queue.start()
    assert queue.ready.wait(20)
    yield queue
    coder.go_on.set()
    queue.close()


def job(coder, text, version="icd10", top=1, codes=None):
    return Job(coder, text, version, codes, top, False)


def occupy(queue, coder):
    """Gives the worker a note to be busy with, so that what comes next has to wait."""
    queue.submit([job(coder, "first")])
    while not coder.batches:
        threading.Event().wait(0.005)


def test_notes_that_wait_together_are_coded_together_by_version(queue, coder):
    occupy(queue, coder)
    jobs = [job(coder, f"n{i}", "icd9" if i == 1 else "icd10", top=i + 1) for i in range(4)]
    queue.submit(jobs)
    coder.go_on.set()
    assert [len(one.future.result(20)) for one in jobs] == [1, 2, 3, 4]
    assert coder.batches[1:] == [(["n0", "n2", "n3"], "icd10"), (["n1"], "icd9")]


def test_notes_with_code_sets_of_their_own_are_coded_apart(queue, coder):
    occupy(queue, coder)
    sets = {"a:1": "one"}, {"a:1": "one"}
    jobs = [job(coder, f"n{i}", None, codes=sets[i // 2]) for i in range(4)]
    queue.submit(jobs)
    coder.go_on.set()
    assert all(one.future.result(20) for one in jobs)
    assert [texts for texts, _ in coder.batches[1:]] == [["n0", "n1"], ["n2", "n3"]]


def test_a_batch_is_bounded(queue, coder):
    occupy(queue, coder)
    jobs = [job(coder, str(i)) for i in range(BATCH_NOTES + 2)]
    queue.submit(jobs)
    coder.go_on.set()
    assert [one.future.result(20)[0][0] for one in jobs] == [str(i) for i in range(BATCH_NOTES + 2)]
    assert [len(texts) for texts, _ in coder.batches] == [1, BATCH_NOTES, 2]


def test_a_full_queue_takes_all_of_a_request_or_nothing(queue, coder):
    occupy(queue, coder)
    queue.submit([job(coder, "x") for _ in range(18)])
    with pytest.raises(Overloaded) as overloaded:
        queue.submit([job(coder, "y") for _ in range(3)])
    assert 1 <= overloaded.value.retry_after <= 60
    assert len(queue) == 18
    queue.submit([job(coder, "z") for _ in range(2)])


def test_a_note_whose_request_gave_up_is_not_coded(queue, coder):
    occupy(queue, coder)
    given_up, kept = job(coder, "given up"), job(coder, "kept")
    queue.submit([given_up, kept])
    assert given_up.future.cancel()
    coder.go_on.set()
    assert kept.future.result(20)
    assert [texts for texts, _ in coder.batches] == [["first"], ["kept"]]


def test_an_error_reaches_its_requests_and_the_worker_goes_on(queue, coder):
    coder.go_on.set()
    broken = job(coder, "broken")
    queue.submit([broken])
    with pytest.raises(InputError):
        broken.future.result(20)
    after = job(coder, "after")
    queue.submit([after])
    assert after.future.result(20)


def test_closing_codes_what_waits_and_takes_no_more(queue, coder):
    occupy(queue, coder)
    waiting = job(coder, "waiting")
    queue.submit([waiting])
    closing = threading.Thread(target=queue.close)
    closing.start()
    coder.go_on.set()
    closing.join(20)
    assert waiting.future.result(0)
    with pytest.raises(Overloaded):
        queue.submit([job(coder, "late")])
