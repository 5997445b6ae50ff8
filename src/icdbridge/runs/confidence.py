"""The confidence of a probability: Platt scaling fitted on val, bands with names, and thresholds derived from both.

calibration.json: ``{"top": 15, "versions": {version: {"corpora": [names], "scales": {frequency: {"slope", "intercept",
"pairs", "labels"}}, "bands": [{"name", "above", "suggestions", "right"}], "thresholds": {frequency: probability} or
null}}}``. Old runs have no thresholds by frequency.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Self, TypeVar

import numpy as np
from pydantic import AliasChoices, Field, model_validator
from scipy.special import expit

from icdbridge.errors import InputError
from icdbridge.files import read_json
from icdbridge.lexical.evidence import BANDS
from icdbridge.rules.meaning import SEEN_OFTEN
from icdbridge.schema import Count, Name, Share, Strict, checked

# In how many training notes a code was: from 10 on, fewer, none. The scopes frequent and rare count all of a corpus.
FREQUENCIES = ("common", "uncommon", "unseen")
TOP = 15  # the codes of a note that count as suggested where bands and suggestions are measured

Slope = Annotated[float, Field(ge=-1_000, le=1_000)]
T = TypeVar("T")


def frequency(train_notes: Sequence[int] | np.ndarray) -> np.ndarray:
    """Index into ``FREQUENCIES`` of codes that so many training notes carried [L]."""
    seen = np.asarray(train_notes)
    return np.where(seen >= SEEN_OFTEN, 0, np.where(seen > 0, 1, 2))


@dataclass(frozen=True)
class Scale:
    """Platt scaling (1999): confidence = sigmoid(slope · logit + intercept); slope is 1 / temperature.

    ``pairs`` of a note and a code and the ``labels`` among them are what it was fitted on.
    """

    slope: Slope
    intercept: Slope
    pairs: Count
    labels: Count


@dataclass(frozen=True)
class Band:
    """Suggestions of like confidence: ``right`` of ``suggestions`` were labels among the 15 best of val notes."""

    name: Name
    above: Share
    suggestions: Count
    right: Count


@dataclass(frozen=True)
class VersionCalibration:
    """The calibration of one version, fitted on the val notes of ``corpora``.

    ``thresholds``: the probability above which a code is predicted, by frequency; None where the run decides by one
    threshold for all codes.
    """

    corpora: tuple[str, ...]
    scales: Mapping[str, Scale]  # by frequency
    bands: tuple[Band, ...]  # the most confident first
    thresholds: Mapping[str, float] | None = None

    def confidence(
        self, logits: Sequence[float] | np.ndarray, train_notes: Sequence[int] | np.ndarray
    ) -> np.ndarray:
        """The expected share of right codes, for logits [..., L] of codes that ``train_notes`` [L] carried."""
        chosen = [self.scales[name] for name in FREQUENCIES]
        which = frequency(train_notes)
        slope = np.array([scale.slope for scale in chosen])[which]
        intercept = np.array([scale.intercept for scale in chosen])[which]
        return expit(slope * np.asarray(logits, dtype=np.float64) + intercept)

    def band(self, confidence: float) -> Band:
        """The band of a confidence."""
        return next(band for band in self.bands if confidence >= band.above)


def measured_bands(confidence: np.ndarray, right: np.ndarray) -> tuple[Band, ...]:
    """The bands by how many suggestions of such a confidence were right; ``right`` is 0 to 1 for each suggestion."""
    bands, below = [], np.inf
    for name, above in BANDS.items():
        inside = (confidence >= above) & (confidence < below)
        bands.append(Band(name, above, int(inside.sum()), round(float(right[inside].sum()))))
        below = above
    return tuple(bands)


Calibration = Mapping[str, VersionCalibration]  # by version; a version without val notes has none


def calibration_json(calibration: Calibration) -> dict[str, Any]:
    """What calibration.json holds."""
    return {"top": TOP, "versions": {name: asdict(found) for name, found in calibration.items()}}


class _ByFrequency(Strict, Generic[T]):
    common: T = Field(validation_alias=AliasChoices("common", "frequent"))  # as runs of format 1 call it
    uncommon: T = Field(validation_alias=AliasChoices("uncommon", "rare"))
    unseen: T

    def by_name(self) -> dict[str, T]:
        return {name: getattr(self, name) for name in FREQUENCIES}


class _Version(Strict):
    corpora: tuple[Name, ...]
    scales: _ByFrequency[Scale]
    bands: tuple[Band, ...]
    thresholds: _ByFrequency[Share] | None = None

    @model_validator(mode="after")
    def _as_made(self) -> Self:
        if [(band.name, band.above) for band in self.bands] != list(BANDS.items()):
            raise ValueError(f"the bands {', '.join(BANDS)} and their least confidences are expected")
        if any(band.right > band.suggestions for band in self.bands):
            raise ValueError("more suggestions of a band are right than there are")
        return self


class _File(Strict):
    top: Annotated[int, Field(ge=1, le=1_000)]
    versions: dict[Name, _Version]


def read_calibration(path: Path, versions: Collection[str]) -> Calibration:
    """Reads calibration.json of a run of these versions; a run without one has no calibration.

    Raises ``InputError`` for anything that ``calibration_json`` would not have written.
    """
    if not path.exists():
        return {}
    stored = checked(read_json(path), _File, path, "train again")
    for version in stored.versions.keys() - set(versions):
        raise InputError(f"{path}, field versions.{ascii(version)[1:-1]}: the run knows no such version")
    return {
        version: VersionCalibration(
            found.corpora,
            found.scales.by_name(),
            found.bands,
            None if found.thresholds is None else found.thresholds.by_name(),
        )
        for version, found in stored.versions.items()
    }
