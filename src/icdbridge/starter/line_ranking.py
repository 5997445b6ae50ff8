"""The confidence of a line: boosted trees over its features, and a calibration on notes of other sources.

``ranking.safetensors`` ships with the package: trees, phrase memory (hashes only), scaling, and in its metadata the
training data. ``learning`` makes it.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from icdbridge.boosted_trees import ARRAYS, BoostedTrees
from icdbridge.starter.line_features import FEATURES
from icdbridge.starter.practice import ARRAYS as PRACTICE
from icdbridge.starter.practice import Practice

FILE = "ranking.safetensors"


@dataclass(frozen=True)
class Memory:
    """``keys`` uint32 [K] of phrases with a code, ascending; in how many notes each was ``seen``, and was ``right``."""

    keys: np.ndarray
    seen: np.ndarray
    right: np.ndarray

    def known(self, key: int) -> tuple[int, int]:
        """In how many notes a phrase with its code was found, and in how many of these labelled."""
        place = int(np.searchsorted(self.keys, key))
        if place < len(self.keys) and self.keys[place] == key:
            return int(self.seen[place]), int(self.right[place])
        return 0, 0


@dataclass(frozen=True)
class Ranking(BoostedTrees):
    """Trees over ``FEATURES``. What notes told of phrases: ``published`` ones, ``own`` ones (each code also by itself);
    ``practice``: what phrases were coded. ``scale``: slope and offset from the trees' sum to the logit of the
    confidence. ``about``: what it was learnt from.
    """

    published: Memory
    own: Memory
    practice: Practice
    scale: tuple[float, float]
    about: dict[str, Any]

    def confidence(self, raw: np.ndarray) -> np.ndarray:
        """The share of right lines to expect, from the trees' sum."""
        slope, offset = self.scale
        return 1 / (1 + np.exp(-(slope * raw + offset)))

    def to_bytes(self) -> bytes:
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAYS}
        for prefix, parts, names in (
            ("published", self.published, _MEMORY),
            ("own", self.own, _MEMORY),
            ("practice", self.practice, PRACTICE),
        ):
            arrays |= {f"{prefix}.{name}": np.ascontiguousarray(getattr(parts, name)) for name in names}
        about = {
            "about": json.dumps(self.about),
            "features": json.dumps(FEATURES),
            "scale": json.dumps(self.scale),
            "codes": json.dumps(self.practice.codes),
        }
        return save(arrays, about | {"base": repr(self.base)})


_MEMORY = ("keys", "seen", "right")


@cache
def shipped_ranking() -> Ranking | None:
    """The ranking that ships with the package; None where it was learnt for other features than these."""
    file = files("icdbridge.starter").joinpath(FILE)
    if not file.is_file():
        return None
    with safe_open(str(file), "numpy") as handle:
        said = handle.metadata()
        if tuple(json.loads(said["features"])) != FEATURES:
            return None
        arrays = {name: handle.get_tensor(name) for name in ARRAYS}
        published, own = (
            Memory(*(handle.get_tensor(f"{name}.{part}") for part in _MEMORY))
            for name in ("published", "own")
        )
        practice = {name: handle.get_tensor(f"practice.{name}") for name in PRACTICE}
    return Ranking(
        **arrays,
        published=published,
        own=own,
        practice=Practice(**practice, codes=tuple(json.loads(said["codes"]))),
        base=float(said["base"]),
        scale=tuple(json.loads(said["scale"])),
        about=json.loads(said["about"]),
    )
