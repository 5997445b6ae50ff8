"""Boosted trees as plain arrays: they are learnt with scikit-learn and read without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

_PAIRS = 2**17  # of a row and a tree, walked at once
_ASKED = 8  # nodes of a small tree, without leaves
_BITS = np.arange(_ASKED, dtype=np.uint8)


@dataclass(frozen=True)
class BoostedTrees:
    """``feature``, ``threshold``, ``left``, ``right``, ``value`` [trees, nodes]: a node sends a row whose feature is at
    most the threshold to the left, others to the right; leaves are their own children. ``base`` is added to the values
    of the leaves that a row ends in.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    base: float

    def raw(self, features: np.ndarray) -> np.ndarray:
        """The sum of the trees, float64 [N], for features [N, F]."""
        found = np.empty(len(features))
        step = max(1, _PAIRS // max(len(self.feature), 1))
        for start in range(0, len(features), step):
            found[start : start + step] = self._sum(features[start : start + step])
        return found

    def _sum(self, features: np.ndarray) -> np.ndarray:
        if self._answers is None:
            leaves = self._walked(features)
        else:
            feature, threshold, value = self._answers
            right = np.ascontiguousarray(features.T)[feature] > threshold[:, None]
            bits = right.reshape(len(value), _ASKED, -1).view(np.uint8) << _BITS[:, None]
            told = np.bitwise_or.reduce(bits, axis=1).T
            leaves = value[np.arange(len(value)), told]
        return self.base + leaves.sum(axis=1, dtype=np.float64)

    def _walked(self, features: np.ndarray) -> np.ndarray:
        """The value of the leaf that each row ends in [N, trees], found step by step."""
        feature, threshold, children, first = self._flat
        rows = (np.arange(len(features)) * features.shape[1])[:, None]
        cells = np.ascontiguousarray(features).ravel()
        node = np.repeat(first[None], len(features), axis=0)
        for _ in range(self._depth):
            right = cells[rows + feature[node]] > threshold[node]
            node = children[2 * node + right]
        return self.value.ravel()[node]

    @cached_property
    def _flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """All nodes in a row: feature, threshold, both children of each, the first of each tree."""
        first = np.arange(len(self.feature), dtype=np.int32) * self.feature.shape[1]
        children = np.stack([self.left, self.right], axis=2) + first[:, None, None]
        return self.feature.ravel().astype(np.int32), self.threshold.ravel(), children.ravel(), first

    @cached_property
    def _answers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Of small trees, whose nodes are all asked at once: feature and threshold of the nodes with children [trees *
        ``_ASKED``], and the value of the leaf that each set of answers leads to [trees, 2 ** ``_ASKED``]; None where a
        tree has more nodes.
        """
        inner = self.left != np.arange(self.left.shape[1])
        if inner.sum(axis=1).max(initial=0) > _ASKED:
            return None
        tree, node = np.nonzero(inner)
        place = np.cumsum(inner, axis=1) - 1
        feature = np.zeros((len(inner), _ASKED), np.int64)
        threshold = np.full((len(inner), _ASKED), np.inf, np.float32)
        feature[tree, place[tree, node]] = self.feature[tree, node]
        threshold[tree, place[tree, node]] = self.threshold[tree, node]
        trees, answers = np.arange(len(inner))[:, None], np.arange(2**_ASKED)
        at = np.zeros((len(inner), len(answers)), np.int64)
        for _ in range(self._depth):
            right = answers >> np.maximum(place[trees, at], 0) & 1  # leaves are their own children
            at = np.where(right, self.right[trees, at], self.left[trees, at])
        return feature.ravel(), threshold.ravel(), self.value[trees, at]

    @cached_property
    def _depth(self) -> int:
        """Steps from the first node to the deepest leaf."""
        feature, _, children, node = self._flat
        for depth in range(len(feature)):
            below = np.unique(np.concatenate([children[2 * node], children[2 * node + 1]]))
            if np.isin(below, node).all():
                return depth
            node = below
        return 0


class TreeNodes(NamedTuple):
    """The nodes of one tree, the root first, parents before children; whether each is a ``leaf``."""

    leaf: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray


def packed_trees(trees: Sequence[TreeNodes], base: float) -> BoostedTrees:
    """Trees of any sizes as the arrays that are read; what fills a row up are leaves that nothing leads to."""
    shape = len(trees), max(len(nodes.leaf) for nodes in trees)
    feature = np.zeros(shape, np.int16)
    left, right = (np.tile(np.arange(shape[1], dtype=np.int16), (len(trees), 1)) for _ in range(2))
    threshold, value = (np.zeros(shape, np.float32) for _ in range(2))
    for row, nodes in enumerate(trees):
        own, inner = slice(len(nodes.leaf)), np.flatnonzero(~nodes.leaf)
        feature[row, inner] = nodes.feature[inner]
        threshold[row, inner] = _rounded_down(nodes.threshold[inner])
        left[row, inner] = nodes.left[inner]
        right[row, inner] = nodes.right[inner]
        value[row, own] = nodes.value
    return BoostedTrees(feature, threshold, left, right, value, base)


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """As float32, never greater: a feature that is the next float32 above a threshold stays above it."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded)


ARRAYS = ("feature", "threshold", "left", "right", "value")


def check_trees(arrays: dict[str, np.ndarray], features: int) -> str | None:
    """What is wrong with ``ARRAYS`` of a stranger's, as one line; None where they are trees over so many features.

    A child comes after its parent, so that no row walks in a circle.
    """
    shape = arrays["feature"].shape
    if len(shape) != 2 or any(arrays[name].shape != shape for name in ARRAYS) or not shape[1]:
        return "the arrays of the trees have different shapes"
    own = np.arange(shape[1])
    for side in ("left", "right"):
        child = arrays[side]
        if (child < own).any() or (child >= shape[1]).any():
            return "a node has a child that does not come after it"
    if (arrays["feature"] < 0).any() or (arrays["feature"] >= features).any():
        return "a node asks for a feature that is none"
    if not (np.isfinite(arrays["threshold"]).all() and np.isfinite(arrays["value"]).all()):
        return "a threshold or value is no number"
    return None
