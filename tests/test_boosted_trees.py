"""Boosted trees as plain arrays say what scikit-learn says."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from icdbridge.boosted_trees import ARRAYS, check_trees
from icdbridge.training.fit_prior import to_trees


@pytest.fixture(scope="module")
def learnt():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3_000, 5)).astype(np.float32)
    features[:, 2] = features[:, 2].round()  # values that many rows share: thresholds fall between them
    right = rng.random(3_000) < 1 / (1 + np.exp(-features[:, 0] * features[:, 2]))
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8).fit(features, right)
    return model, features


def test_they_say_what_scikit_learn_says(learnt):
    model, features = learnt
    np.testing.assert_allclose(to_trees(model).raw(features), model.decision_function(features), atol=1e-5)


def test_no_row_is_no_sum(learnt):
    assert to_trees(learnt[0]).raw(np.zeros((0, 5), np.float32)).shape == (0,)


def test_a_row_is_summed_alone_as_among_others(learnt):
    model, features = learnt
    trees = to_trees(model)
    together = trees.raw(features[:50])
    assert [trees.raw(features[[row]])[0] for row in range(50)] == pytest.approx(together.tolist(), abs=0)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("left", -1, "come after"),
        ("right", 1_000, "come after"),
        ("feature", 5, "feature that is none"),
        ("feature", -1, "feature that is none"),
        ("value", np.nan, "no number"),
        ("threshold", np.inf, "no number"),
    ],
)
def test_trees_of_a_stranger(learnt, name, value, fault):
    trees = to_trees(learnt[0])
    arrays = {one: getattr(trees, one).copy() for one in ARRAYS}
    assert check_trees(arrays, 5) is None
    arrays[name][0, 0] = value
    assert fault in check_trees(arrays, 5)


def test_trees_of_different_shapes(learnt):
    arrays = {one: getattr(to_trees(learnt[0]), one) for one in ARRAYS}
    assert "shapes" in check_trees(arrays | {"left": arrays["left"][:, 1:]}, 5)
