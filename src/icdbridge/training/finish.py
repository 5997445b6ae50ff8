"""The end of a training: weights of attention and words, thresholds and calibration from val, and the run folder.

The val notes of each corpus are scored and matched once, and everything is computed from these scores.
"""

import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch

import icdbridge
from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.evaluation.reliability import seen
from icdbridge.evaluation.thresholds import HALF, tune_threshold, validation_figures
from icdbridge.files import replacing
from icdbridge.models.combiner import Combiner
from icdbridge.progress import console
from icdbridge.runs.confidence import FREQUENCIES, VersionCalibration
from icdbridge.runs.run import write_run
from icdbridge.runs.scored import Scored
from icdbridge.runs.scorer import Scorer
from icdbridge.runs.text_model import TextModel
from icdbridge.training.card import model_card
from icdbridge.training.combining import attention_helps, stacking_weights
from icdbridge.training.fit_calibration import FEWEST, TALLY, Tally
from icdbridge.training.learnt_corpora import LearntCorpora
from icdbridge.training.loop import show_figures
from icdbridge.training.settings import Settings

SAMPLE, PAIRS = 500, 2**24  # of val, of each corpus, that stacking weights are fitted on, at most
WHOLE_NOTES = 1_000  # of val, of each corpus, that are scored for all codes of the code systems, at most
_CELLS = 2**22  # of scores in memory at once


