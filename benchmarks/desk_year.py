"""A simulated year at the desk: synthetic notes, simulated coders with known error rates, a model that learns anew
each quarter. It shows what decisions do to F1 and to the fit of the confidence; a coder who tosses coins stands out.
The same year again with the starter, whose confidence comes from other notes: there is more to fit.

``python -m benchmarks.desk_year --out build/desk-year``; some minutes of one core.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge import Coder, Corpus, prepare_mimic4, prepare_table, synthesize_mimic4
from icdbridge.codes import describe, parse_key
from icdbridge.coding import Suggestion
from icdbridge.feedback.desk_corpus import prepare_desk
from icdbridge.feedback.desk_report import write_desk_report
from icdbridge.feedback.recalibrate import distance, recalibrate
from icdbridge.lexical.evidence import band_of
from icdbridge.server.desk_api.encounter_coding import suggestion_columns
from icdbridge.server.store import Store, open_store
from icdbridge.server.store.changes import move
from icdbridge.server.store.deciding import decide
from icdbridge.server.store.encounters import open_encounter, receive, store_coding
from icdbridge.server.store.people import Person
from icdbridge.server.store.records import Decision, Document
from icdbridge.training import make_settings, train

START, MONTH, TEST = 80, 30, 150  # notes coded before the desk, at it each month, and to measure on
SHOWN = 15  # suggestions of an encounter
SETTINGS = (
    *(
        "embedding_dim=64",
        "hidden_size=64",
        "shared_dim=64",
        "label_space=400",
        "batch_size=8",
        "min_word_notes=1",
    ),
    *("learning_rate=0.004", "epochs=15", "patience=15", "warmup_steps=10"),
)


@dataclass(frozen=True)
class SimulatedCoder:
    """Accepts a right suggestion, rejects a wrong one, adds a code that is missing: with these probabilities; takes
    ``seconds`` a decision. One who tosses coins accepts anything with 0.5.
    """

    name: str
    accepts: float
    rejects: float
    adds: float
    seconds: float
    share: float  # of the encounters
    from_month: int = 0


CODERS = (
    SimulatedCoder("anna", 0.97, 0.97, 0.9, 20, 0.5),
    SimulatedCoder("ben", 0.93, 0.90, 0.8, 30, 0.4),
    SimulatedCoder("coin", 0.5, 0.5, 0.0, 4, 0.1, from_month=6),
)
AUDITOR = SimulatedCoder("olga", 0.99, 0.99, 0.95, 15, 0.1)


class Clock:
    """The time of the simulation, in place of the store's."""

    def __init__(self) -> None:
        self.at = datetime(2025, 1, 6, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def work(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="an empty folder")
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    notes = synthetic_notes(given.out, given.seed)
    rng, clock = np.random.default_rng(given.seed), Clock()
    test, year = notes[START : START + TEST], notes[START + TEST :]
    start = corpus_of(notes[:START], given.out / "start")
    settings = make_settings("duallaat-cnn", "small", None, [*SETTINGS, f"seed={given.seed}"])
    run = train([start], given.out / "model-0", settings).path
    print("synthetic notes, simulated coders\n")
    with patch("icdbridge.server.store.trail.now", clock), patch("icdbridge.server.store.changes.now", clock):
        a_model_that_learns(given.out, given.seed, start, run, test, year, rng, clock)
        the_starter(given.out, test, year, rng, clock)
    print(f"\nreport: {given.out / 'report.html'}")


def a_model_that_learns(
    out: Path,
    seed: int,
    start: Corpus,
    run: Path,
    test: Sequence[dict[str, object]],
    year: Sequence[dict[str, object]],
    rng: np.random.Generator,
    clock: Clock,
) -> None:
    """A year with a model that is calibrated, and then trained anew, each quarter."""
    print("| encounters decided | F1 micro % | Brier score | calibration error, points | after `calibrate` |")
    print("| ---: | ---: | ---: | ---: | --- |")
    store, fitted = open_store(str(out / "desk.db")), ""
    for month in range(13):
        if month % 3 == 0:
            brier, error = confidence_error(Coder.load(run), test)
            told = f"{100 * f1(run, test):.1f} | {brier:.3f} | {100 * error:.1f} | {fitted}"
            print(f"| {month * MONTH} | {told} |", flush=True)
        if month == 12:
            break
        at_the_desk(store, Coder.load(run), year[month * MONTH : (month + 1) * MONTH], month, rng, clock)
        if month % 3 == 2:
            fit = recalibrate(store, run, out / f"calibrated-{month + 1}")
            error = confidence_error(Coder.load(out / f"calibrated-{month + 1}"), test)[1]
            fitted = f"the model before: {100 * error:.1f}, {'fitted' if fit.kept else 'kept as it was'}"
            learned = prepare_desk(store, out / f"decided-{month + 1}")
            settings = make_settings("duallaat-cnn", "small", None, [*SETTINGS, f"seed={seed}"])
            run = train([start, learned], out / f"model-{month + 1}", settings, validate_on=learned.name).path
    write_desk_report(store, out / "report.html", synthetic=True)
    store.close()


def the_starter(
    out: Path,
    test: Sequence[dict[str, object]],
    year: Sequence[dict[str, object]],
    rng: np.random.Generator,
    clock: Clock,
) -> None:
    """A year with the starter; only its confidence learns."""
    print("\nThe starter:\n\n| encounters decided | Brier score | calibration error, points |")
    print("| ---: | ---: | ---: |")
    store, coder = open_store(str(out / "starter.db")), Coder.load()
    for month in range(12):
        if month in (0, 1, 3, 6):
            brier, error = confidence_error(coder, test)
            print(f"| {month * MONTH} | {brier:.3f} | {100 * error:.1f} |", flush=True)
        at_the_desk(store, Coder.load(), year[month * MONTH : (month + 1) * MONTH], month, rng, clock)
        if month in (0, 2, 5, 11):
            recalibrate(store, None, out / f"starter-{month + 1}")
            coder = Coder.load(out / f"starter-{month + 1}")
    brier, error = confidence_error(coder, test)
    print(f"| {12 * MONTH} | {brier:.3f} | {100 * error:.1f} |", flush=True)
    store.close()


def synthetic_notes(out: Path, seed: int) -> list[dict[str, object]]:
    """Notes with their codes, in random order."""
    wanted = START + TEST + 12 * MONTH
    synthesize_mimic4(out / "raw", notes=4 * wanted, words=100, concepts=60, seed=seed, replace=True)
    corpus = prepare_mimic4(out / "raw", out / "all", version="icd10", force=True)
    notes = [note for batch in corpus.notes() for note in batch.to_pylist()]
    order = np.random.default_rng(seed).permutation(len(notes))[:wanted]
    return [notes[place] for place in order]


def corpus_of(notes: Sequence[dict[str, object]], out: Path) -> Corpus:
    table = out.with_suffix(".parquet")
    pq.write_table(
        pa.table({name: [note[name] for note in notes] for name in ("note_id", "text", "codes")}), table
    )
    return prepare_table(table, out, version="icd10", force=True)


def at_the_desk(
    store: Store,
    coder: Coder,
    notes: Sequence[dict[str, object]],
    month: int,
    rng: np.random.Generator,
    clock: Clock,
) -> None:
    """A month: each note becomes an encounter that is suggested, decided on and done; some are audited."""
    here = [one for one in CODERS if one.from_month <= month]
    shares = np.array([one.share for one in here])
    for note, found in zip(notes, suggested(coder, [str(note["text"]) for note in notes]), strict=True):
        who = here[rng.choice(len(here), p=shares / shares.sum())]
        truth = set(map(str, note["codes"]))  # type: ignore[call-overload]
        clock.work(24 * 3600 * 30 / MONTH)
        with store.writing() as session:
            documents = [Document(text=str(note["text"]))]
            one, added = receive(
                session, "sender", f"E-{note['note_id']}", documents, patient=f"P-{note['note_id']}"
            )
            about = {"model": coder.name, "fingerprint": "f", "code_version": "icd10", "release": "FY2024"}
            about |= {"document_ids": [added[0].id], "repeats": {}}
            store_coding(session, one.id, one.version, about, [shown(each) for each in found], None)
            number = one.id
        person = Person(who.name, "coder")
        with store.writing() as session:
            open_encounter(session, person, number)
        verdicts = decisions(found, truth, who, rng)
        clock.work(min(290, who.seconds * len(verdicts)))
        with store.writing() as session:
            changed = decide(session, person, number, 1, verdicts)
            move(session, person, changed, "done")
            if rng.random() < AUDITOR.share:
                auditor = Person(AUDITOR.name, "auditor")
                open_encounter(session, auditor, number)
                again = decisions(found, truth, AUDITOR, rng)
                clock.work(min(290, AUDITOR.seconds * len(again)))
                decide(session, auditor, number, changed.version, again)


def suggested(coder: Coder, texts: Sequence[str]) -> list[list[Suggestion]]:
    found = coder.code_many(texts, "icd10", top=SHOWN, evidence=False)
    return [one or [] for one in found]


def shown(one: Suggestion) -> dict[str, object]:
    confidence = one.probability if one.confidence is None else one.confidence
    return {**suggestion_columns(one), "band": band_of(confidence), "alternatives": [], "evidence": []}


def decisions(
    found: Sequence[Suggestion], truth: set[str], who: SimulatedCoder, rng: np.random.Generator
) -> list[Decision]:
    verdicts = []
    keys = {f"{one.system}:{one.code}" for one in found}
    for one in found:
        right = f"{one.system}:{one.code}" in truth
        accepted = rng.random() < (who.accepts if right else 1 - who.rejects)
        verdicts.append(
            Decision(
                system=one.system,
                code=one.code,
                description=one.description,
                verdict="accepted" if accepted else "rejected",
            )
        )
    for key in sorted(truth - keys):
        if rng.random() < who.adds:
            code = parse_key(key)
            verdicts.append(
                Decision(
                    system=code.system, code=code.code, description=describe(code).text, verdict="accepted"
                )
            )
    return verdicts


def f1(run: Path, test: Sequence[dict[str, object]]) -> float:
    """Micro F1 of what is predicted, against the true codes."""
    predicted = hits = labels = 0
    for note, found in zip(
        test, suggested(Coder.load(run), [str(note["text"]) for note in test]), strict=True
    ):
        truth = set(map(str, note["codes"]))  # type: ignore[call-overload]
        said = {f"{one.system}:{one.code}" for one in found if one.predicted}
        predicted, hits, labels = predicted + len(said), hits + len(said & truth), labels + len(truth)
    return 2 * hits / max(predicted + labels, 1)


def confidence_error(coder: Coder, test: Sequence[dict[str, object]]) -> tuple[float, float]:
    """Brier score and expected calibration error of the confidence of what is suggested, against the true codes."""
    confidence, right = [], []
    for note, found in zip(test, suggested(coder, [str(note["text"]) for note in test]), strict=True):
        truth = set(map(str, note["codes"]))  # type: ignore[call-overload]
        for one in found:
            confidence.append(one.probability if one.confidence is None else one.confidence)
            right.append(f"{one.system}:{one.code}" in truth)
    return distance(np.array(confidence), np.array(right))


if __name__ == "__main__":
    main()
