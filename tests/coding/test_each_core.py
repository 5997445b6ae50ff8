"""How the notes of a batch are dealt out to the cores."""

from types import SimpleNamespace

import pytest
import torch

from icdbridge.coding.trained_suggestions import each_core


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def parts_of(words, prior=None):
    """How ``each_core`` deals notes out."""
    scorer = SimpleNamespace(model=SimpleNamespace(model=torch.nn.Linear(1, 1)), prior=prior)
    parts = []
    each_core(lambda rows: parts.append([*rows]), words, scorer)
    return parts


def test_cores_are_given_the_longest_notes_first_and_fewer_and_fewer(two_threads):
    words = {row: 100 + row for row in range(16)} | {16: 5_000}
    parts = parts_of(words)
    assert sorted(row for part in parts for row in part) == [*range(17)]
    assert [16] in parts  # nothing goes with a note that is longer than all others together
    assert len(max(parts, key=len)) < 5
    assert [0] in parts


def test_notes_are_coded_together_where_python_does_most(two_threads):
    assert parts_of({3: 10, 5: 30, 8: 20}, prior=object()) == [[5, 8, 3]]
    assert parts_of({}) == [[]]
