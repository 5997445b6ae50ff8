"""The queue: room for so many, together what came together, nothing lost, given-up notes left out."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge import InputError
from icdbridge.coding.coder import Asked
from icdbridge.server.batching import BATCH_NOTES, BatchQueue, Job, Overloaded, evidence_price, score_price


class Recorder:
    """Stands for a coder: waits until it may go on, then returns what it was asked for."""

    evidence_apart = True

    def __init__(self):
        self.batches, self.asked, self.searched, self.go_on = [], [], [], threading.Event()

    def code_many(self, texts, version, *, top, codes, evidence, candidates=False, setting=None, as_of=None):
        self.batches.append((list(texts), version))
        self.asked.append((top, evidence))
        self.searched.append(candidates)
        assert self.go_on.wait(20)
        if "broken" in texts:
            raise InputError("broken")
        return [[(text, number) for number in range(top)] for text in texts]


@pytest.fixture
def coder():
    return Recorder()


@pytest.fixture
def queue(coder):
    queue = BatchQueue(20, batch_seconds=math.inf)
    queue.start()
    assert queue.ready.wait(20)
    yield queue
    coder.go_on.set()
    queue.close()


def job(coder, text, version="icd10", top=1, codes=None, evidence=False, price=1.0, of_evidence=0.0):
    return Job(coder, text, Asked(version, top, codes, evidence), price, of_evidence)


def occupy(queue, coder):
    """Gives the worker a note to be busy with, so that what comes next has to wait."""
    queue.submit([job(coder, "first")])
    while not coder.batches:
        threading.Event().wait(0.005)


def test_notes_that_wait_together_are_coded_together_by_version_and_length_of_list(queue, coder):
    occupy(queue, coder)
    asked = [("icd10", 2), ("icd9", 2), ("icd10", 2), ("icd10", 3)]
    jobs = [job(coder, f"n{i}", version, top=top) for i, (version, top) in enumerate(asked)]
    queue.submit(jobs)
    coder.go_on.set()
    assert [len(one.future.result(20)) for one in jobs] == [2, 2, 2, 3]
    assert coder.batches[1:] == [(["n0", "n2"], "icd10"), (["n1"], "icd9"), (["n3"], "icd10")]


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
    for _ in range(18):
        queue.submit([job(coder, "x")])
    with pytest.raises(Overloaded) as overloaded:
        queue.submit([job(coder, "y") for _ in range(3)])
    assert 1 <= overloaded.value.retry_after <= 60
    assert len(queue) == 18
    queue.submit([job(coder, "z") for _ in range(2)])


def test_a_request_is_priced_by_its_work_and_a_small_one_passes_a_large_one(queue, coder):
    occupy(queue, coder)
    long = [job(coder, f"long {i}", price=5) for i in range(40)]
    queue.submit(long)  # ten times the capacity, but nothing else waits
    small = job(coder, "small")
    queue.submit([small])
    with pytest.raises(Overloaded):
        queue.submit([job(coder, "as long", price=5) for _ in range(40)])
    coder.go_on.set()
    assert small.future.result(20)
    assert all(one.future.result(20) for one in long)
    assert "small" in coder.batches[1][0]
    assert [text for texts, _ in coder.batches for text in texts if "long" in text] == [
        one.text for one in long
    ]


def test_requests_take_turns_by_what_their_notes_cost():
    narrow = BatchQueue(20, batch_seconds=0)  # a note a batch
    order = Recorder()
    order.go_on.set()
    for name, cost, notes in (("a", 3, 3), ("b", 1, 6)):
        narrow.submit([job(order, f"{name}{i}", price=cost) for i in range(notes)])
    narrow.start()
    narrow.close()
    taken = [text for texts, _ in order.batches for text in texts]
    assert taken == ["b0", "b1", "a0", "b2", "b3", "b4", "a1", "b5", "a2"]


def test_who_asks_for_no_evidence_does_not_pay_for_that_of_others(queue, coder):
    occupy(queue, coder)
    jobs = [job(coder, f"n{i}", evidence=i % 2 == 0, top=2) for i in range(4)]
    queue.submit(jobs)
    other = job(coder, "more of it", evidence=True, top=50)
    queue.submit([other])
    coder.go_on.set()
    assert all(one.future.result(20) for one in (*jobs, other))
    shared = dict(zip((tuple(texts) for texts, _ in coder.batches[1:]), coder.asked[1:], strict=True))
    assert shared == {("n0", "n2"): (2, True), ("n1", "n3"): (2, False), ("more of it",): (50, True)}


class Explainer(Recorder):
    """Finds as many codes as asked, and explains some at a time."""

    def code_many(self, texts, version, *, top, codes, evidence, candidates=False, setting=None, as_of=None):
        return [
            [number if evidence else -number for number in range(1, top + 1)]
            for _ in super().code_many(texts, version, top=top, codes=codes, evidence=evidence)
        ]

    def explain(self, text, found, version, *, codes, as_of=None):
        self.batches.append(([text], len(found)))
        return [-number for number in found]


def test_a_note_with_much_evidence_is_coded_in_parts_that_others_pass():
    coder = Explainer()
    queue = BatchQueue(20, batch_seconds=0.2)  # ten usual notes, at the start
    queue.start()
    long, small = (
        job(coder, "long", top=60, evidence=True, price=100, of_evidence=90),
        job(coder, "small", price=1),
    )
    queue.submit([long])
    while not coder.batches:
        threading.Event().wait(0.005)
    queue.submit([small])
    coder.go_on.set()
    assert small.future.result(20) == [-1]
    assert long.future.result(20) == list(range(1, 61))
    queue.close(20)
    assert coder.batches[0] == (["long"], "icd10")
    assert coder.batches[1] == (["small"], "icd10")
    parts = coder.batches[2:]
    assert all(texts == ["long"] for texts, _ in parts)
    assert sum(size for _, size in parts) == 60
    assert len(parts) > 1


def test_evidence_that_comes_with_the_codes_is_not_asked_for_in_parts():
    coder = Explainer()
    coder.evidence_apart = False
    coder.go_on.set()
    queue = BatchQueue(20, batch_seconds=0.2)
    queue.start()
    long = job(coder, "long", top=60, evidence=True, price=100, of_evidence=90)
    queue.submit([long])
    assert long.future.result(20) == list(range(1, 61))
    queue.close(20)
    assert coder.batches == [(["long"], "icd10")]


def test_a_note_that_was_begun_and_given_up_is_not_gone_on_with():
    coder = Explainer()
    queue = BatchQueue(20, batch_seconds=0.2)
    queue.start()
    long, after = job(coder, "long", top=60, evidence=True, price=100, of_evidence=90), job(coder, "after")
    queue.submit([long])
    while not coder.batches:
        threading.Event().wait(0.005)
    assert long.future.cancel()
    coder.go_on.set()
    queue.submit([after])
    assert after.future.result(20)
    assert [texts for texts, _ in coder.batches] == [["long"], ["after"]]
    queue.close(20)


def test_what_requests_gave_up_leaves_room(queue, coder):
    occupy(queue, coder)
    given_up = [job(coder, "given up") for _ in range(20)]
    for one in given_up:
        queue.submit([one])
    with pytest.raises(Overloaded):
        queue.submit([job(coder, "x")])
    for one in given_up:
        one.future.cancel()
    queue.submit([job(coder, "y")])


numbers = st.integers(0, 500_000)


def price(words, characters, codes, evidenced):
    return score_price(words, characters, codes) + evidence_price(words, characters, evidenced)


@given(numbers, numbers, st.integers(1, 100_000), st.integers(0, 200), st.integers(0, 1_000))
def test_more_of_anything_never_costs_less(words, characters, codes, evidenced, more):
    asked = (words, characters, codes, evidenced)
    assert price(*asked) >= 0.03
    for i in range(4):
        assert price(*asked[:i], asked[i] + more, *asked[i + 1 :]) >= price(*asked)


def test_a_usual_note_costs_one_and_a_long_one_with_much_evidence_a_few():
    assert price(1_500, 0, 8_000, 10) == pytest.approx(1)
    assert evidence_price(1_500, 0, 10) < 0.2
    assert 4 < price(4_000, 26_000, 8_000, 200) < 6
    assert price(1, 500_000, 8_000, 10) > 3
    assert price(10, 80, 8_000, 10) < 0.2


def test_a_worker_that_hangs_is_known_and_does_not_keep_the_queue_open(coder):
    queue = BatchQueue(20, patience=0.05)
    queue.start()
    assert queue.ready.wait(20)
    assert not queue.stalled
    occupy(queue, coder)
    waiting = job(coder, "waiting")
    queue.submit([waiting])
    while not queue.stalled:
        threading.Event().wait(0.005)
    with pytest.raises(Overloaded):
        queue.submit([job(coder, "more")])
    assert queue.close(0.01) is False
    assert waiting.future.cancelled()
    coder.go_on.set()
    assert queue.close(20) is True


def test_a_queue_whose_warm_up_fails_takes_nothing(coder, caplog):
    def fails():
        raise RuntimeError("qzxsecret")

    queue = BatchQueue(20, fails)
    queue.start()
    assert queue.close(20)
    assert queue.failed
    assert not queue.ready.is_set()
    assert "RuntimeError at" in caplog.text
    assert "qzxsecret" not in caplog.text
    with pytest.raises(Overloaded):
        queue.submit([job(coder, "x")])


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


def test_notes_for_the_candidate_search_are_coded_apart(coder, queue):
    plain, searched = (Job(coder, "text", Asked("icd10", 3, candidates=asked)) for asked in (False, True))
    coder.go_on.set()
    queue.submit([plain, searched])
    assert [job.future.result(20) for job in (plain, searched)] == [
        [("text", 0), ("text", 1), ("text", 2)]
    ] * 2
    assert coder.searched == [False, True]
