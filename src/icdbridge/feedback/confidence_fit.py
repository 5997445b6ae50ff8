"""Fits a confidence to people's decisions by two numbers, allowing for errors of the decisions.

The logit of the confidence is multiplied and moved (Platt 1999). Where decisions have errors, their likelihood is that
of being right and of being wrong together (as Raykar et al. 2010, "Learning from crowds", have it for several readers).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from icdbridge.evaluation.reliability import count_bins, expected_error

FOLDS = 5  # of the encounters
UNCHANGED = (1.0, 0.0)
_SURE = 2.0  # standard errors
_CLOSEST = 1e-6
_BINS = 10


@dataclass(frozen=True)
class Pairs:
    """Suggestions: the logit of their confidence, whether they were accepted in the end, how often right ones are
    ``accepted``, and wrong ones ``wrongly``, the place of their encounter, their rank.
    """

    logits: np.ndarray
    right: np.ndarray
    accepted: np.ndarray
    wrongly: np.ndarray
    encounter: np.ndarray
    rank: np.ndarray

    def where(self, chosen: np.ndarray) -> "Pairs":
        return Pairs(*(part[chosen] for part in vars(self).values()))

    def foretold(self, change: tuple[float, float]) -> np.ndarray:
        """How likely each is accepted, were the confidence changed so."""
        return np.asarray(self.wrongly + (self.accepted - self.wrongly) * self.confidence(change))

    def confidence(self, change: tuple[float, float]) -> np.ndarray:
        return np.asarray(expit(change[0] * self.logits + change[1]))

    def rightness(self, change: tuple[float, float]) -> np.ndarray:
        """How likely each is right, given what was decided (Bayes)."""
        confidence, said = self.confidence(change), np.where(self.right, self.accepted, 1 - self.accepted)
        other = np.where(self.right, self.wrongly, 1 - self.wrongly)
        both = said * confidence + other * (1 - confidence)
        return np.asarray(said * confidence / np.maximum(both, _CLOSEST))


def change_of(pairs: Pairs) -> tuple[float, float]:
    """The likeliest factor and offset of the logits, with a weak prior that the confidence is right as it is. Where the
    less confident are accepted more often, the factor is 0: all get the same confidence.
    """

    def unlikely(change: np.ndarray) -> float:
        foretold = np.clip(pairs.foretold((change[0], change[1])), _CLOSEST, 1 - _CLOSEST)
        said = np.log(np.where(pairs.right, foretold, 1 - foretold)).sum()
        return float(((change - UNCHANGED) ** 2).sum() / 2 - said)

    found = minimize(unlikely, np.array(UNCHANGED), bounds=[(0.0, 100.0), (-100.0, 100.0)]).x
    return float(found[0]), float(found[1])


def held_out(pairs: Pairs) -> np.ndarray:
    """What is foretold of the decisions on each encounter by a fit on those of other folds."""
    fold, found = pairs.encounter % FOLDS, np.empty(len(pairs.right))
    for one in range(FOLDS):
        change = change_of(pairs.where(fold != one))
        found[fold == one] = pairs.where(fold == one).foretold(change)
    return found


def is_better(pairs: Pairs, held: np.ndarray) -> bool:
    """Whether the fit predicts the decisions on encounters held out better, by more than chance alone would show: the
    gain in the Brier score of an encounter is above twice its standard error.
    """
    gain = (pairs.foretold(UNCHANGED) - pairs.right) ** 2 - (held - pairs.right) ** 2
    own = np.bincount(pairs.encounter, gain)
    return bool(own.mean() > _SURE * own.std(ddof=1) / np.sqrt(len(own)))


def distance(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Brier score and expected calibration error (10 bins of equal width) of confidences."""
    brier = float(np.mean((confidence - right) ** 2))
    return brier, expected_error(count_bins(confidence, right, _BINS)) or 0.0
