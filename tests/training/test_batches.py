"""Label spaces and batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from icdbridge.errors import InputError
from icdbridge.models.model import label_loss
from icdbridge.runs.tokens import TokenizedNotes
from icdbridge.training.batches import (
    VersionNotes,
    batches_ahead,
    draw_batch,
    draw_label_space,
    make_batch,
    plan_epoch,
)
from icdbridge.training.settings import make_settings


@given(st.data())
def test_label_space(data):
    pool = data.draw(st.integers(1, 60))
    groups = np.array(data.draw(st.lists(st.integers(0, 30), min_size=pool, max_size=pool)))
    drawable = np.array(data.draw(st.lists(st.booleans(), min_size=pool, max_size=pool)))
    positives = np.array(sorted(data.draw(st.sets(st.integers(0, pool - 1), min_size=1))))
    size = data.draw(st.integers(len(positives), 70))
    notes = VersionNotes("icd10", [], None, None, None, None, groups, drawable)
    columns, weights = draw_label_space(notes, positives, size, np.random.default_rng(0))
    negatives = np.setdiff1d(columns, positives)
    assert set(positives) <= set(columns)
    assert len(set(columns.tolist())) == len(columns)
    assert drawable[negatives].all()
    assert not set(groups[negatives]) & set(groups[positives])  # never the description of a positive
    free = drawable & ~np.isin(groups, groups[positives])
    assert len(columns) == min(size, len(positives) + free.sum())
    assert (weights[np.isin(columns, positives)] == 1).all()
    drawn = np.isin(columns, negatives)  # they stand for all that might have been, if there are any
    assert np.isclose(weights[drawn].sum(), free.sum() if drawn.any() else 0)


def test_what_people_rejected_is_in_the_label_space_of_its_batch():
    notes = notes_of("icd10", 4, 40, 0)
    rejected = np.zeros((4, 40), bool)
    rejected[1, [9, 30]] = True
    part = replace(notes.parts[0], labels=csr_array(np.eye(4, 40, dtype=bool)), rejected=csr_array(rejected))
    codes = {f"icd10cm:A{i:02}": f"code {i}" for i in range(40)}
    joined = VersionNotes.join("icd10", [part], codes, [np.array([3])] * 40, "train")
    (columns, weights), labels = draw_batch(joined, np.array([0, 1]), settings(5), np.random.default_rng(0))
    assert {0, 1, 9, 30} < set(columns.tolist())
    assert (weights[np.isin(columns, [9, 30])] == 1).all()
    assert labels.sum() == 2
    (columns, _), _ = draw_batch(joined, np.array([0, 2]), settings(5), np.random.default_rng(0))
    assert {9, 30}.isdisjoint(columns.tolist())


def test_too_many_positives():
    with pytest.raises(InputError, match="raise label_space"):
        draw_label_space(notes_of("icd10", 1, 9, 0), np.arange(5), 4, np.random.default_rng(0))


def test_the_weighted_loss_is_on_average_that_of_all_codes():
    notes = replace(
        notes_of("icd10", 6, 40, 0), groups=np.arange(40)
    )  # no code is left out for its description
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 40)))
    labels = torch.from_numpy(notes.labels.toarray()).double()
    positives = np.flatnonzero(labels.any(dim=0))
    drawn = []
    for seed in range(400):
        space = draw_label_space(notes, positives, len(positives) + 4, np.random.default_rng(seed))
        some = logits[:, space.columns], labels[:, space.columns], torch.from_numpy(space.weights)
        drawn.append(float(label_loss(*some)))
    assert np.mean(drawn) == pytest.approx(float(label_loss(logits, labels)), abs=3 * np.std(drawn) / 20)


def notes_of(version, count, pool, seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 30, count)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    labels = csr_array(rng.random((count, pool)) < 0.2)
    words, rejected = rng.integers(2, 50, starts[-1]).astype(np.int32), csr_array((count, pool), dtype=bool)
    part = TokenizedNotes([str(i) for i in range(count)], words, starts, labels, rejected)
    texts = [f"code {i // 2}a" for i in range(pool)]  # pairs share a description
    codes = {f"icd10cm:A{i // 7:02}.{i % 7}": text for i, text in enumerate(texts)}
    return VersionNotes.join(version, [part], codes, [np.array([3, 4 + i]) for i in range(pool)], "corpora")


def settings(label_space, **given):
    return make_settings(label_space=label_space, seed=5, **given)


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
    found = list(batches_ahead(data, plan, settings(40), 2, first=3))
    assert len(found) == len(plan) - 3
    for position, part in enumerate(found, 3):
        number, rows = plan[position]
        expected = make_batch(data[number], rows, settings(40), np.random.default_rng([5, 2, position]))
        assert part.share == 1
        assert all((one == other).all() for one, other in zip(part.batch, expected, strict=True))


def test_a_part_has_the_label_space_of_its_batch():
    data = [notes_of("icd10", 31, 20, 1)]
    plan = plan_epoch(data, 8, 10_000, seed=5, epoch=0)
    whole = list(batches_ahead(data, plan, settings(40), 0))
    halves = [
        list(batches_ahead(data, plan, settings(40), 0, part=lambda notes, n=n: notes[n::2])) for n in (0, 1)
    ]
    for part, *own in zip(whole, *halves, strict=True):
        assert sum(half.share for half in own) == 1
        for half in own:
            assert torch.equal(half.batch.codes, part.batch.codes)
            assert torch.equal(half.batch.labels, part.batch.labels[half.numbers])
    nothing = next(batches_ahead(data, plan, settings(40), 0, part=lambda notes: notes[:0]))
    assert (nothing.share, len(nothing.batch.notes)) == (0, 1)


def test_a_batch_carries_the_labels_of_its_notes():
    notes = notes_of("icd10", 20, 16, 3)
    rows = np.array([4, 0, 11])
    batch = make_batch(notes, rows, settings(10), np.random.default_rng(0))
    dense = notes.labels.toarray()
    columns = [int(code[1]) - 4 for code in batch.codes]  # the second word of a description names its column
    assert len(columns) <= 10
    np.testing.assert_array_equal(batch.labels.numpy(), dense[rows][:, columns])
    assert batch.labels.sum() == dense[rows].sum()  # no positive is lost
    assert batch.note_lengths.tolist() == notes.lengths[rows].tolist()


def test_negatives_of_training_notes_only():
    joined = notes_of("icd10", 10, 6, 0)
    unseen = csr_array(np.eye(3, 6, dtype=bool))
    rejected = csr_array((3, 6), dtype=bool)
    part = TokenizedNotes(["a", "b", "c"], joined.words(0), np.array([0, 1, 1, 1]), unseen, rejected)
    notes = VersionNotes.join("icd10", [part], dict.fromkeys("abcdef", "x"), [np.array([2])] * 6, "train")
    assert notes.drawable.tolist() == [True] * 3 + [False] * 3
