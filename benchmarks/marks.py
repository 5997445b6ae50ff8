"""How much people's marks teach: the same training notes, with the marks of few of them or of all.

    python -m benchmarks.marks CORPUS [--notes 0 10 50 200 500] [--set NAME=VALUE] [--out build/bench]

CORPUS has marks (evidence.parquet), as CodiEsp in Spanish. Each run learns from all its train notes, and from the marks
of so many of them; each is asked for its test notes, among all codes of the code systems. Prints Markdown.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks import options
from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.evaluation.reports.text_table import Table, percent, show
from icdbridge.files import read_json, write_manifest
from icdbridge.training import make_settings, train


def with_marks_of(corpus: Corpus, notes: int, folder: Path, seed: int = 0) -> Corpus:
    """The corpus with the marks of so many train notes, drawn by ``seed``, and of all test notes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = sorted(read_json(corpus.path / "manifest.json"))
    for name in files:
        os.link(corpus.path / name, folder / name)
    train_notes = np.array(list(corpus.column("note_id", "train")))
    drawn = np.random.default_rng(seed).permutation(train_notes)[:notes]
    kept = {*drawn.tolist(), *corpus.column("note_id", "test")}
    table = pq.read_table(corpus.path / "evidence.parquet")
    (folder / "evidence.parquet").unlink()
    chosen = [note in kept for note in table["note_id"].to_pylist()]
    pq.write_table(table.filter(chosen), folder / "evidence.parquet")
    write_manifest(folder, files)
    return Corpus.open(folder)


def figures(results: dict[str, Any]) -> list[str]:
    """MAP, micro F1 as predicted, recall@15 of codes never seen, F1 of codes with their spans."""
    full = results["scopes"]["full"]
    predicted = results["decisions"]["all"]["by_frequency"] if "decisions" in results else full["present"]
    unseen = next((row["recall_at_15"] for row in results["long_tail"] if row["train_notes"] == "0"), None)
    spans = results["evidence"]["coded_spans"]
    return [percent(value) for value in (full["all"]["map"], predicted["f1_micro"], unseen, spans["f1"])]


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notes", type=int, nargs="+", default=[0, 10, 50, 200, 500])
    parser.add_argument("--set", dest="changes", action="append", default=[])
    given = parser.parse_args()
    corpus = Corpus.open(given.corpus)
    settings = make_settings("duallaat-cnn", "few-notes", None, given.changes)
    rows = []
    for notes in given.notes:
        folder = given.out / "marks" / str(notes)
        marked = with_marks_of(corpus, notes, folder / corpus.name)
        run = train([marked], folder / "run", settings, force=True)
        wider = marked.with_extra_codes(whole_systems(marked.codes), "all")
        rows.append([str(notes), *figures(evaluate(run, wider, "test", evidence=True))])
    columns = ["train notes with marks", "MAP", "F1 micro", "recall@15, never seen", "F1, code and span"]
    title = f"{corpus.name}: the same train notes, marks of so many of them, percent"
    show([Table(title, columns, rows, 1, "All codes of the code systems are candidates.")], True)


if __name__ == "__main__":
    main()
