"""Learns the starter's ranking: ``python -m benchmarks.learn_ranking DATA`` writes ``starter/ranking.safetensors``.

DATA holds CodiEsp (CC BY 4.0), of which the train part is read. With it go the tuning half of the gold notes. Boosted
trees learn which lines are right; what phrases of CodiEsp's notes were coded is kept as counts of hashes. A line that
the context takes back is not learnt from. The confidence is scaled on gold notes that the trees did not see.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import icdbridge.starter.line_ranking
from benchmarks.coded_notes import CodedNote, codiesp, gold
from benchmarks.starter_figures import Coded, forbidden, likely, recall
from icdbridge.boosted_trees import ARRAYS, TreeNodes, packed_trees
from icdbridge.caches import cache_folder
from icdbridge.codes import crosswalk
from icdbridge.files import atomic_file
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.starter.found import Found
from icdbridge.starter.line_ranking import FILE, Memory, Ranking
from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import Note
from icdbridge.starter.practice import count_practice
from icdbridge.starter.starter import BELIEF, Starter

FOLDS, SEED = 5, 0
# Of a predicted code's confidence. F1 on the gold notes hardly changes from 0.36 to 0.6 and would move it at each
# learning; a symptom that is all a note tells has 0.6.
THRESHOLD = 0.57
GOLD_WEIGHT = 4.0  # of a line of a gold note beside one of CodiEsp's, of which there are ten times as many
TREES = {"n_estimators": 300, "max_depth": 5, "learning_rate": 0.06, "subsample": 0.6, "max_features": 0.2}
LEAF = 15  # lines


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
    """The lines of a note by what a ranking remembers. Those that a coder may leave out weigh nothing, nor do codes
    that CodiEsp's coders did not have: the mappings of 2018 lack them."""
    lines = list(one.lines)
    features = starter.features(one.read, lines, learnt)
    codes = [starter.prepared.tree.codes[line.code] for line in lines]
    belief = np.array([BELIEF.get(line.doubt, 0.2) for line in lines])
    right = np.array([code in one.note.codes for code in codes], bool)
    open_ = np.array([code in one.note.may for code in codes], bool) & ~right
    if one.note.source == "codiesp":
        open_ |= np.array([code not in crosswalk("icd10cm", "icd9cm") for code in codes], bool)
    return Lines(one.note, features, codes, right, (belief == 1) & ~open_, belief)


def memory(starter: Starter, notes: Sequence[Read]) -> Memory:
    """How often each asserted phrase was coded so, and each code found right; of published notes only codes that any of
    them carries, for others may not have existed then."""
    tree = starter.prepared.tree
    labels = frozenset[str]().union(*(one.note.codes for one in notes))
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in notes:
        asserted = (line for line in one.lines if line.asserted)
        found = {key: tree.codes[line.code] for line in asserted for key in starter.keys(line)}
        for key, code in found.items():
            if code in labels or one.note.source == "gold":
                counts[key][0] += 1
                counts[key][1] += code in one.note.codes
    keys = sorted(counts)
    seen, right = np.array([counts[key] for key in keys], np.uint16).reshape(-1, 2).T
    return Memory(np.array(keys, np.uint32), seen, right)


def remember(starter: Starter, published: Sequence[Read], own: Sequence[Read]) -> Ranking:
    """What notes tell, in a ranking without trees."""
    tree = starter.prepared.tree
    billable = {code: number for code, number in tree.number.items() if tree.billable[number]}
    practice = count_practice(((one.read, one.note.codes) for one in published), billable)
    none = np.zeros((0, 1), np.int16)
    published_memory, own_memory = (memory(starter, notes) for notes in (published, own))
    return Ranking(*[none] * 5, 0.0, published_memory, own_memory, practice, (1.0, 0.0), {})


def folds(count: int, seed: int = SEED) -> np.ndarray:
    """A fold for each of so many notes."""
    return np.random.default_rng(seed).permutation(count) % FOLDS


def _fold(notes: Sequence[Read], number: int) -> tuple[list[Read], list[Read]]:
    """The notes outside and inside of a fold."""
    fold = folds(len(notes))
    apart = [one for one, of in zip(notes, fold, strict=True) if of != number]
    return apart, [one for one, of in zip(notes, fold, strict=True) if of == number]


