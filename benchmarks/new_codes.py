"""Codes that training never had: a corpus without some of its codes, and how well a run of it finds them.

    python -m benchmarks.new_codes notes [--run RUN]
    python -m benchmarks.new_codes CORPUS --run RUN [--renamed 100]
    python -m benchmarks.new_codes CORPUS [--withhold 100] [--terms TABLE] [--out build/bench]

As when a run codes by a later release than it learnt from. ``notes``: 60 notes written by hand, each of which names one
code that came in FY2025 or FY2026, and 40 further ones; how often it is the first, and among the first three, of the
starter or of a run (as of a day of FY2026, and among all of ICD-10-CM). With ``--run``, which learnt from the corpus,
some codes that both train and test notes carry are taken for retired: a code with a number that no release has took the
place of each, under the same title or another wording of it, as a conversion table would say. How well are they found
on the test notes, with what training taught of the old codes and without? Else of the codes that both train and test
notes carry some are drawn; a corpus of the train and val notes without them is made, and a run with matching and a
plain one are trained on it. Both are asked for them on the test notes of CORPUS: among its codes and among all of
ICD-10-CM. Prints Markdown.
"""

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import expit

from benchmarks import options
from icdbridge import Coder
from icdbridge.codes import load_system, parse_key
from icdbridge.codes.naming import Terms, code_names
from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.evaluation import metrics
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer
from icdbridge.text_table import Table, percent, show
from icdbridge.training import make_settings, train

TOP = 15
DAY = "2026-05-01"
NOTES = ("new_code_notes", "new_code_notes_further")  # the further ones: written before, mended from too


def choose(corpus: Corpus, count: int, seed: int = 0) -> list[str]:
    """``count`` codes (keys) that notes of train and of test carry."""
    carried = {
        split: {
            code
            for batch in corpus.notes(split, ("codes",))
            for codes in batch["codes"].to_pylist()
            for code in codes
        }
        for split in ("train", "test")
    }
    return random.Random(seed).sample(sorted(carried["train"] & carried["test"]), count)


def without(corpus: Corpus, withheld: list[str], folder: Path) -> Corpus:
    """The train and val notes without these codes; notes that had no other are left out."""
    rows = []
    for split in ("train", "val"):
        for batch in corpus.notes(split):
            for row in batch.to_pylist():
                codes = [parse_key(code).code for code in row["codes"] if code not in withheld]
                if codes:
                    rows.append(
                        {"note_id": row["note_id"], "text": row["text"], "codes": codes, "split": split}
                    )
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "notes.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return prepare_table(
        table, folder / "corpus", version=corpus.version, columns=Columns(split="split"), force=True
    )


def recalled(run: Run, corpus: Corpus, withheld: list[str]) -> float:
    """Share of the withheld codes of test notes that are among the ``TOP`` best of their note."""
    with TemporaryDirectory() as scratch:
        scored = run.score_corpus(corpus, "test", Path(scratch))
        labels = metrics.label_csr(scored.labels)
        ranks = metrics.label_ranks(scored.logits, labels)
        new = np.isin(np.array(scored.codes)[labels.indices], withheld)
        return float((ranks.data[new] <= TOP).mean())


def renamed(
    codes: Sequence[str], titles: Mapping[str, str], terms: Terms | None
) -> dict[str, tuple[str, str]]:
    """For each of some codes (keys) a new key of the same category and its title: another wording where ``terms`` are
    given and have one.
    """
    table, taken, found = load_system("icd10cm"), set(), {}
    for key in codes:
        category = parse_key(key).category.code
        ends = (f"{one}{two}" for one in "ZYXWV" for two in "9876543210")
        number = next(new for end in ends if not table.title(new := f"{category}.{end}") and new not in taken)
        taken.add(number)
        names = code_names([key], [titles[key]], terms)[0]
        others = [name.text for name in names if name.kind in ("inclusion", "index")]
        title = others[0] if terms is not None and others else titles[key]
        found[key] = f"icd10cm:{number}", title
    return found


def found_renamed(run: Run, corpus: Corpus, count: int) -> Table:
    """Figures of some codes on the test notes: as they are, and renamed."""
    codes = dict(zip(corpus.codes, corpus.descriptions, strict=True))
    drawn = choose(corpus, count)
    columns = np.flatnonzero(np.isin(corpus.codes, drawn))
    rows, labels = [], None
    for told, worded in (("as they are", None), ("a new number", False), ("a new number and title", True)):
        terms = run.lexicons[corpus.version].terms if worded else None
        new = {} if worded is None else renamed(drawn, codes, terms)
        offered = dict(new.get(key, (key, title)) for key, title in codes.items())
        heirs = {old: (key,) for old, (key, _) in new.items()}
        for inherits in (True, False) if heirs else (True,):
            scorer = Scorer(run.inheriting(heirs if inherits else {}, offered), offered, corpus.version)
            with TemporaryDirectory() as scratch:
                _, by_key, (logits,) = scorer.score_split(corpus, "test", Path(scratch))
                labels = by_key if labels is None else labels  # the columns stay, whatever they are called
                name = told if not heirs else f"{told}, {'inheriting' if inherits else 'not inheriting'}"
                rows.append(
                    [name, *map(percent, _figures(np.array(logits), labels, columns, scorer.thresholds))]
                )
    names = [
        "100 codes" if count == 100 else f"{count} codes",
        f"recall@{TOP}",
        "F1 micro",
        "recall",
        "F1, all codes",
    ]
    carried = int(labels[:, columns].sum())
    note = f"{carried} labels of {labels.shape[0]} test notes of {corpus.name}; {len(codes):,} codes to choose from."
    return Table("Renamed codes, percent", names, rows, 1, note)


