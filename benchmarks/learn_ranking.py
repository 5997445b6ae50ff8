"""Learns the starter's ranking: ``python -m benchmarks.learn_ranking DATA`` writes ``starter/ranking.safetensors``.

DATA holds CodiEsp (CC BY 4.0), of which the train part is read. With it go the tuning half of the gold notes. Boosted
trees learn which lines are right; what phrases of CodiEsp's notes were coded is kept as hashed counts. A line that the
context takes back is not learnt from. The confidence is scaled on gold notes that the trees did not see.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import icdbridge.starter.line_ranking
from benchmarks.coded_notes import CodedNote, codiesp, gold
from icdbridge.files import atomic_file, cache_folder
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.starter.line_features import FEATURES, line_features
from icdbridge.starter.line_ranking import FILE, Ranking
from icdbridge.starter.starter import BELIEF, Starter

FOLDS, SEED = 5, 0
GOLD_WEIGHT = 4.0  # of a line of a gold note beside one of CodiEsp's, of which there are ten times as many
TREES = {"n_estimators": 150, "max_depth": 4, "learning_rate": 0.08, "subsample": 0.7, "max_features": 0.3}
LEAF = 20  # lines
Memory = Mapping[int, tuple[int, int]]  # phrase with code -> notes that have it, notes of them labelled so


@dataclass(frozen=True)
class Lines:
    """The lines of one note: features [L, F] without memory, whether each is right, its weight, its phrase with
    code."""

    note: CodedNote
    features: np.ndarray
    codes: list[str]
    right: np.ndarray
    weight: np.ndarray
    belief: np.ndarray
    keys: list[int]


def read_lines(starter: Starter, notes: Sequence[CodedNote]) -> list[Lines]:
    """The lines of each note, labelled. Lines that a coder may leave out weigh nothing."""
    tree = starter.prepared.tree
    found = []
    for note in notes:
        read, lines = starter.lines(note.text, note.inpatient)
        codes = [tree.codes[line.code] for line in lines]
        belief = np.array([BELIEF.get(line.doubt, 0.2) for line in lines])
        right = np.array([code in note.codes for code in codes], bool)
        open_ = np.array([code in note.may for code in codes], bool) & ~right
        features = line_features(read, lines, tree, starter.frequency, [(0, 0)] * len(lines))
        keys = [starter.key(line) for line in lines]
        found.append(Lines(note, features, codes, right, (belief == 1) & ~open_, belief, keys))
    return found


def remember(notes: Sequence[Lines]) -> Memory:
    """How often phrases were coded so, of codes that any of the notes carries: others may not have existed then."""
    labels = frozenset[str]().union(*(one.note.codes for one in notes))
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in notes:
        of_note = dict(zip(one.keys, zip(one.codes, one.right, strict=True), strict=True))
        for key, (code, right) in of_note.items():
            if code in labels:
                counts[key][0] += 1
                counts[key][1] += bool(right)
    return {key: (seen, right) for key, (seen, right) in counts.items()}


def with_memory(lines: Lines, memory: Memory) -> np.ndarray:
    """Features with what is remembered of each line's phrase."""
    features = lines.features.copy()
    known = np.array([memory.get(key, (0, 0)) for key in lines.keys]).reshape(-1, 2)
    features[:, FEATURES.index("known")] = np.log1p(known[:, 0])
    features[:, FEATURES.index("known_right")] = (known[:, 1] + 0.5) / (known[:, 0] + 1.5)
    return features


def folds(count: int, seed: int = SEED) -> np.ndarray:
    """A fold for each of so many notes."""
    return np.random.default_rng(seed).permutation(count) % FOLDS


def fit(own: Sequence[Lines], remembered: Sequence[Lines]) -> tuple[GradientBoostingClassifier, Memory]:
    """Trees over the lines of ``own`` notes (weighing more) and of those whose phrases are ``remembered``."""
    rows = []
    fold = folds(len(remembered))
    for number in range(FOLDS if remembered else 0):
        memory = remember([one for one, of in zip(remembered, fold, strict=True) if of != number])
        rows += [
            (with_memory(one, memory), one.right, 1.0 * one.weight)
            for one, of in zip(remembered, fold, strict=True)
            if of == number
        ]
    memory = remember(remembered)
    rows += [(with_memory(one, memory), one.right, GOLD_WEIGHT * one.weight) for one in own]
    features, right, weight = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    kept = weight > 0
    trees = GradientBoostingClassifier(**TREES, min_samples_leaf=LEAF, random_state=SEED)
    return trees.fit(features[kept], right[kept], weight[kept]), memory


def to_ranking(trees: GradientBoostingClassifier, memory: Memory) -> Ranking:
    """The fitted trees and memory in the form that ships; unscaled."""
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
    keys = np.array(sorted(memory), np.uint32)
    counts = np.array([memory[key] for key in keys.tolist()], np.uint16).reshape(-1, 2)
    return Ranking(
        feature,
        threshold,
        left,
        right,
        value,
        float(np.log(start / (1 - start))),
        keys,
        counts[:, 0],
        counts[:, 1],
        (1.0, 0.0),
        {},
    )


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """As float32, never greater: a feature that is the next float32 above a threshold stays above it."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def held_out(own: Sequence[Lines], remembered: Sequence[Lines]) -> list[np.ndarray]:
    """The trees' sums for each own note by trees that did not see it."""
    fold = folds(len(own))
    found: list[np.ndarray] = [np.zeros(0)] * len(own)
    for number in range(FOLDS):
        trees, memory = fit([one for one, of in zip(own, fold, strict=True) if of != number], remembered)
        ranking = to_ranking(trees, memory)
        for place in np.flatnonzero(fold == number).tolist():
            found[place] = ranking.raw(with_memory(own[place], memory))
    return found


def scale(own: Sequence[Lines], raw: Sequence[np.ndarray]) -> tuple[float, float]:
    """Slope and offset by logistic regression (Platt 1999) over lines that count."""
    values, right, weight = (
        np.concatenate(parts) for parts in (raw, [one.right for one in own], [one.weight for one in own])
    )
    kept = weight > 0
    fitted = LogisticRegression(C=1e6).fit(values[kept, None], right[kept])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def best_threshold(own: Sequence[Lines], confidence: Sequence[np.ndarray]) -> float:
    """The confidence above which predicting gives the best micro F1 on the own notes, to two digits."""
    values = np.concatenate([sure * one.belief for one, sure in zip(own, confidence, strict=True)])
    right = np.concatenate([one.right for one in own])
    counted = np.concatenate([one.right | (one.weight > 0) | (one.belief < 1) for one in own])
    wanted = sum(len(one.note.wanted) for one in own)
    points = np.round(np.arange(0.2, 0.61, 0.01), 2)
    scores = [2 * right[values > t].sum() / ((counted & (values > t)).sum() + wanted) for t in points]
    return float(points[int(np.argmax(scores))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds codiesp/")
    parser.add_argument(
        "--out", type=Path, default=Path(icdbridge.starter.line_ranking.__file__).with_name(FILE)
    )
    options = parser.parse_args()
    starter = Starter("icd10cm", cache_folder())
    own = read_lines(starter, gold("tune"))
    remembered = read_lines(starter, codiesp(options.data, "train"))
    ranking = to_ranking(*fit(own, remembered))
    raw = held_out(own, remembered)
    scaling = scale(own, raw)
    ranking = replace(ranking, scale=scaling)
    sure = [ranking.confidence(one) for one in raw]
    about = {
        "basis": f"measured on {len(own)} notes of all kinds that the ranking had not seen",
        "threshold": best_threshold(own, sure),
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
