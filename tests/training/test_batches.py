"""Label spaces and batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from icdbridge.errors import InputError
from icdbridge.runs.tokens import TokenizedNotes
from icdbridge.training.batches import (
    VersionNotes,
    batches_ahead,
    draw_label_space,
    make_batch,
    plan_epoch,
)


@given(st.data())
def test_label_space(data):
    pool = data.draw(st.integers(1, 60))
    groups = np.array(data.draw(st.lists(st.integers(0, 30), min_size=pool, max_size=pool)))
    drawable = np.array(data.draw(st.lists(st.booleans(), min_size=pool, max_size=pool)))
    positives = np.array(sorted(data.draw(st.sets(st.integers(0, pool - 1), min_size=1))))
    size = data.draw(st.integers(len(positives), 70))
    columns = draw_label_space(positives, groups, drawable, size, np.random.default_rng(0))
    negatives = np.setdiff1d(columns, positives)
    assert set(positives) <= set(columns)
    assert len(set(columns.tolist())) == len(columns)
    assert drawable[negatives].all()
    assert not set(groups[negatives]) & set(groups[positives])  # never the description of a positive
    free = drawable & ~np.isin(groups, groups[positives])
    assert len(columns) == min(size, len(positives) + free.sum())


def test_too_many_positives():
    with pytest.raises(InputError, match="raise label_space"):
        draw_label_space(np.arange(5), np.arange(9), np.ones(9, bool), 4, np.random.default_rng(0))


def notes_of(version, count, pool, seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 30, count)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    labels = csr_array(rng.random((count, pool)) < 0.2)
    part = TokenizedNotes(
        [str(i) for i in range(count)], rng.integers(2, 50, starts[-1]).astype(np.int32), starts, labels
    )
    texts = [f"code {i // 2}a" for i in range(pool)]  # pairs share a description
    return VersionNotes.join(version, [part], texts, [np.array([3, 4 + i]) for i in range(pool)], "corpora")


def test_an_epoch_has_every_note_once_and_one_version_a_batch():
    data = [notes_of("icd9", 45, 12, 0), notes_of("icd10", 31, 20, 1)]
    plan = plan_epoch(data, 8, 10_000, seed=5, epoch=2)
    for number, notes in enumerate(data):
        rows = np.concatenate([rows for version, rows in plan if version == number])
        assert sorted(rows.tolist()) == list(range(len(notes)))
    assert [v for v, _ in plan] != sorted(v for v, _ in plan)  # versions are mixed
    again = plan_epoch(data, 8, 10_000, seed=5, epoch=2)
    assert all(a == b and (x == y).all() for (a, x), (b, y) in zip(plan, again, strict=True))


@given(st.integers(1, 9), st.integers(1, 120), st.integers(0, 3))
def test_batches_stay_within_notes_and_words(batch_size, batch_words, epoch):
    data = [notes_of("icd10", 60, 12, 0)]
    plan = [rows for _, rows in plan_epoch(data, batch_size, batch_words, 1, epoch)]
    assert sorted(np.concatenate(plan).tolist()) == list(range(60))
    for rows in plan:
        longest = data[0].lengths[rows].max()
        assert len(rows) <= batch_size
        assert len(rows) == 1 or len(rows) * longest <= batch_words


def test_batches_made_ahead_are_those_of_their_numbers():
    data = [notes_of("icd9", 20, 12, 0), notes_of("icd10", 31, 20, 1)]
    plan = plan_epoch(data, 8, 10_000, seed=5, epoch=2)
    found = list(batches_ahead(data, plan, 40, (5, 2), first=3))
    assert len(found) == len(plan) - 3
    for position, batch in enumerate(found, 3):
        number, rows = plan[position]
        expected = make_batch(data[number], rows, 40, np.random.default_rng([5, 2, position]))
        assert all((one == other).all() for one, other in zip(batch[:5], expected[:5], strict=True))


def test_a_batch_carries_the_labels_of_its_notes():
    notes = notes_of("icd10", 20, 16, 3)
    rows = np.array([4, 0, 11])
    batch = make_batch(notes, rows, 10, np.random.default_rng(0))
    dense = notes.labels.toarray()
    columns = [int(code[1]) - 4 for code in batch.codes]  # the second word of a description names its column
    assert len(columns) <= 10
    np.testing.assert_array_equal(batch.labels.numpy(), dense[rows][:, columns])
    assert batch.labels.sum() == dense[rows].sum()  # no positive is lost
    assert batch.note_lengths.tolist() == notes.lengths[rows].tolist()


def test_negatives_of_training_notes_only():
    joined = notes_of("icd10", 10, 6, 0)
    unseen = csr_array(np.eye(3, 6, dtype=bool))
    part = TokenizedNotes(["a", "b", "c"], joined.words(0), np.array([0, 1, 1, 1]), unseen)
    notes = VersionNotes.join("icd10", [part], list("abcdef"), [np.array([2])] * 6, "train")
    assert notes.drawable.tolist() == [True] * 3 + [False] * 3
