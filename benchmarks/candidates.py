"""The candidate search against exact scoring and against the paper, on this machine.

    python -m benchmarks.candidates [--matching] [--out build/bench] [--notes 880000] [--paper-code DIR]

1. What is lost: a small CNN model trained on synthetic notes, indexed, and compared with its own exact scores on test
   notes. The corpus holds 26,147 codes, as it draws on many notes; the model reads few of them. With ``--matching``
   the codes' names enter the scores (preset few-notes).
2. What is saved: one note of about 1,500 words at the released RNN size with random weights (time does not depend on
   them), exactly, by as many candidates as 1 chose, and by the straightforward implementation of the paper, which is
   timed at two smaller numbers of codes: the straight line through these is taken.
3. The same for all codes of ICD-10-CM and ICD-10-PCS, of which only the candidates' descriptions are encoded.

Prints Markdown, writes candidates.json or candidates-matching.json. The folder ``candidates`` in ``--out`` keeps
notes, corpus and runs for the next time; making them takes an hour and a half for both runs, and a training that was
stopped goes on.
"""

import csv
import gzip
import random
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks import options
from benchmarks.inputs import make_inputs, released_size
from benchmarks.scoring import FEW, line
from benchmarks.subjects import Subject, baseline_scorer, timed
from icdbridge.codes import Code, load_system
from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.mimic4 import prepare_mimic4
from icdbridge.evaluation.candidates_vs_exact import candidates_table, compare_candidates
from icdbridge.files import write_json
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.runs.candidate_search import Candidates
from icdbridge.runs.note_scores import Note
from icdbridge.runs.run import Run
from icdbridge.runs.scored import Scored
from icdbridge.runs.scorer import Scorer
from icdbridge.runs.scoring import Precision, read_notes, score_states
from icdbridge.runs.text_model import TextModel
from icdbridge.runs.tokens import tokenize_split
from icdbridge.synthetic import synthesize_mimic4
from icdbridge.text_table import Table, show
from icdbridge.training import make_settings, train
from icdbridge.training.distill_candidates import index_run

VAL, TRAIN, MEASURED = 1_000, 16_000, 1_000  # notes
CONCEPTS = 17_590  # as many as can be synthesized
NOTE_WORDS = 1_500
PRECISION: Precision = "bf16"
SMALL = ("epochs=2", "vector_epochs=5", "learning_rate=0.003")


def make_corpus(work: Path, notes: int) -> Corpus:
    """A synthetic ICD-10 corpus of short notes, most of them in the test split."""
    if not (work / "raw").exists():
        synthesize_mimic4(work / "raw", notes, words=110, concepts=CONCEPTS, seed=5)
    if not (work / "corpus").exists():
        with gzip.open(work / "raw" / "hosp" / "diagnoses_icd.csv.gz", "rt") as handle:
            admissions = sorted(
                {row["hadm_id"] for row in csv.DictReader(handle) if row["icd_version"] == "10"}
            )
        random.Random(0).shuffle(admissions)
        ends = ((VAL, "val"), (VAL + TRAIN, "train"), (len(admissions), "test"))
        rows = [(one, next(name for end, name in ends if i < end)) for i, one in enumerate(admissions)]
        with (work / "splits.csv").open("w", newline="") as handle:
            csv.writer(handle).writerows([("_id", "split"), *rows])
        prepare_mimic4(work / "raw", work / "corpus", version="icd10", splits=work / "splits.csv")
    return Corpus.open(work / "corpus")


def make_run(path: Path, corpus: Corpus, preset: str) -> Run:
    begun = (path / "training").exists()
    if begun or not path.exists():
        train([corpus], path, make_settings("duallaat-cnn", preset, None, SMALL), resume=begun)
    run = Run.open(path)
    if not (path / "candidates").exists():
        seconds, _ = timed(lambda: index_run(run, [corpus], train_notes=TRAIN))
        print(f"indexing: {seconds['cpu']:.0f} s of the processor")
    return Run.open(path)


def quality(run: Run, corpus: Corpus, work: Path) -> dict[str, Any]:
    """What ``icdbridge evaluate --candidates`` measures, on the first test notes."""
    scorer = Scorer.of_corpus(run, corpus)
    notes = tokenize_split(corpus, "test", run.tokenizer, run.max_note_words, scorer.keys, work)
    texts = islice(corpus.column("text", "test"), MEASURED)
    logits = np.empty((MEASURED, len(scorer.keys)), np.float32)
    for scores in scorer.score([Note(text, notes[row]) for row, text in enumerate(texts)]):
        logits[scores.row] = scores.logits
    exact = Scored(
        notes.note_ids[:MEASURED], corpus.codes, corpus.n_frequent, logits, notes.labels[:MEASURED]
    )
    return compare_candidates(run, corpus, "test", exact, run.thresholds(corpus.version, exact.codes))


def long_notes(corpus: Corpus, count: int) -> list[str]:
    """Test notes joined to about ``NOTE_WORDS`` words each."""
    texts = corpus.column("text", "test")
    joined = []
    for _ in range(count):
        parts: list[str] = []
        while sum(len(part.split()) for part in parts) < NOTE_WORDS:
            parts.append(next(texts))
        joined.append("\n".join(parts))
    return joined


def seconds_a_note(parts: list[dict[str, float]]) -> dict[str, float]:
    """Medians of the parts."""
    return {name: median(part[name] for part in parts) for name in parts[0]}


class ReleasedSize(TextModel):
    """A model of released size and random weights with the words, lexicons and candidate search of a run."""

    def __init__(self, run: Run) -> None:
        network = released_size("gru", features=len(LEXICAL_FEATURES) if run.lexicons else 0)
        super().__init__(network, run.tokenizer, run.index, run.max_note_words, 48, run.lexicons, PRECISION)
        self._candidates = run.candidates

    @property
    def candidates(self) -> Candidates:
        return self._candidates

    def thresholds(self, version: str, codes: Sequence[str]) -> np.ndarray:
        return np.zeros(len(codes))  # which no score comes near


