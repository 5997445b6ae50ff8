"""Phrases of training notes counted in parts, on disk: the same as at once, and gone on with."""

import os
import signal

import numpy as np
import pytest
from scipy.sparse import csr_array

from icdbridge.errors import InputError
from icdbridge.lexical.associations import Associations, find_phrases
from icdbridge.lexical.note import NoteWords
from icdbridge.training import phrase_counts
from icdbridge.training.forked_work import on_all_cores
from icdbridge.training.phrase_counts import NotePhrases, PhraseCounts
from icdbridge.training.training_texts import FOLDS

RNG = np.random.default_rng(0)
WORDS = ["gout", "asthma", "cough", "fever", "rash", "edema", "stroke", "anemia", "sepsis", "ulcer"]
TEXTS = [" ".join(RNG.choice(WORDS, 12)) for _ in range(40)]
LABELS = csr_array(RNG.random((40, 6)) < 0.3)
NOTE_FOLDS = RNG.integers(0, FOLDS, 40)


@pytest.fixture
def tiny(monkeypatch):
    """Shards and ranges of a few notes and phrases."""
    monkeypatch.setattr(phrase_counts, "SHARD", 3)
    monkeypatch.setattr(phrase_counts, "RANGE", 100)


def read(folder, texts=TEXTS):
    return NotePhrases.read(texts, len(TEXTS), 100, folder / "phrases")


def count(folder, several=None, folds=NOTE_FOLDS, labels=(LABELS,) * (FOLDS + 1)):
    return PhraseCounts.count(lambda: several or [read(folder)], folds, lambda: labels, folder / "counts")


def at_once(left_out, labels=LABELS):
    rows = np.flatnonzero(left_out != NOTE_FOLDS)
    phrases = [find_phrases(NoteWords(TEXTS[row], 100)).hashes for row in rows]
    return Associations.learn(phrases, labels[rows])


def assert_same(one, other):
    assert np.array_equal(one.hashes, other.hashes)
    assert np.array_equal(one.notes, other.notes)
    assert (one.counts != other.counts).nnz == 0


def test_counted_in_parts_as_at_once(tiny, tmp_path):
    counted = count(tmp_path)
    assert len(list((tmp_path / "phrases").glob("*.hashes.npy"))) == 14
    assert counted.ranges > 5
    for left_out in range(FOLDS + 1):
        assert_same(counted.without(left_out), at_once(left_out))


def test_notes_of_several_corpora_count_together_with_soft_labels_of_each_fold(tiny, tmp_path):
    halves = [NotePhrases.read(TEXTS[i : i + 20], 20, 100, tmp_path / str(i)) for i in (0, 20)]
    soft = [csr_array(LABELS.toarray() * (0.5 + fold / 32)) for fold in range(FOLDS + 1)]
    counted = count(tmp_path, halves, labels=soft)
    for left_out in range(FOLDS + 1):
        assert_same(counted.without(left_out), at_once(left_out, soft[left_out]))


def test_what_is_there_is_not_made_again(tiny, tmp_path):
    whole = count(tmp_path).without(FOLDS)
    (tmp_path / "counts" / "counted.json").unlink()
    (tmp_path / "counts" / "00002.npz").unlink()
    (tmp_path / "phrases" / "00004.hashes.npy").unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.np?")}
    assert_same(count(tmp_path).without(FOLDS), whole)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.np?")}
    again = {path.name for path in after if after[path] != before.get(path)}
    assert again == {"00002.npz", "00004.hashes.npy", "00004.notes.npy"}


def test_a_killed_process_leaves_what_is_whole_and_no_process(tiny, tmp_path):
    def dying():
        yield from TEXTS[:30]
        os.kill(os.getpid(), signal.SIGKILL)

    if not (child := os.fork()):
        read(tmp_path, dying())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    there = sorted((tmp_path / "phrases").glob("*.hashes.npy"))
    assert 0 < len(there) < 14
    assert_same(count(tmp_path).without(FOLDS), at_once(FOLDS))


def test_where_more_would_be_kept_than_has_room_what_few_notes_carry_is_left_out(tmp_path, monkeypatch):
    whole = at_once(FOLDS)
    monkeypatch.setattr(phrase_counts, "ENTRIES", whole.counts.nnz // 3)
    found = count(tmp_path).without(FOLDS)
    assert 0 < found.counts.nnz <= whole.counts.nnz // 3
    least = found.counts.data.min()
    kept = whole.counts.copy()
    kept.data[kept.data < least] = 0
    place = np.searchsorted(whole.hashes, found.hashes)
    assert (kept[place] != found.counts).nnz == 0
    assert kept.count_nonzero() == found.counts.nnz


def test_jobs_are_done_whichever_process_does_them(tmp_path):
    on_all_cores(lambda n: (tmp_path / str(n)).touch(), ((1, (n,)) for n in range(9)), 9, "testing")
    assert len(list(tmp_path.iterdir())) == 9


def test_where_a_process_is_killed_only_what_was_under_way_is_done_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})

    def work(number):
        with (tmp_path / str(number)).open("a") as file:
            file.write("x")
        if number == 5 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    on_all_cores(work, ((1, (n,)) for n in range(12)), 12, "testing")
    done = {n: len((tmp_path / str(n)).read_text()) for n in range(12)}
    assert done[5] == 2
    assert all(done[n] == 1 for n in (0, 1, 9, 10, 11))


def test_an_error_of_a_job_is_told_and_so_is_a_killed_process(monkeypatch):
    def fail(number):
        raise InputError(f"job {number}")

    def die(number):
        os.kill(os.getpid(), signal.SIGKILL)

    jobs = [(1, (n,)) for n in range(4)]
    with pytest.raises(InputError, match="job 0"):
        on_all_cores(fail, jobs, 4, "testing")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    with pytest.raises(InputError, match="killed while testing"):
        on_all_cores(die, jobs, 4, "testing")
