"""What a legacy note is worth: how much notes coded in ICD-9 help to code others in ICD-10.

    python -m benchmarks.legacy CODIESP --out DIR [--seeds 0 1 2] [--model duallaat-cnn] [--preset few-notes]
                                [--epochs 1] [--set NAME=VALUE]

CODIESP is CodiEsp as it is published. Of its train notes (without those of val) one half, drawn by the seed, is the new
records; the other is recoded to ICD-9 by the backward GEM (the first target of each choice list of the first scenario;
codes without one are left out): the legacy records. Three runs learn in equally many steps: from the new records alone,
from both, and, the upper bound, from both in ICD-10. They code the test notes among all codes of ICD-10-CM and those of
the corpus. Worth: (both - alone) / (upper bound - alone). Prints Markdown; a run that is there is not trained again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks import options
from icdbridge.codes import parse_key, whole_systems
from icdbridge.codes.crosswalks import crosswalk
from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.codiesp import prepare_codiesp
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.evaluation import metrics
from icdbridge.evaluation.bootstrap import draws
from icdbridge.runs.run import Run
from icdbridge.text_table import Table, percent, show
from icdbridge.training import make_settings, train
from icdbridge.training.settings import Settings

ALONE, BOTH, UPPER = "new records alone", "with legacy records", "upper bound: both in ICD-10"
ARMS = (ALONE, BOTH, UPPER)
TOP = 15
RESAMPLES = 1_000
# labels by where their code was seen: in the new records; in the others alone; there only as a code of its category
SEEN = ("in new records", "in legacy records alone", "in neither")


class Corpora(NamedTuple):
    """The corpora of one seed: ``new`` and ``upper`` with val and test, ``legacy`` with train notes alone."""

    new: Corpus
    legacy: Corpus
    upper: Corpus
    recoded: int
    left_out: int


class Figures(NamedTuple):
    """Of one run, each by note of the test split: average precision, and of its labels by where they were seen: how
    many there are and how many are among the ``TOP`` best [N, len(SEEN)]; hits, predicted and labels [N, 3].
    """

    precision: np.ndarray
    labels: np.ndarray
    found: np.ndarray
    decided: np.ndarray

    def taken(self, weights: np.ndarray) -> dict[str, float]:
        """The figures of a resample that has each note so often."""
        hits, predicted, right = weights @ self.decided
        found, labels = weights @ self.found, weights @ self.labels
        recalls = {
            f"recall@{TOP}, {name}": f / max(n, 1) for name, f, n in zip(SEEN, found, labels, strict=True)
        }
        return {
            "MAP": float(weights @ self.precision / weights.sum()),
            "F1 micro": float(2 * hits / max(predicted + right, 1)),
            **recalls,
        }


def recode(codes: Iterable[str]) -> tuple[list[str], int]:
    """ICD-9-CM codes for ICD-10-CM codes (without system) by the backward GEM, and how many it has no code for."""
    found: dict[str, None] = {}
    missing = 0
    for code in codes:
        entries = crosswalk("icd10cm", "icd9cm").get(code, ())
        first = [entry for entry in entries if entry.scenario == entries[0].scenario]
        chosen = {entry.choice_list: entry.target.code for entry in reversed(first)}
        missing += not chosen
        found |= dict.fromkeys(chosen.values())
    return list(found), missing


def split(corpus: Corpus, folder: Path, seed: int) -> Corpora:
    """The corpora of a seed, made in ``folder``; those that are there are opened."""
    notes = [
        row
        for batch in corpus.notes(None, ("note_id", "text", "codes", "split"))
        for row in batch.to_pylist()
    ]
    for note in notes:
        note["codes"] = [parse_key(key).code for key in note["codes"]]
    train = [note["note_id"] for note in notes if note["split"] == "train"]
    old = set(np.random.default_rng(seed).permutation(train)[: len(train) // 2].tolist())
    legacy, labels, missing = [], 0, 0
    for note in notes:
        if note["note_id"] in old:
            codes, none = recode(note["codes"])
            labels, missing = labels + len(note["codes"]), missing + none
            legacy += [note | {"codes": codes}] if codes else []
    new = [note for note in notes if note["note_id"] not in old]
    made = [
        _table(rows, folder / name, version)
        for name, rows, version in (
            ("new", new, "icd10"),
            ("legacy", legacy, "icd9"),
            ("upper", notes, "icd10"),
        )
    ]
    return Corpora(*made, labels - missing, missing)


def _table(rows: Sequence[dict[str, Any]], folder: Path, version: str) -> Corpus:
    if folder.exists():
        return Corpus.open(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    table = folder.with_suffix(".jsonl")
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return prepare_table(table, folder, version=version, columns=Columns(split="split"))


def learn(corpora: Corpora, arm: str, folder: Path, settings: Settings) -> Run:
    """The run of an arm, opened where it is there. As many steps in each: half the notes, twice the epochs."""
    if folder.exists():
        return Run.open(folder)
    if arm == ALONE:
        settings = settings.model_copy(update={"epochs": 2 * settings.epochs})
    learnt = {ALONE: [corpora.new], BOTH: [corpora.new, corpora.legacy], UPPER: [corpora.upper]}[arm]
    return train(learnt, folder, settings)


def measure(run: Run, corpora: Corpora) -> dict[str, Figures]:
    """The figures of a run on the test notes, among the codes of the corpus and among all."""
    wide = corpora.upper.with_extra_codes(whole_systems(corpora.upper.codes), "all")
    with TemporaryDirectory() as scratch:
        scored = run.score_corpus(wide, "test", Path(scratch))
        cuts = run.thresholds("icd10", scored.codes)
        every = np.arange(len(scored.codes))
        return {
            name: _figures(
                np.array(scored.logits[:, columns]), scored.labels[:, columns], cuts[columns], seen
            )
            for name, columns in (
                ("all codes", every),
                ("the corpus's codes", every[: len(corpora.upper.codes)]),
            )
            for seen in [where_seen([scored.codes[column] for column in columns], corpora)]
        }


def where_seen(codes: Sequence[str], corpora: Corpora) -> np.ndarray:
    """Where each code was seen [L], a place in ``SEEN``."""
    new, upper = (dict(zip(one.codes, one.train_notes, strict=True)) for one in (corpora.new, corpora.upper))
    return np.array([0 if new.get(code, 0) else 1 if upper.get(code, 0) else 2 for code in codes])


def _figures(logits: np.ndarray, labels: Any, cuts: np.ndarray, seen: np.ndarray) -> Figures:
    labels = metrics.label_csr(labels)
    ranks = metrics.label_ranks(logits, labels)
    note = np.repeat(np.arange(len(logits)), np.diff(labels.indptr))
    group = seen[labels.indices]
    table = np.zeros((2, len(logits), len(SEEN)))
    np.add.at(table[0], (note, group), 1)
    np.add.at(table[1], (note, group), ranks.data <= TOP)
    predicted = logits > np.log(cuts / (1 - cuts))
    hits = labels.multiply(predicted).sum(axis=1)
    decided = np.stack([np.asarray(hits).ravel(), predicted.sum(axis=1), np.diff(labels.indptr)], axis=1)
    return Figures(metrics.average_precision(ranks), table[0], table[1], decided)


def worth(figures: dict[str, Sequence[Figures]]) -> Iterator[tuple[str, float, float, float]]:
    """The worth of a legacy note by each figure: over the seeds of the arms, and its 95 % interval over notes."""
    notes = len(figures[ALONE][0].precision)
    whole = _worth(figures, np.ones(notes))
    drawn = [_worth(figures, weights) for weights in draws(notes, RESAMPLES)]
    for name, value in whole.items():
        low, high = np.percentile([one[name] for one in drawn], (2.5, 97.5))
        yield name, value, float(low), float(high)


def _worth(figures: dict[str, Sequence[Figures]], weights: np.ndarray) -> dict[str, float]:
    mean = {arm: [one.taken(weights) for one in several] for arm, several in figures.items()}
    found = {}
    for name in mean[ALONE][0]:
        alone, both, upper = (np.mean([one[name] for one in mean[arm]]) for arm in ARMS)
        found[name] = float((both - alone) / (upper - alone)) if upper != alone else float("nan")
    return found


def tables(figures: dict[str, dict[str, Sequence[Figures]]]) -> Iterator[Table]:
    """For each set of candidates, the arms and what a legacy note is worth."""
    for candidates, arms in figures.items():
        rows = []
        for arm, several in arms.items():
            of_seeds = [one.taken(np.ones(len(one.precision))) for one in several]
            cells = ([one[name] for one in of_seeds] for name in of_seeds[0])
            rows.append([arm, *(f"{percent(np.mean(each))} ± {percent(np.std(each))}" for each in cells)])
        found = [f"{value:.0%} [{low:.0%}, {high:.0%}]" for _, value, low, high in worth(arms)]
        rows.append(["a legacy note's worth", *found])
        yield Table(f"Test notes, {candidates}, percent", ["run", *of_seeds[0]], rows, 1, "")


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("codiesp", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--model", default="duallaat-cnn")
    parser.add_argument("--preset", default="few-notes")
    parser.add_argument("--epochs", type=int, default=1, help="of the runs on all notes")
    parser.add_argument("--set", dest="changes", action="append", default=["terms=knowledge"])
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    whole = given.out / "codiesp"
    corpus = Corpus.open(whole) if whole.exists() else prepare_codiesp(given.codiesp, whole)
    figures: dict[str, dict[str, list[Figures]]] = {}
    for seed in given.seeds:
        corpora = split(corpus, given.out / str(seed), seed)
        print(f"seed {seed}: {corpora.recoded} labels recoded, {corpora.left_out} have no ICD-9 code by GEM")
        changes = [change for change in given.changes if given.preset != "small" or "terms" not in change]
        settings = make_settings(given.model, given.preset, None, changes, epochs=given.epochs, seed=seed)
        for arm in ARMS:
            name = f"{given.preset}-{ARMS.index(arm)}"
            found = measure(learn(corpora, arm, given.out / str(seed) / name, settings), corpora)
            for candidates, one in found.items():
                figures.setdefault(candidates, {}).setdefault(arm, []).append(one)
                print(f"seed {seed}, {arm}, {candidates}: {one.taken(np.ones(len(one.precision)))}")
    show(list(tables(figures)), True)


if __name__ == "__main__":
    main()