@dataclass(frozen=True)
class HeldOut:
    """The val notes of a corpus with their ``scored`` logits, and ``lexical`` logits [N, L] (None for a model without
    lexical features). ``scored`` has those of attention until ``stack`` adds the lexical ones.
    """

    corpus: Corpus
    scored: Scored
    lexical: np.ndarray | None

    @classmethod
    def score(cls, model: TextModel, corpus: Corpus, folder: Path) -> "HeldOut":
        """Scores val notes; the logits are memory maps in ``folder``. With a prior, all codes of the code systems are
        scored, so that thresholds and calibration hold for any of them.
        """
        chosen = corpus
        if corpus.version in model.priors:
            chosen = corpus.with_extra_codes(whole_systems(corpus.codes), "all")
        scorer = Scorer.of_corpus(model, chosen)
        parts = ("attention", "lexical") if model.lexicons else ("attention",)
        found = scorer.score_split(chosen, "val", folder, parts, None if chosen is corpus else WHOLE_NOTES)
        note_ids, labels, (attention, *lexical) = found
        scored = Scored(note_ids, scorer.keys, corpus.n_frequent, attention, labels, model.frequent_only)
        return cls(corpus, scored, lexical[0] if lexical else None)

    def sample(self) -> tuple[np.ndarray, np.ndarray]:
        """The logits of attention and of lexical features of some notes [pairs, 2], and their labels [pairs]."""
        assert self.lexical is not None
        notes = min(SAMPLE, max(1, PAIRS // len(self.scored.codes)))
        rows = np.unique(np.linspace(0, len(self.scored.note_ids) - 1, notes).astype(int))
        logits = np.stack([self.scored.logits[rows].ravel(), self.lexical[rows].ravel()], axis=1)
        return logits, self.scored.labels[rows].toarray().astype(bool).ravel()

    def stack(self, combiner: Combiner, version: int) -> None:
        """Joins the lexical logits to those of attention, in place."""
        assert self.lexical is not None
        logits = self.scored.logits
        step = max(1, _CELLS // max(1, logits.shape[1]))
        for start in range(0, len(logits), step):
            attention, lexical = (
                torch.from_numpy(np.array(part[start : start + step])).to(combiner.weights.device)
                for part in (logits, self.lexical)
            )
            logits[start : start + step] = combiner.stack(attention, lexical, version).cpu().numpy()


@dataclass(frozen=True)
class Finished:
    """The one ``threshold`` (a probability), the ``figures`` of the corpus that was validated on, and the
    ``calibration`` of each version that has val notes.
    """

    threshold: float
    figures: dict[str, float]
    calibration: dict[str, VersionCalibration]


def write_finished(
    work: Path,
    trained: TextModel,
    log: list[dict[str, float]],
    learnt: LearntCorpora,
    settings: Settings,
    described: dict[str, Any],
) -> None:
    """Finishes the ``trained`` model and writes the run in place of the folder ``work``, which lies in it."""
    finished = _finish(trained, learnt, settings, work)
    if trained.lexicons:
        console.print("attention and words together: " + show_figures(finished.figures))
    best = max(log, key=lambda row: row[f"val_{settings.validation_metric}"])
    config = described | {
        "threshold": finished.threshold,
        "best_epoch": best["epoch"],
        "parameters": sum(p.numel() for p in trained.model.parameters()),
        "synthetic": any(c.meta.get("synthetic") is True for c in learnt.every),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": {
            "icdbridge": icdbridge.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
    card = model_card(work.parent.name, config, trained.index, best | finished.figures, finished.calibration)
    with replacing(work.parent) as folder:
        write_run(folder, config, trained, log, card, finished.calibration)
        if (work / "tensorboard").is_dir():
            shutil.move(work / "tensorboard", folder)


def _finish(model: TextModel, learnt: LearntCorpora, settings: Settings, work: Path) -> Finished:
    """Sets the stacking weights of the trained ``model``, and finds its threshold and calibration.

    The threshold comes from the val notes of the corpus validated on, the calibration from those of all. In ``work``
    lie the tallies of training notes by a prior, which are used too if it alone decides, and scores meanwhile.
    """
    chosen = learnt.validated
    tallies = {version: Tally.open(work / TALLY.format(version)) for version in model.priors}
    with TemporaryDirectory(prefix="val-", dir=work) as scratch:
        held = [
            HeldOut.score(model, corpus, Path(scratch)) for corpus in learnt.corpora if corpus.count("val")
        ]
        if model.lexicons:
            _fit_stacking(model, held, chosen.version)
        (validated,) = (one.scored for one in held if one.corpus is chosen)
        columns = slice(chosen.n_frequent) if settings.training_scope == "frequent" else slice(None)
        logits, labels = validated.logits[:, columns], validated.labels[:, columns]
        tuned = tune_threshold(logits, labels)
        threshold = tuned.threshold if tuned else HALF
        figures = validation_figures(logits, labels, chosen.n_frequent, settings.validation_scope)
        by_frequency = threshold if settings.thresholds == "frequency" else None
        return Finished(threshold, figures, _calibrate(model, held, by_frequency, tallies))


def _fit_stacking(model: TextModel, held: Sequence[HeldOut], validated: str) -> None:
    """Fits the weights of attention and words of each version by logistic regression on its val notes. A version with
    fewer than ``FEWEST`` labels there takes the weights of the version ``validated``.
    """
    combiner = cast(Combiner, model.model.get_submodule("combiner"))
    fitted: dict[str, tuple[float, float, float]] = {}
    for version in model.versions:
        samples = [one.sample() for one in held if one.corpus.version == version]
        if version in model.priors and not (samples and attention_helps(samples)):
            fitted[version] = (0.0, 1.0, 0.0)  # trees give the logit of a probability
            console.print(f"{version}: the prior alone decides")
            continue
        if sum(labels.sum() for _, labels in samples) >= FEWEST:
            logits, labels = (np.concatenate(each) for each in zip(*samples, strict=True))
            fitted[version] = stacking_weights(logits, labels)
            attention, words, _ = fitted[version]
            console.print(f"{version}: attention counts {attention:.2f}, words {words:.2f}")
    for number, version in enumerate(model.versions):
        weights = fitted.get(version, fitted.get(validated))
        if weights is not None:
            combiner.weights[number] = torch.tensor(weights)
        for one in held:
            if one.corpus.version == version:
                one.stack(combiner, number)


def _calibrate(
    model: TextModel, held: Sequence[HeldOut], threshold: float | None, tallies: Mapping[str, Tally]
) -> dict[str, VersionCalibration]:
    """The calibration of each version over all its corpora; with ``threshold`` also thresholds by frequency. If the
    prior alone decides, its ``tallies`` of training notes are added to val, and the one threshold comes from both if
    those by frequency are no better.
    """
    found = {}
    for version in dict.fromkeys(one.corpus.version for one in held):
        own = [one for one in held if one.corpus.version == version]
        alone = version in tallies and not model.model.attends(model.versions.index(version))
        tally = tallies[version] if alone else Tally()
        for one in own:
            tally.add(one.scored, seen(model.train_notes or {}, one.scored.codes))
        fitted = tally.calibration([one.corpus.name for one in own], threshold)
        if alone and threshold is not None and fitted.thresholds is None:
            fitted = replace(fitted, thresholds=dict.fromkeys(FREQUENCIES, tally.best_threshold()))
        found[version] = fitted
    return found