def fit(starter: Starter, own: Sequence[Read], published: Sequence[Read]) -> Ranking:
    """Trees over the lines of ``own`` notes (weighing more) and of ``published`` ones, each by what others tell."""
    learnt = remember(starter, published, own)
    lines = []
    for number in range(FOLDS):
        rest, these = _fold(published, number)
        told = remember(starter, rest, own) if these else learnt
        lines += [label(starter, one, told) for one in these]
        rest, these = _fold(own, number)
        told = replace(learnt, own=memory(starter, rest))
        lines += [label(starter, one, told) for one in these]
    features = np.concatenate([one.features for one in lines])
    right = np.concatenate([one.right for one in lines])
    weights = [one.weight * (GOLD_WEIGHT if one.note.source == "gold" else 1.0) for one in lines]
    weight = np.concatenate(weights)
    kept = weight > 0
    trees = GradientBoostingClassifier(**TREES, min_samples_leaf=LEAF, random_state=SEED)
    return with_trees(learnt, trees.fit(features[kept], right[kept], weight[kept]))


def with_trees(learnt: Ranking, trees: GradientBoostingClassifier) -> Ranking:
    """The fitted trees in the form that ships; unscaled."""
    parts = [tree.tree_ for tree in trees.estimators_[:, 0]]
    start = trees.init_.class_prior_[1]
    packed = packed_trees(
        [
            TreeNodes(
                part.children_left < 0,
                part.feature,
                part.threshold,
                part.children_left,
                part.children_right,
                trees.learning_rate * part.value[:, 0, 0],
            )
            for part in parts
        ],
        float(np.log(start / (1 - start))),
    )
    return replace(learnt, **{name: getattr(packed, name) for name in (*ARRAYS, "base")})


def held_out(
    starter: Starter, own: Sequence[Read], published: Sequence[Read]
) -> tuple[list[Lines], list[np.ndarray]]:
    """The lines of each own note, and the trees' sums for them by trees that did not see it."""
    found = {}
    for number in range(FOLDS):
        rest, these = _fold(own, number)
        ranking = fit(starter, rest, published)
        for one in these:
            lines = label(starter, one, ranking)
            found[one.note.name] = lines, ranking.raw(lines.features)
    return [found[one.note.name][0] for one in own], [found[one.note.name][1] for one in own]


def scale(own: Sequence[Lines], raw: Sequence[np.ndarray]) -> tuple[float, float]:
    """Slope and offset by logistic regression (Platt 1999) over lines that count."""
    values, right, weight = (
        np.concatenate(parts) for parts in (raw, [one.right for one in own], [one.weight for one in own])
    )
    kept = weight > 0
    fitted = LogisticRegression(C=1e6).fit(values[kept, None], right[kept])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def held_out_figures(own: Sequence[Lines], confidence: Sequence[np.ndarray]) -> dict[str, float]:
    """What is found in notes that the trees had not seen: recall in the first 10 and 20 lines; of lines called likely
    the share with the right code and category; how many forbidden codes are predicted, and how many there are."""
    coded: Coded = []
    for one, sure in zip(own, confidence, strict=True):
        believed = sure * one.belief
        order = np.argsort(-believed, kind="stable").tolist()
        found = [
            Found(one.codes[row], "", float(believed[row]), (), (), "", one.belief[row] < 1) for row in order
        ]
        coded.append((one.note, found))
    count, exact, category = likely(coded)
    offered, of = forbidden(coded, THRESHOLD)
    shares = {
        "recall_10": recall(coded, 10),
        "recall_20": recall(coded, 20),
        "likely_exact": exact,
        "likely_category": category,
    }
    counts = {"likely": count, "must_not_predicted": offered, "must_not": of}
    return {name: round(share, 3) for name, share in shares.items()} | counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds codiesp/")
    parser.add_argument(
        "--out", type=Path, default=Path(icdbridge.starter.line_ranking.__file__).with_name(FILE)
    )
    options = parser.parse_args()
    starter = Starter("icd10cm", cache_folder())
    own = read_notes(starter, gold("tune"))
    published = read_notes(starter, codiesp(options.data, "train", in_force=True))
    lines, raw = held_out(starter, own, published)
    ranking = replace(fit(starter, own, published), scale=scale(lines, raw))
    sure = [ranking.confidence(one) for one in raw]
    about = {
        "basis": f"measured on {len(own)} notes of all kinds that the ranking had not seen",
        "threshold": THRESHOLD,
        "held_out": held_out_figures(lines, sure),
        "learnt": f"{len(published)} notes of CodiEsp's train part (CC BY 4.0), {len(own)} gold notes",
        "knowledge": fingerprint(),
        "notes": hashlib.sha256(
            json.dumps([one.note.text for one in (*own, *published)]).encode()
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
