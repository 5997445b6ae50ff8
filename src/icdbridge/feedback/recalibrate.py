"""Confidence fitted anew on what coders decided, without training: of a run, or of the starter.

What was fitted is kept only where it predicts the decisions on other encounters better than the confidence as it was.
"""

import shutil
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import logit

from icdbridge.coding.starter_calibration import StarterCalibration, write_starter
from icdbridge.errors import InputError
from icdbridge.feedback.confidence_fit import UNCHANGED, Pairs, change_of, distance, held_out, is_better
from icdbridge.feedback.readers import Errors, by_chance, errors_of, read_twice, verdicts_of
from icdbridge.files import MANIFEST, atomic_folder, read_json, write_json, write_manifest
from icdbridge.runs.confidence import (
    FREQUENCIES,
    TOP,
    Scale,
    VersionCalibration,
    calibration_json,
    measured_bands,
)
from icdbridge.runs.run import RUN, Run
from icdbridge.server.store import Store
from icdbridge.server.store.finished import FinishedEncounter, finished

FEWEST_ENCOUNTERS = 20
_CLOSEST = 1e-6


@dataclass(frozen=True)
class Fit:
    """What was fitted on how many encounters, ``pairs`` of one and a suggested code.

    ``before``, ``after``: Brier score and expected calibration error of what is foretold of decisions, with the
    confidence as it was, and as fitted on the encounters of other folds. ``kept``: the versions whose confidence was
    replaced, as the fit is better. ``left_out``: who decides as if by chance. ``errors`` of decisions that were read
    once.
    """

    encounters: int
    pairs: int
    before: tuple[float, float]
    after: tuple[float, float]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    errors: Errors


def recalibrate(
    store: Store, run: Path | str | None, out: Path | str, *, model: str | None = None, force: bool = False
) -> Fit:
    """Writes ``out``: the run, or the starter where ``run`` is None, with a confidence fitted on finished encounters,
    or the confidence that it has where the fit is not better on encounters held out.

    A suggestion counts as right where its code is among those that the coder left. Only encounters that ``model`` (by
    default of the run's own name) made suggestions for count, and none that somebody decided on as if by chance.
    Weights, ranks and thresholds stay. Raises ``InputError`` for too few encounters.
    """
    opened = None if run is None else Run.open(run)
    name = model or ("starter" if opened is None else opened.name)
    with store.reading() as session:
        every = list(finished(session, texts=False))
        verdicts = list(verdicts_of(session, every))
    odd = by_chance(verdicts)
    made = [one for one in every if one.model == name and one.suggestions]
    own = [one for one in made if not odd & {row.by for row in one.decisions}]
    if len(own) < FEWEST_ENCOUNTERS:
        others = sorted({one.model for one in every if one.model and one.model != name})
        hint = f"; there are some of {', '.join(others)} (--model)" if others else ""
        if len(made) > len(own):
            hint += f"; {len(made) - len(own)} of {', '.join(sorted(odd))} do not count"
        raise InputError(
            f"{len(own)} finished encounters with suggestions of {name}: at least {FEWEST_ENCOUNTERS} are needed{hint}"
        )
    errors, twice = errors_of(verdicts, odd), set(read_twice(verdicts))
    versions = ["icd10"] if opened is None else opened.versions
    of_version = {
        version: [one for one in own if opened is None or one.code_version == version] for version in versions
    }
    pairs = {
        version: _pairs(opened, version, found, errors, twice)
        for version, found in of_version.items()
        if len(found) >= FEWEST_ENCOUNTERS
    }
    if not pairs:
        raise InputError(f"fewer than {FEWEST_ENCOUNTERS} finished encounters of any version of {name}")
    held = {version: held_out(one) for version, one in pairs.items()}
    changes = {
        version: change_of(one) if is_better(one, held[version]) else UNCHANGED
        for version, one in pairs.items()
    }
    if opened is None:
        (change,), (only,) = changes.values(), pairs.values()
        labels = round(float(only.rightness(change).sum()))
        fitted = StarterCalibration(
            slope=change[0], intercept=change[1], encounters=len(own), pairs=len(only.right), right=labels
        )
        write_starter(Path(out), fitted, force)
    else:
        _write_run(opened, Path(out), of_version, pairs, changes, force)
    right = np.concatenate([one.right for one in pairs.values()])
    before = np.concatenate([one.foretold(UNCHANGED) for one in pairs.values()])
    after = np.concatenate([*held.values()])
    return Fit(
        encounters=sum(len(of_version[version]) for version in pairs),
        pairs=len(right),
        before=distance(before, right),
        after=distance(after, right),
        kept=tuple(version for version, change in changes.items() if change != UNCHANGED),
        left_out=tuple(sorted(odd)),
        errors=errors,
    )


def _shown(run: Run | None, version: str, probability: np.ndarray, keys: Sequence[str]) -> np.ndarray:
    """The logit of the confidence that a run has, or the starter, whose confidence is the probability itself."""
    own = _logits(probability)
    if run is None or version not in run.calibration:
        return own
    seen = run.train_notes or {}
    return _logits(run.calibration[version].confidence(own, [seen.get(key, 0) for key in keys]))


def _logits(probability: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(probability.astype(float), _CLOSEST, 1 - _CLOSEST)))


def _pairs(
    run: Run | None,
    version: str,
    encounters: Sequence[FinishedEncounter],
    errors: Errors,
    twice: Set[tuple[int, str]],
) -> Pairs:
    shown = [(place, one, found) for place, one in enumerate(encounters) for found in one.suggestions]
    accepted = [{row.key for row in one.accepted} for one in encounters]
    sure = np.array([(one.id, found.key) in twice for _, one, found in shown])
    probability = np.array([found.probability for _, _, found in shown])
    return Pairs(
        logits=_shown(run, version, probability, [found.key for _, _, found in shown]),
        right=np.array([found.key in accepted[place] for place, _, found in shown]),
        accepted=np.where(sure, 1.0, errors.accepted),
        wrongly=np.where(sure, 0.0, errors.wrongly),
        encounter=np.array([place for place, _, _ in shown]),
        rank=np.array([found.rank for _, _, found in shown]),
    )


def _write_run(
    run: Run,
    out: Path,
    encounters: Mapping[str, Sequence[FinishedEncounter]],
    pairs: Mapping[str, Pairs],
    changes: Mapping[str, tuple[float, float]],
    force: bool,
) -> None:
    calibration = dict(run.calibration)
    for version, change in changes.items():
        if change == UNCHANGED:
            continue
        best = pairs[version].where(pairs[version].rank <= TOP)
        bands = measured_bands(best.confidence(change), best.rightness(change))
        unscaled = dict.fromkeys(FREQUENCIES, Scale(1, 0, 0, 0))
        before = calibration.get(version) or VersionCalibration((), unscaled, ())
        many, labels = len(pairs[version].right), round(float(pairs[version].rightness(change).sum()))
        scales = {
            name: Scale(change[0] * one.slope, change[0] * one.intercept + change[1], many, labels)
            for name, one in before.scales.items()
        }
        named = (f"{len(encounters[version]):,} encounters of the desk",)
        calibration[version] = replace(before, corpora=named, scales=scales, bands=bands)
    with atomic_folder(out, RUN, [run.path], replace=force) as folder:
        names = sorted({*read_json(run.path / MANIFEST), "calibration.json"})
        for name in names:
            if (run.path / name).is_file():
                shutil.copyfile(run.path / name, folder / name)
        write_json(folder / "calibration.json", calibration_json(calibration))
        write_manifest(folder, names)