@torch.inference_mode()
def by_candidates(scorer: Scorer, text: str, clock: str) -> dict[str, float]:
    """Seconds of coding one note, whole and in parts, and the number of its candidates."""
    note, network = scorer.read(text), scorer.model.model
    whole, _ = timed(lambda: list(scorer.score([note], candidates=True)))
    words = scorer.words(text)
    proposing, columns = timed(lambda: scorer.propose(words, note.ids))
    encoding, states = timed(lambda: read_notes(network, [note.ids], PRECISION))
    describing, queries = timed(lambda: scorer.queries_of(columns))
    scoring, _ = timed(lambda: score_states(network, states, queries, PRECISION))

    def match() -> None:
        if scorer.matcher is not None:
            features = scorer.matcher.dense_features([scorer.matcher.match(words).features], columns)
            network.lexical_logits(torch.from_numpy(features), scorer.matcher.version)

    matching, _ = timed(match)
    taken = {
        "whole": whole,
        "first stage": proposing,
        "note": encoding,
        "codes": describing,
        "scoring": scoring,
        "matching": matching,
    }
    return {name: seconds[clock] for name, seconds in taken.items()} | {"candidates": len(columns)}


def _exact(scorer: Scorer, note: Note) -> None:
    list(scorer.score([note]))


def times(
    run: Run, corpus: Corpus, rounds: int, paper_code: str | None, clock: str
) -> tuple[Table, dict[int, float]]:
    """One row a number of codes; and how many times as fast as the baseline at each."""
    model = ReleasedSize(run)
    texts = long_notes(corpus, rounds)
    whole = {"icd10cm": load_system("icd10cm", "FY2024"), "icd10pcs": load_system("icd10pcs")}
    titles = {
        str(Code(name, code)): text for name, table in whole.items() for code, text in table.titles.items()
    }
    baseline = Subject(baseline_scorer, "gru", make_inputs([NOTE_WORDS]), paper_code)
    straight = {codes: min(baseline(0, codes)["seconds"][clock] for _ in range(2)) for codes in FEW}
    baseline.close()
    rows, ratios = [], {}
    for codes, own in ((dict(zip(corpus.codes, corpus.descriptions, strict=True)), False), (titles, True)):
        scorer = Scorer(model, codes, None if own else "icd10")
        keys = scorer.keys
        if scorer.counts is None:
            print(
                f"{len(keys):,} codes: the search would lose too many, so every code would be scored: not timed"
            )
            continue
        building, _ = timed(partial(getattr, scorer, "proposer"))
        reading, _ = timed(partial(getattr, scorer, "matcher"))
        if not own:
            vars(scorer)["queries"] = torch.tanh(torch.randn(4, len(keys), 512))
        found = seconds_a_note([by_candidates(scorer, text, clock) for text in texts])
        exact = None
        if not own:
            note = scorer.read(texts[0])
            exact = timed(partial(_exact, scorer, note))[0][clock]
        slow = line(straight, len(keys))
        ratios[len(keys)] = slow / found["whole"]
        print(
            f"{len(keys):,} codes: names read into the index in {building[clock]:.1f} s, "
            f"the matcher made in {reading[clock]:.1f} s"
        )
        rows.append(
            [
                f"{len(keys):,}",
                f"{slow:.1f}",
                "-" if exact is None else f"{exact:.1f}",
                f"{found['candidates']:.0f}",
            ]
            + [
                f"{1000 * found[part]:.0f}"
                for part in ("first stage", "note", "codes", "scoring", "matching", "whole")
            ]
            + [f"{ratios[len(keys)]:.0f}"]
        )
    columns = ["codes", "straightforward, s", "exact, s", "candidates", "first stage, ms", "note, ms"]
    columns += ["their descriptions, ms", "scoring, ms", "matching, ms", "whole, ms", "times as fast"]
    name = "the paper's code" if paper_code else "straightforward"
    note = (
        f"Released RNN size, random weights, {PRECISION}, one synthetic note of {NOTE_WORDS:,} words; straightforward: "
        f"{name}, padded to 4,000 words, on the line through {FEW[0]:,} and {FEW[1]:,} codes."
    )
    return Table(f"Seconds a note ({clock})", columns, rows, 0, note), ratios


def main() -> None:
    parser = options.parser(__doc__, rounds=5)
    parser.add_argument(
        "--notes", type=int, default=880_000, help="synthetic notes; about a third carry ICD-10"
    )
    parser.add_argument("--matching", action="store_true", help="let the codes' names enter the scores")
    arguments = parser.parse_args()
    work = arguments.out / "candidates"
    work.mkdir(parents=True, exist_ok=True)
    corpus = make_corpus(work, arguments.notes)
    suffix, preset = ("-matching", "few-notes") if arguments.matching else ("", "small")
    run = make_run(work / f"run{suffix}", corpus, preset)
    for version, counts in run.candidates.counts.items():
        print(f"{version}: {counts}")
    print("goals: at least 99.5% kept, F1 micro within 0.1, at least 100 times as fast as the paper's code")
    found = quality(run, corpus, work)
    show([candidates_table({"candidates": found}, " (synthetic)")], markdown=True)
    table, ratios = times(run, corpus, arguments.rounds, arguments.paper_code, arguments.clock)
    show([table], markdown=True)
    found |= {"ratio": ratios[len(corpus.codes)], "matching": arguments.matching}
    write_json(arguments.out / f"candidates{suffix}.json", found)


if __name__ == "__main__":
    main()
