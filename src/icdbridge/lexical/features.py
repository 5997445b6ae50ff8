"""The lexical features of a note and a code: sparse, for the codes that have any, and dense, for those asked for."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from icdbridge.lexical.associations import ASSOCIATIONS
from icdbridge.lexical.name_index import FEATURES, Matches

_NEARNESS, _WEIGHT = FEATURES.index("nearness"), FEATURES.index("weight")
NAMED = (*FEATURES, "strength", "firm_strength")  # by the names of codes alone
_COUNTED = (*ASSOCIATIONS, *(f"equivalent_{name}" for name in ASSOCIATIONS))
_OF_CATEGORY = tuple(f"category_{name}" for name in _COUNTED)
_NOTES = ("train_notes", "equivalent_notes", "category_train_notes", "category_equivalent_notes")
STORED = len(NAMED) + len(_COUNTED)  # features of a pair that a note and a code's own words give
LEXICAL_FEATURES = (*NAMED, *_COUNTED, *_OF_CATEGORY, *_NOTES)
# the features that come of training notes of the version, and those that come of notes of all versions together
EQUIVALENT_FEATURES = np.array(["equivalent" in name for name in LEXICAL_FEATURES])
TRAINING_FEATURES = np.array([name not in NAMED for name in LEXICAL_FEATURES]) & ~EQUIVALENT_FEATURES


class SparseFeatures(NamedTuple):
    """Lexical evidence of a note for the codes that have any, numbers ascending: ``codes`` int32 [n], ``features``
    float16 [n, STORED], none negative.

    The features are those of ``Matches``; ``strength`` and ``firm_strength``, nearness² · weight and nearness² ·
    weight²; and those of ``Associated``, of the version's own notes and, named equivalent, of these and notes of other
    versions together. Categories follow the codes, with associations only. Log of 1 + the number of notes with the code
    and its category, in the version and in others, is added to the dense features.
    """

    codes: np.ndarray
    features: np.ndarray


def place_of(codes: np.ndarray, code: int) -> int | None:
    """Where a code stands among some (numbers, ascending); None where it does not."""
    place = int(np.searchsorted(codes, code))
    return place if place < len(codes) and codes[place] == code else None


def renumbered(codes: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes with code i called ``columns[i]``, ascending, without those that are -1; and where each stood."""
    here = columns[codes]
    order = np.argsort(here, kind="stable")[(here < 0).sum() :]
    return here[order], order


def strength(matches: Matches) -> np.ndarray:
    """``strength`` and ``firm_strength`` [n, 2] of what was found."""
    near, weight = matches.features[:, _NEARNESS], matches.features[:, _WEIGHT]
    return np.stack([near**2 * weight, near**2 * weight**2], axis=1)


def dense_features(
    found: Sequence[SparseFeatures], places: np.ndarray, categories: np.ndarray, notes: np.ndarray
) -> np.ndarray:
    """Features float32 [N, L, len(LEXICAL_FEATURES)] of notes for some of the codes: ``places`` says where each code
    goes (-1: nowhere), ``categories`` [L] the category of each, ``notes`` [N, L, 4] how many notes carry the code, its
    equivalents, its category and the category's equivalents.
    """
    features = np.zeros((*notes.shape[:2], len(LEXICAL_FEATURES)), np.float32)
    features[:, :, -len(_NOTES) :] = np.log1p(notes)
    # The last row: of none.
    general = np.zeros((categories.max(initial=-1) + 2, len(_OF_CATEGORY)), np.float32)
    for row, (numbers, values) in enumerate(found):
        split = np.searchsorted(numbers, len(places))
        place = places[numbers[:split]]
        kept = place >= 0
        features[row, place[kept], :STORED] = values[:split][kept]
        category = numbers[split:] - len(places)
        wanted = category < len(general) - 1
        general[:] = 0
        general[category[wanted]] = values[split:][wanted, STORED - len(_OF_CATEGORY) :]
        features[row, :, STORED : -len(_NOTES)] = general[categories]
    return features
