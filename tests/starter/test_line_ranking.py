"""Trees rank as those that they were learnt by; the ranking that ships fits the features."""

import json
import operator

import numpy as np
import pytest
from benchmarks.learn_ranking import with_trees
from safetensors.numpy import load
from sklearn.ensemble import GradientBoostingClassifier

from icdbridge.starter.line_features import FEATURES
from icdbridge.starter.line_ranking import Memory, Ranking, shipped_ranking
from icdbridge.starter.practice import count_practice


def remembering(own):
    """A ranking without trees; ``own``: by the hash of a phrase with its code, the notes that have it and those of them
    that are labelled so.
    """
    keys, none = sorted(own), np.zeros((0, 1))
    counts = np.array([own[key] for key in keys], np.uint16).reshape(-1, 2)
    memory = Memory(np.array(keys, np.uint32), counts[:, 0], counts[:, 1])
    return Ranking(*[none] * 5, 0.0, memory, memory, count_practice((), {}), (1.0, 0.0), {})


def to_ranking(trees, memory):
    return with_trees(remembering(memory), trees)


def learnt(features, seed=0, **options):
    sums = features.sum(axis=1) + np.random.default_rng(seed).normal(0, 0.5, len(features))
    right = sums > np.median(sums)
    return GradientBoostingClassifier(n_estimators=6, random_state=seed, **options).fit(features, right)


@pytest.mark.parametrize("seed", range(3))
def test_trees_sum_as_scikit_learns_do(seed):
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(200, 5)).astype(np.float32).round(int(draw.integers(0, 3)))
    trees = learnt(features, seed, max_depth=int(draw.integers(1, 5)))
    ranking = to_ranking(trees, {})
    other = draw.normal(size=(300, 5)).astype(np.float32)
    for lines in (features, other):
        np.testing.assert_allclose(ranking.raw(lines), trees.decision_function(lines), rtol=1e-5, atol=1e-5)


def test_values_next_to_each_other_are_kept_apart():
    """A threshold lies between two of them, where float32 has no number."""
    values = [np.float32(3)]
    for _ in range(9):
        values.append(np.nextafter(values[-1], np.float32(4), dtype=np.float32))
    features = np.array(values * 4, np.float32)[:, None]
    right = np.array([number % 2 == 0 for number in range(10)] * 4)
    trees = GradientBoostingClassifier(n_estimators=3, max_depth=4, random_state=0).fit(features, right)
    raw = to_ranking(trees, {}).raw(features)
    assert len(set(raw.tolist())) > 1
    np.testing.assert_allclose(raw, trees.decision_function(features), rtol=1e-5, atol=1e-5)


def test_no_lines_have_no_sums():
    trees = learnt(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
    assert to_ranking(trees, {}).raw(np.zeros((0, 3), np.float32)).shape == (0,)


def test_phrases_are_remembered_by_their_hashes():
    trees = learnt(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
    ranking = to_ranking(trees, {7: (3, 2), 2**32 - 1: (5, 0), 0: (1, 1)})
    assert [ranking.own.known(key) for key in (0, 7, 2**32 - 1, 8, 1)] == [
        (1, 1),
        (3, 2),
        (5, 0),
        (0, 0),
        (0, 0),
    ]
    assert to_ranking(trees, {}).own.known(7) == (0, 0)


def test_confidence_is_a_share_that_rises_with_the_sum():
    ranking = to_ranking(learnt(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)), {})
    confidence = ranking.confidence(np.array([-50.0, -1.0, 0.0, 1.0, 50.0]))
    assert confidence.tolist() == sorted(confidence.tolist())
    assert (confidence >= 0).all()
    assert (confidence <= 1).all()
    assert confidence[2] == 0.5  # unscaled


def test_all_that_ships_is_written():
    ranking = to_ranking(
        learnt(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)), {7: (3, 2)}
    )
    arrays = load(ranking.to_bytes())
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, operator.attrgetter(name)(ranking))
    own = {"feature", "threshold", "left", "right", "value"}
    own |= {f"{name}.{part}" for name in ("published", "own") for part in ("keys", "seen", "right")}
    practice = {f"practice.{name}" for name in ("keys", "of_code", "seen", "right", "often")}
    assert own | practice == set(arrays)


def test_the_ranking_that_ships_fits_these_features():
    """It has to be learnt anew (``python -m benchmarks.learn_ranking``) where features are added or change names."""
    ranking = shipped_ranking()
    assert ranking is not None
    assert ranking.feature.max() < len(FEATURES)
    assert 0 < ranking.about["threshold"] < 1
    assert ranking.about["basis"]
    for memory in (ranking.published, ranking.own):
        assert (np.diff(memory.keys.astype(np.int64)) > 0).all()
        assert (memory.right <= memory.seen).all()
    json.dumps(ranking.about)
