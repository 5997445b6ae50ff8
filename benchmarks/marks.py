"""How much people's marks teach: the same training notes, with the marks of few of them or of all.

    python -m benchmarks.marks CORPUS [--notes 0 10 50 200 500] [--alone 10 50 200] [--set NAME=VALUE] [--out DIR]

CORPUS has marks (evidence.parquet), as CodiEsp in Spanish. Each run learns from all its train notes, and from the marks
of so many of them; ``--alone``: from so many notes and no others, without their marks and with them. Each codes the
test notes, among all codes of the code systems. Prints Markdown; a run that is there is not trained again.
"""

import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import options
from icdbridge.codes import whole_systems
from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import CODES_SCHEMA, ROW_GROUP
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.evaluation.evidence_quality import measure_evidence
from icdbridge.files import read_json, write_json, write_manifest
from icdbridge.runs.run import Run
from icdbridge.text_table import Table, percent, show
from icdbridge.training import make_settings, train


def with_marks_of(
    corpus: Corpus, notes: int, folder: Path, alone: int | None = None, seed: int = 0
) -> Corpus:
    """The corpus with the marks of so many train notes, drawn by ``seed``, and of all test notes; ``alone``: with so
    many train notes, of which these are the first. Opened where it is there.
    """
    if (folder / "manifest.json").is_file():
        return Corpus.open(folder)
    folder.mkdir(parents=True, exist_ok=True)
    train_notes = np.random.default_rng(seed).permutation(list(corpus.column("note_id", "train"))).tolist()
    others = [note for split in ("val", "test") for note in corpus.column("note_id", split)]
    files = sorted(read_json(corpus.path / "manifest.json"))
    made = _evidence(corpus, {*train_notes[:notes], *corpus.column("note_id", "test")}, folder)
    if alone is not None:
        made += _notes(corpus, {*train_notes[:alone], *others}, folder)
    for name in files:
        if name not in made and not (folder / name).exists():
            os.link(corpus.path / name, folder / name)
    write_manifest(folder, files)
    return Corpus.open(folder)


def _evidence(corpus: Corpus, kept: Collection[str], folder: Path) -> list[str]:
    table = pq.read_table(corpus.path / "evidence.parquet")
    chosen = [note in kept for note in table["note_id"].to_pylist()]
    pq.write_table(table.filter(pa.array(chosen)), folder / "evidence.parquet")
    return ["evidence.parquet"]


def _notes(corpus: Corpus, kept: Collection[str], folder: Path) -> list[str]:
    """Writes what a corpus of some notes has other than the whole one."""
    notes = pq.read_table(corpus.path / "notes.parquet")
    notes = notes.filter(pa.array([note in kept for note in notes["note_id"].to_pylist()]))
    pq.write_table(notes, folder / "notes.parquet", row_group_size=ROW_GROUP)
    splits, codes = notes["split"].to_pylist(), notes["codes"].to_pylist()
    carried = {
        "notes": Counter(code for own in codes for code in own),
        "train_notes": Counter(
            code for own, split in zip(codes, splits, strict=True) if split == "train" for code in own
        ),
    }
    table = pq.read_table(corpus.path / "codes.parquet").to_pydict()
    for name, count in carried.items():
        table[name] = [count[code] for code in table["code"]]
    pq.write_table(pa.table(table, schema=CODES_SCHEMA), folder / "codes.parquet")
    counts = {**{name: splits.count(name) for name in ("train", "val", "test")}, "total": len(splits)}
    write_json(folder / "corpus.json", corpus.meta | {"notes": counts})
    return ["notes.parquet", "codes.parquet", "corpus.json"]


def figures(run: Run, corpus: Corpus) -> dict[str, float | None]:
    """Of the test notes: MAP, micro F1 as predicted, recall@15 of codes never seen, F1 of codes with their spans."""
    results: dict[str, Any] = evaluate(run, corpus, "test")
    full = results["scopes"]["full"]
    predicted = results["decisions"]["all"]["by_frequency"] if "decisions" in results else full["present"]
    unseen = next((row["recall_at_15"] for row in results["long_tail"] if row["train_notes"] == "0"), None)
    with TemporaryDirectory() as folder:
        scored = run.score_corpus(corpus, "test", Path(folder))
        found, _ = measure_evidence(run.explainer(corpus), corpus, "test", scored, taken_out=False)
    spans = found["coded_spans"] or {"f1": None}
    return {"map": full["all"]["map"], "f1": predicted["f1_micro"], "unseen": unseen, "spans": spans["f1"]}


def main() -> None:
    parser = options.parser(__doc__, rounds=1)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notes", type=int, nargs="*", default=[0, 10, 50, 200, 500])
    parser.add_argument("--alone", type=int, nargs="*", default=[])
    parser.add_argument("--set", dest="changes", action="append", default=[])
    given = parser.parse_args()
    corpus = Corpus.open(given.corpus)
    settings = make_settings("duallaat-cnn", "few-notes", None, given.changes)
    whole = corpus.count("train")
    points = [(whole, min(notes, whole)) for notes in given.notes]
    points += [(notes, marked) for notes in given.alone for marked in (0, notes)]
    rows = []
    for notes, marked in points:
        folder = given.out / "marks" / f"{notes}-{marked}"
        learnt = with_marks_of(corpus, marked, folder / corpus.name, None if notes == whole else notes)
        run = (
            Run.open(folder / "run")
            if (folder / "run").exists()
            else train([learnt], folder / "run", settings)
        )
        told = folder / "figures.json"
        if not told.exists():
            write_json(told, figures(run, learnt.with_extra_codes(whole_systems(learnt.codes), "all")))
        rows.append([str(notes), str(marked), *map(percent, read_json(told).values())])
    columns = ["train notes", "with marks", "MAP", "F1 micro", "recall@15, never seen", "F1, code and span"]
    title = f"{corpus.name}: train notes, and so many of them with marks, percent"
    show([Table(title, columns, rows, 0, "All codes of the code systems are candidates.")], True)


if __name__ == "__main__":
    main()
