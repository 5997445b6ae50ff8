"""The prior learns how likely codes are: from training notes, each read by what the notes of other folds teach, against
all codes of their code systems. A code that only one fold has was never seen for it, as new codes will be.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from icdbridge.boosted_trees import BoostedTrees, TreeNodes, packed_trees
from icdbridge.models.combiner import Combiner
from icdbridge.progress import track
from icdbridge.runs.prior import Prior, PriorEvidence
from icdbridge.training.matching import MatchedTraining, WholeMatches

FEWEST = 20  # labels on the shortlists; fewer teach nothing
SHORTLIST = 400  # codes of a note in the middle
PAIRS = 1_000_000  # of a note and a code, at most so many on the shortlists without a label
TREES = {"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 40}
RIDGE = 5.0
_MEASURED = 50  # notes by which the floor is set


def fit_priors(combiner: Combiner, matched: Mapping[str, MatchedTraining], seed: int) -> dict[str, Prior]:
    """The prior of each version whose training notes were matched with all codes of their code systems."""
    found = {
        version: fit_prior(combiner, notes.whole, seed) for version, notes in matched.items() if notes.whole
    }
    return {version: prior for version, prior in found.items() if prior is not None}


def fit_prior(combiner: Combiner, whole: WholeMatches, seed: int) -> Prior | None:
    """Learns the prior of a version, whose network of lexical features has learnt; None from too few labels.

    Reproducible: the same seed, the same prior.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # no other step needs the 100 MB of it

    floor = _floor(combiner, whole)
    rng = np.random.default_rng(seed)
    tables, answers, below, missed = [], [], 0, 0
    # what is kept of a note without a label, so that memory is bounded
    share = min(1.0, PAIRS / (1.5 * SHORTLIST * max(len(whole.rows), 1)))
    for features, labels, others, other_labels in _shortlists(combiner, whole, floor):
        kept = labels | (rng.random(len(labels)) < share)
        tables.append(features[kept])
        answers.append(labels[kept])
        below, missed = below + others, missed + other_labels
    right = np.concatenate(answers) if answers else np.zeros(0, bool)
    if right.sum() < FEWEST or right.all():
        return None
    model = HistGradientBoostingClassifier(
        **TREES, l2_regularization=RIDGE, early_stopping=False, random_state=seed
    )
    model.fit(np.concatenate(tables), right, sample_weight=np.where(right, 1.0, 1 / share))
    return Prior(to_trees(model), floor, float(np.log((missed + 0.5) / (below - missed + 0.5))))


def to_trees(model: "HistGradientBoostingClassifier") -> BoostedTrees:  # type: ignore[name-defined] # noqa: F821
    """Fitted trees of scikit-learn, of two classes and features that are all numbers, as plain arrays."""
    trees = [of_class.nodes for (of_class,) in model._predictors]
    columns = ("feature_idx", "num_threshold", "left", "right", "value")
    return packed_trees(
        [TreeNodes(nodes["is_leaf"].astype(bool), *(nodes[column] for column in columns)) for nodes in trees],
        float(model._baseline_prediction.ravel()[0]),
    )


def _lexical(combiner: Combiner, whole: WholeMatches, note: int) -> np.ndarray:
    """The lexical logits [L] of a note, the number ``note`` of ``whole``."""
    columns = np.arange(len(whole.keys))
    features, which = whole.matcher(note).distinct_features(whole.notes[note], columns)
    with torch.inference_mode():
        device = combiner.weights.device
        found = combiner.words(torch.from_numpy(features[None]).to(device), whole.version)
    logits: np.ndarray = found[0].cpu().numpy()[which]
    return logits


def _floor(combiner: Combiner, whole: WholeMatches) -> float:
    """The lexical logit above which a note in the middle has ``SHORTLIST`` codes."""
    some = np.unique(np.linspace(0, len(whole.rows) - 1, _MEASURED).astype(int))
    place = min(SHORTLIST, len(whole.keys) - 1)
    return float(np.median([-np.partition(-_lexical(combiner, whole, note), place)[place] for note in some]))


def _shortlists(
    combiner: Combiner, whole: WholeMatches, floor: float
) -> Iterator[tuple[np.ndarray, np.ndarray, int, int]]:
    """Of each note the features [l, F] and labels [l] of its shortlist; how many codes, and labels, are not on it."""
    evidence = PriorEvidence(whole.keys, whole.descriptions)
    columns = np.arange(len(whole.keys))
    for note, words in enumerate(track(whole.words(), len(whole.rows), "learning how likely codes are")):
        lexical = _lexical(combiner, whole, note)
        matcher, said = whole.matcher(note), evidence.opinions(words.text)
        marked = matcher.marked(words)
        listed = evidence.listed(marked, said, columns, lexical, floor)
        own = np.flatnonzero(listed)
        features = evidence.features(matcher, whole.notes[note], marked, said, own, lexical[own])
        labels = whole.labels[[note]].toarray()[0] > 0
        rest = ~listed[: len(labels)]
        yield features, np.isin(own, np.flatnonzero(labels)), int((~listed).sum()), int(labels[rest].sum())
