"""Fits the prior on training notes, against all codes of their code systems.

Each note is matched by the other folds, so a code that only one fold has counts as never seen, as new codes will.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array

from icdbridge.boosted_trees import BoostedTrees, TreeNodes, packed_trees
from icdbridge.models.combiner import Combiner
from icdbridge.progress import track
from icdbridge.runs.prior import Prior, PriorEvidence, carried
from icdbridge.runs.scored import Scored, on_disk
from icdbridge.training.fit_calibration import Tally
from icdbridge.training.matching import WholeMatches

FEWEST = 20  # labels on the shortlists; fewer teach nothing
SHORTLIST = 400  # codes of a note in the middle
SEEN = 100  # beside them: codes that training notes carried, however little the note says of them
PAIRS = 2_000_000  # of a note and a code, on the shortlists, that trees learn from at most, beside all with a label
GROUPS = 5  # of training notes, each scored by trees that learnt from the others
TREES = {"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 40}
RIDGE = 5.0
_MEASURED = 50  # notes by which the floors are set
_LOWEST = -1e6  # a logit below all


def fit_prior(combiner: Combiner, whole: WholeMatches, seed: int, folder: Path) -> tuple[Prior, Tally] | None:
    """Fits the prior of a version whose lexical network is trained; None with too few labels.

    The tally counts the scores of the same notes, each by trees that were fitted on other notes; thresholds and
    calibration use it. Scores lie in ``folder`` meanwhile. The same seed gives the same prior.
    """
    floors = _floors(combiner, whole)
    lexical = on_disk(folder / "whole.lexical", (len(whole.rows), len(whole.keys)))
    notes = list(_shortlists(combiner, whole, floors, lexical))
    if sum(note.labels.sum() for note in notes) < FEWEST or all(note.labels.all() for note in notes):
        return None
    below = sum(len(whole.keys) - len(note.columns) for note in notes)
    missed = sum(note.missed for note in notes)
    least = float(np.log((missed + 0.5) / (below - missed + 0.5)))
    group = whole.training.folds[whole.rows] % GROUPS
    for left_out in range(GROUPS):
        held = np.flatnonzero(group == left_out)
        others = [notes[row] for row in np.flatnonzero(group != left_out)]
        if len(held) and others:
            prior = Prior(_fit_trees(others, seed), *floors, least)
            for row in held:
                lexical[row] = prior.logits_of(lexical[row], notes[row].columns, notes[row].features)
    prior = Prior(_fit_trees(notes, seed), *floors, least)
    return prior, _tally(whole, lexical)


def _fit_trees(notes: Sequence["_Shortlist"], seed: int) -> BoostedTrees:
    from sklearn.ensemble import HistGradientBoostingClassifier  # no other step needs the 100 MB of it

    # of the codes without a label some are drawn, each counting for those that were not
    rng = np.random.default_rng(seed)
    share = min(1.0, PAIRS / sum(len(note.labels) for note in notes))
    kept = [note.labels | (rng.random(len(note.labels)) < share) for note in notes]
    right = np.concatenate([note.labels[own] for note, own in zip(notes, kept, strict=True)])
    model = HistGradientBoostingClassifier(
        **TREES, l2_regularization=RIDGE, early_stopping=False, random_state=seed
    )
    table = np.concatenate([note.features[own] for note, own in zip(notes, kept, strict=True)])
    model.fit(table, right, sample_weight=np.where(right, 1.0, 1 / share))
    return to_trees(model)


def _tally(whole: WholeMatches, logits: np.ndarray) -> Tally:
    """Counts logits [rows, L]. Codes are common, uncommon and unseen by the notes of the other folds."""
    tally = Tally()
    folds = whole.training.folds[whole.rows]
    labels = csr_array((whole.labels.data, whole.labels.indices, whole.labels.indptr), shape=logits.shape)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        scored = Scored([""] * len(rows), list(whole.keys), 0, logits[rows], labels[rows])
        tally.add(scored, whole.matchers[fold].notes[:, 0])
    return tally


def to_trees(model: "HistGradientBoostingClassifier") -> BoostedTrees:  # type: ignore[name-defined] # noqa: F821
    """Fitted trees of scikit-learn (two classes, numeric features) as plain arrays."""
    trees = [of_class.nodes for (of_class,) in model._predictors]
    columns = ("feature_idx", "num_threshold", "left", "right", "value")
    return packed_trees(
        [TreeNodes(nodes["is_leaf"].astype(bool), *(nodes[column] for column in columns)) for nodes in trees],
        float(model._baseline_prediction.ravel()[0]),
    )


def _lexical(combiner: Combiner, whole: WholeMatches, note: int) -> np.ndarray:
    """The lexical logits [L] of a note, the number ``note`` of ``whole``."""
    columns = np.arange(len(whole.keys))
    features, which = whole.matcher(note).distinct_features(whole.evidence(note), columns)
    with torch.inference_mode():
        device = combiner.weights.device
        found = combiner.words(torch.from_numpy(features[None]).to(device), whole.version)
    return found[0].cpu().numpy()[which]


def _floors(combiner: Combiner, whole: WholeMatches) -> tuple[float, float]:
    """The floors of the shortlist: the lexical logit above which the median note has ``SHORTLIST`` codes, and that
    above which it has ``SEEN`` codes that training notes carried. The latter are rare among the former, because names
    of any code weigh more than associations.
    """
    some = np.unique(np.linspace(0, len(whole.rows) - 1, _MEASURED).astype(int))
    found = []
    for note in some:
        logits = _lexical(combiner, whole, note)
        seen = logits[carried(whole.matcher(note))]
        found.append((_best(logits, SHORTLIST), _best(seen, SEEN) if len(seen) > SEEN else _LOWEST))
    floor, seen_floor = np.median(found, axis=0).tolist()
    return floor, min(floor, seen_floor)


def _best(logits: np.ndarray, number: int) -> float:
    """The logit that ``number`` others exceed; of fewer the lowest."""
    place = min(number, len(logits) - 1)
    return float(-np.partition(-logits, place)[place])


class _Shortlist(NamedTuple):
    """The ``columns`` of a note's shortlist, their ``features`` [l, F] and ``labels`` [l], and how many labels it
    ``missed``.
    """

    columns: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    missed: int


def _shortlists(
    combiner: Combiner, whole: WholeMatches, floors: tuple[float, float], lexical: np.ndarray
) -> Iterator[_Shortlist]:
    """The shortlist of each note; sets its ``lexical`` logits [rows, L]."""
    evidence = PriorEvidence(whole.keys, whole.descriptions)
    columns = np.arange(len(whole.keys))
    for note, words in enumerate(track(whole.words(), len(whole.rows), "learning how likely codes are")):
        lexical[note] = own_logits = _lexical(combiner, whole, note)
        matcher = whole.matcher(note)
        marked, said = matcher.marked(words), evidence.opinions(words, matcher.in_english(words))
        found = matcher, whole.evidence(note), marked, said
        own, features = evidence.shortlist(*found, columns, own_logits, floors)
        labels = np.isin(own, whole.labels[[note]].indices)
        yield _Shortlist(own, features, labels, int(whole.labels[[note]].nnz - labels.sum()))