def _figures(logits: np.ndarray, labels: Any, columns: np.ndarray, cuts: np.ndarray) -> tuple[float, ...]:
    """Recall@``TOP``, F1 micro and recall of some columns, F1 micro of all."""
    ranks = metrics.label_ranks(logits, metrics.label_csr(labels))
    own = np.isin(ranks.indices, columns)
    predicted, gold = expit(logits) > cuts, labels.toarray().astype(bool)
    counts = [
        ((predicted & gold)[:, of].sum(), predicted[:, of].sum(), gold[:, of].sum())
        for of in (columns, slice(None))
    ]
    (hit, said, right), (hits, sayings, rights) = counts
    return (
        float((ranks.data[own] <= TOP).mean()),
        2 * hit / (said + right),
        hit / right,
        2 * hits / (sayings + rights),
    )


def named_in_notes(coder: Coder, codes: Mapping[str, str] | None, name: str) -> tuple[Table, list[str]]:
    """How far up each note's code is, and what was missed."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    before = load_system("icd10cm", "FY2024").titles
    assert all(row["code"] not in before and row["code"] in load_system("icd10cm").titles for row in rows)
    version, day = (None, None) if codes else ("icd10", DAY)
    ranks, missed = [], []
    for row in rows:
        options = {"top": TOP, "codes": codes, "evidence": False, "as_of": day}
        found = [one.code for one in coder.code(row["note"], version, **options)]
        ranks.append(found.index(row["code"]) + 1 if row["code"] in found else TOP + 1)
        if ranks[-1] > 1:
            missed.append(f"{row['code']} is number {ranks[-1]}, first is {found[0] if found else 'none'}")
    shares = [percent(np.mean(np.array(ranks) <= top)) for top in (1, 3, TOP)]
    columns = ["coder", "first", "of the first 3", f"of the first {TOP}"]
    note = f"{len(rows)} notes, " + (f"{len(codes):,} codes." if codes else f"as of {DAY}.")
    return Table("New codes that notes name, percent", columns, [[coder.name, *shares]], 1, note), missed


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("corpus", type=Path, help="a corpus, or: notes")
    parser.add_argument(
        "--run", type=Path, help="with notes: this run, not the starter; else its codes are renamed"
    )
    parser.add_argument("--renamed", type=int, default=100)
    parser.add_argument("--withhold", type=int, default=100)
    parser.add_argument("--terms", help="a table of further names of codes, for matching")
    parser.add_argument("--epochs", type=int, default=10)
    given = parser.parse_args()
    every = {f"icd10cm:{code}": title for code, title in load_system("icd10cm").titles.items()}
    if given.corpus == Path("notes"):
        coder = Coder.load(given.run)
        for name in NOTES:
            for codes in (None, every) if given.run else (None,):
                table, missed = named_in_notes(coder, codes, name)
                show([table], True)
                print("\n".join(missed))
        return
    corpus = Corpus.open(given.corpus)
    if given.run:
        show([found_renamed(Run.open(given.run), corpus, given.renamed)], True)
        return
    withheld = choose(corpus, given.withhold)
    fewer = without(corpus, withheld, given.out / "new_codes")
    wider = corpus.with_extra_codes(every, "icd10cm")
    terms = (f"terms={given.terms}",) if given.terms else ()
    rows = []
    for name, preset, changes in (("plain", "small", ()), ("matching", "few-notes", terms)):
        settings = make_settings("duallaat-cnn", preset, None, changes, epochs=given.epochs)
        run = train([fewer], given.out / "new_codes" / name, settings, force=True)
        assert not set(withheld) & set(run.index.code)
        rows.append([name, *(percent(recalled(run, among, withheld)) for among in (corpus, wider))])
    columns = ["run", f"among {len(corpus.codes):,} codes", f"among {len(wider.codes):,} codes"]
    note = f"{given.withhold} codes of {corpus.name} taken out of its train and val notes, asked for on its test notes."
    show([Table(f"Recall@{TOP} of codes that training never had, percent", columns, rows, 1, note)], True)


if __name__ == "__main__":
    main()
