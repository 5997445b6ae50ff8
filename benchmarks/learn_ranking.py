"""Learns the starter's ranking: ``python -m benchmarks.learn_ranking DATA`` writes ``starter/ranking.safetensors``.

DATA holds CodiEsp (CC BY 4.0), of which the train part is read. With it go the tuning half of the gold notes. Boosted
trees learn which lines are right; what phrases of CodiEsp's notes were coded is kept as counts of hashes. A line that
the context takes back is not learnt from. The confidence is scaled on gold notes that the trees did not see.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import icdbridge.starter.line_ranking
from benchmarks.coded_notes import CodedNote, codiesp, gold
from icdbridge.files import atomic_file, cache_folder
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.starter.line_ranking import FILE, Ranking
from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import Note
from icdbridge.starter.practice import count_practice
from icdbridge.starter.starter import BELIEF, Starter

FOLDS, SEED = 5, 0
SLACK = 0.005
GOLD_WEIGHT = 4.0  # of a line of a gold note beside one of CodiEsp's, of which there are ten times as many
TREES = {"n_estimators": 300, "max_depth": 5, "learning_rate": 0.06, "subsample": 0.6, "max_features": 0.2}
LEAF = 15  # lines
Memory = Mapping[int, tuple[int, int]]  # phrase with code -> notes that have it, notes of them labelled so


class Read(NamedTuple):
    """A note with the lines that its words make."""

    note: CodedNote
    read: Note
    lines: list[Line]


@dataclass(frozen=True)
class Lines:
    """The lines of one note, with those of practice: features [L, F], whether each is right, its weight, how far its
    context is believed."""

    note: CodedNote
    features: np.ndarray
    codes: list[str]
    right: np.ndarray
    weight: np.ndarray
    belief: np.ndarray


def read_notes(starter: Starter, notes: Sequence[CodedNote]) -> list[Read]:
    """The lines of each note, without practice."""
    return [Read(note, *starter.lines(note.text, note.inpatient)) for note in notes]


def label(starter: Starter, one: Read, learnt: Ranking) -> Lines:
    """The lines of a note by what a ranking remembers. Those that a coder may leave out weigh nothing."""
    lines = list(one.lines)
    features = starter.features(one.read, lines, learnt)
    codes = [starter.prepared.tree.codes[line.code] for line in lines]
    belief = np.array([BELIEF.get(line.doubt, 0.2) for line in lines])
    right = np.array([code in one.note.codes for code in codes], bool)
    open_ = np.array([code in one.note.may for code in codes], bool) & ~right
    return Lines(one.note, features, codes, right, (belief == 1) & ~open_, belief)


def remember(starter: Starter, notes: Sequence[Read]) -> Ranking:
    """What notes tell of phrases, in a ranking without trees: how often each was coded so, of codes that any of the
    notes carries (others may not have existed then), and what else they were coded."""
    tree = starter.prepared.tree
    labels = frozenset[str]().union(*(one.note.codes for one in notes))
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in notes:
        for key, code in {starter.key(line): tree.codes[line.code] for line in one.lines}.items():
            if code in labels:
                counts[key][0] += 1
                counts[key][1] += code in one.note.codes
    keys = sorted(counts)
    seen, right = np.array([counts[key] for key in keys], np.uint16).reshape(-1, 2).T
    billable = {code: number for code, number in tree.number.items() if tree.billable[number]}
    practice = count_practice(((one.read, one.note.codes) for one in notes), billable)
    none = np.zeros((0, 1), np.int16)
    return Ranking(
        none, none, none, none, none, 0.0, np.array(keys, np.uint32), seen, right, practice, (1.0, 0.0), {}
    )


def folds(count: int, seed: int = SEED) -> np.ndarray:
    """A fold for each of so many notes."""
    return np.random.default_rng(seed).permutation(count) % FOLDS


def fit(starter: Starter, own: Sequence[Read], remembered: Sequence[Read]) -> Ranking:
    """Trees over the lines of ``own`` notes (weighing more) and of those that are ``remembered``, each of these by what
    the others tell."""
    lines, fold = [], folds(len(remembered))
    for number in range(FOLDS if remembered else 0):
        learnt = remember(starter, [one for one, of in zip(remembered, fold, strict=True) if of != number])
        lines += [
            label(starter, one, learnt) for one, of in zip(remembered, fold, strict=True) if of == number
        ]
    learnt = remember(starter, remembered)
    lines += [label(starter, one, learnt) for one in own]
    features, right = (
        np.concatenate([getattr(one, name) for one in lines]) for name in ("features", "right")
    )
    weights = [one.weight * (GOLD_WEIGHT if one.note.source == "gold" else 1.0) for one in lines]
    weight = np.concatenate(weights)
    kept = weight > 0
    trees = GradientBoostingClassifier(**TREES, min_samples_leaf=LEAF, random_state=SEED)
    return with_trees(learnt, trees.fit(features[kept], right[kept], weight[kept]))


def with_trees(learnt: Ranking, trees: GradientBoostingClassifier) -> Ranking:
    """The fitted trees in the form that ships; unscaled."""
    parts = [tree.tree_ for tree in trees.estimators_[:, 0]]
    size = max(part.node_count for part in parts)
    shape = (len(parts), size)
    feature, left, right = (np.zeros(shape, np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, part in enumerate(parts):
        nodes = np.arange(part.node_count)
        leaf = part.children_left < 0
        feature[row, nodes] = np.where(leaf, 0, part.feature)
        threshold[row, nodes] = _rounded_down(part.threshold)
        left[row, nodes] = np.where(leaf, nodes, part.children_left)
        right[row, nodes] = np.where(leaf, nodes, part.children_right)
        value[row, nodes] = trees.learning_rate * part.value[:, 0, 0]
    start = trees.init_.class_prior_[1]
    base = float(np.log(start / (1 - start)))
    return replace(
        learnt, feature=feature, threshold=threshold, left=left, right=right, value=value, base=base
    )


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """As float32, never greater: a feature that is the next float32 above a threshold stays above it."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def held_out(
    starter: Starter, own: Sequence[Read], remembered: Sequence[Read]
) -> tuple[list[Lines], list[np.ndarray]]:
    """The lines of each own note, and the trees' sums for them by trees that did not see it."""
    fold, learnt = folds(len(own)), remember(starter, remembered)
    lines = [label(starter, one, learnt) for one in own]
    found: list[np.ndarray] = [np.zeros(0)] * len(own)
    for number in range(FOLDS):
        ranking = fit(starter, [one for one, of in zip(own, fold, strict=True) if of != number], remembered)
        for place in np.flatnonzero(fold == number).tolist():
            found[place] = ranking.raw(lines[place].features)
    return lines, found


