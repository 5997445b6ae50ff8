"""Confidence fitted anew on what coders decided, without training: of a run, or of the starter."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from icdbridge.coding.starter_calibration import StarterCalibration, write_starter
from icdbridge.errors import InputError
from icdbridge.files import MANIFEST, atomic_folder, read_json, write_json, write_manifest
from icdbridge.lexical.evidence import BANDS
from icdbridge.runs.confidence import (
    FREQUENCIES,
    TOP,
    Band,
    Scale,
    VersionCalibration,
    calibration_json,
    frequency,
)
from icdbridge.runs.run import RUN, Run
from icdbridge.server.store import Store
from icdbridge.server.store.finished import FinishedEncounter, finished
from icdbridge.training.fit_calibration import fit_scale

FEWEST_ENCOUNTERS = 20
FEWEST_LABELS = 20  # of a training frequency: fewer take the scale of all together
HELD_OUT = 0.2  # of the encounters, the newest, to measure on
_CLOSEST = 1e-6
_BINS = 10


@dataclass(frozen=True)
class Fit:
    """How far confidence was from what coders decided, on the newest encounters: the Brier score and the expected
    calibration error, ``before`` and ``after`` a fit on the older ones. ``pairs`` of an encounter and a suggested code.
    """

    encounters: int
    pairs: int
    before: tuple[float, float]
    after: tuple[float, float]


@dataclass(frozen=True)
class _Pairs:
    """Suggestions, the oldest first: their logits, the confidence that was shown, whether right, training frequency
    of the code (index into ``FREQUENCIES``), the place of their encounter, their rank.
    """

    logits: np.ndarray
    shown: np.ndarray
    right: np.ndarray
    frequency: np.ndarray
    encounter: np.ndarray
    rank: np.ndarray

    def where(self, chosen: np.ndarray) -> "_Pairs":
        return _Pairs(*(part[chosen] for part in vars(self).values()))


def recalibrate(
    store: Store, run: Path | str | None, out: Path | str, *, model: str | None = None, force: bool = False
) -> Fit:
    """Writes ``out``: the run, or the starter where ``run`` is None, with a confidence fitted on finished encounters.

    A suggestion counts as right where its code is among those that the coder left. Only encounters that ``model`` (by
    default of the run's own name) made suggestions for count. Weights, ranks and thresholds stay. Raises
    ``InputError`` for too few encounters.
    """
    opened = None if run is None else Run.open(run)
    name = model or ("starter" if opened is None else opened.name)
    with store.reading() as session:
        every = sorted(
            finished(session, texts=False), key=lambda one: (one.done is not None, one.done, one.id)
        )
    own = [one for one in every if one.model == name and one.suggestions]
    if len(own) < FEWEST_ENCOUNTERS:
        others = sorted({one.model for one in every if one.model and one.model != name})
        hint = f"; there are some of {', '.join(others)} (--model)" if others else ""
        raise InputError(
            f"{len(own)} finished encounters with suggestions of {name}: at least {FEWEST_ENCOUNTERS} are needed{hint}"
        )
    pairs = _pairs(own, opened.train_notes if opened else None)
    fit = _measured(pairs, len(own))
    if opened is None:
        scale = _scale(pairs)
        made = StarterCalibration(scale.slope, scale.intercept, len(own), scale.pairs, scale.labels)
        write_starter(Path(out), made, force)
    else:
        _write_run(opened, Path(out), own, pairs, force)
    return fit


def _pairs(encounters: Sequence[FinishedEncounter], train_notes: Mapping[str, int] | None) -> _Pairs:
    rows: list[tuple[float, float, bool, int, int, int]] = []
    for place, one in enumerate(encounters):
        accepted = {row.key for row in one.accepted}
        for shown in one.suggestions:
            seen = (train_notes or {}).get(shown.key, 0)
            confidence = shown.probability if shown.confidence is None else shown.confidence
            rows.append((shown.probability, confidence, shown.key in accepted, seen, place, shown.rank))
    columns: list[np.ndarray] = [np.array(column) for column in zip(*rows, strict=True)]
    probability, shown_as, right, seen_in, places, ranks = columns
    logits = logit(np.clip(probability.astype(float), _CLOSEST, 1 - _CLOSEST))
    return _Pairs(logits, shown_as.astype(float), right.astype(bool), frequency(seen_in), places, ranks)


def _scale(pairs: _Pairs) -> Scale:
    return fit_scale(pairs.logits, np.ones(len(pairs.logits)), pairs.right.astype(float))


def _scales(pairs: _Pairs) -> dict[str, Scale]:
    """A scale a training frequency; one with few labels takes that of all."""
    together, found = _scale(pairs), {}
    for index, name in enumerate(FREQUENCIES):
        own = pairs.where(pairs.frequency == index)
        found[name] = _scale(own) if own.right.sum() >= FEWEST_LABELS else together
    return found


def _confidence(pairs: _Pairs, scales: dict[str, Scale]) -> np.ndarray:
    each = [scales[name] for name in FREQUENCIES]
    slope, intercept = (np.array([getattr(one, part) for one in each]) for part in ("slope", "intercept"))
    found: np.ndarray = expit(slope[pairs.frequency] * pairs.logits + intercept[pairs.frequency])
    return found


def _measured(pairs: _Pairs, encounters: int) -> Fit:
    newest = pairs.encounter >= int(encounters * (1 - HELD_OUT))
    held, older = pairs.where(newest), pairs.where(~newest)
    after = _confidence(held, _scales(older))
    return Fit(encounters, len(pairs.right), distance(held.shown, held.right), distance(after, held.right))


def distance(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Brier score and expected calibration error (10 bins of equal width) of confidences."""
    brier = float(np.mean((confidence - right) ** 2))
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = sum(abs(float((confidence[bins == one] - right[bins == one]).sum())) for one in np.unique(bins))
    return brier, gap / max(len(right), 1)


def _write_run(
    run: Run, out: Path, encounters: Sequence[FinishedEncounter], pairs: _Pairs, force: bool
) -> None:
    calibration = dict(run.calibration)
    versions = np.array([one.code_version or "" for one in encounters])
    for version in run.versions:
        own = pairs.where(versions[pairs.encounter] == version)
        count = int((versions == version).sum())
        if count < FEWEST_ENCOUNTERS:
            continue
        scales = _scales(own)
        best = own.where(own.rank <= TOP)
        confidence, bands, below = _confidence(best, scales), [], np.inf
        for name, above in BANDS.items():
            inside = (confidence >= above) & (confidence < below)
            bands.append(Band(name, above, int(inside.sum()), int(best.right[inside].sum())))
            below = above
        before = calibration.get(version) or VersionCalibration((), {}, ())
        named = (f"{count:,} encounters of the desk",)
        calibration[version] = replace(before, corpora=named, scales=scales, bands=tuple(bands))
    with atomic_folder(out, RUN, [run.path], replace=force) as folder:
        names = sorted({*read_json(run.path / MANIFEST), "calibration.json"})
        for name in names:
            if (run.path / name).is_file():
                shutil.copyfile(run.path / name, folder / name)
        write_json(folder / "calibration.json", calibration_json(calibration))
        write_manifest(folder, names)