def scale(own: Sequence[Lines], raw: Sequence[np.ndarray]) -> tuple[float, float]:
    """Slope and offset by logistic regression (Platt 1999) over lines that count."""
    values, right, weight = (
        np.concatenate(parts) for parts in (raw, [one.right for one in own], [one.weight for one in own])
    )
    kept = weight > 0
    fitted = LogisticRegression(C=1e6).fit(values[kept, None], right[kept])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def best_threshold(own: Sequence[Lines], confidence: Sequence[np.ndarray]) -> float:
    """The confidence above which to predict, to two digits: the highest that costs less than ``SLACK`` of the best
    micro F1 on the own notes, for a wrong code costs more than a missing one."""
    values = np.concatenate([sure * one.belief for one, sure in zip(own, confidence, strict=True)])
    right = np.concatenate([one.right for one in own])
    counted = np.concatenate([one.right | (one.weight > 0) | (one.belief < 1) for one in own])
    wanted = sum(len(one.note.wanted) for one in own)
    points = np.round(np.arange(0.2, 0.61, 0.01), 2)
    scores = [2 * right[values > t].sum() / ((counted & (values > t)).sum() + wanted) for t in points]
    return float(points[np.array(scores) >= max(scores) - SLACK].max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds codiesp/")
    parser.add_argument(
        "--out", type=Path, default=Path(icdbridge.starter.line_ranking.__file__).with_name(FILE)
    )
    options = parser.parse_args()
    starter = Starter("icd10cm", cache_folder())
    own = read_notes(starter, gold("tune"))
    remembered = read_notes(starter, codiesp(options.data, "train", in_force=True))
    lines, raw = held_out(starter, own, remembered)
    ranking = replace(fit(starter, own, remembered), scale=scale(lines, raw))
    sure = [ranking.confidence(one) for one in raw]
    about = {
        "basis": f"measured on {len(own)} notes of all kinds that the ranking had not seen",
        "threshold": best_threshold(lines, sure),
        "learnt": f"{len(remembered)} notes of CodiEsp's train part (CC BY 4.0), {len(own)} gold notes",
        "knowledge": fingerprint(),
        "notes": hashlib.sha256(
            json.dumps([one.note.text for one in (*own, *remembered)]).encode()
        ).hexdigest()[:16],
        "seed": SEED,
        "scikit-learn": sklearn.__version__,
        "command": "python -m benchmarks.learn_ranking DATA",
    }
    with atomic_file(options.out) as partial:
        partial.write_bytes(replace(ranking, about=about).to_bytes())
    print(json.dumps(about, indent=2), f"\n{options.out.name}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
