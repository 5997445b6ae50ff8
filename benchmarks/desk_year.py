"""A simulated year at the desk: synthetic notes, simulated coders with known error rates, a model that learns anew
each quarter. It shows what decisions do to F1 and to the fit of the confidence; a coder who tosses coins stands out.

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
from icdbridge.server.desk_api.encounter_coding import suggestion_fields
from icdbridge.server.store import Store, open_store
from icdbridge.server.store.changes import move
from icdbridge.server.store.deciding import NewDecision, decide
from icdbridge.server.store.encounters import Facts, NewDocument, open_encounter, receive, store_coding
from icdbridge.server.store.people import Person
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
    print("| encounters decided | F1 micro % | calibration error, points | after `calibrate` |")
    print("| ---: | ---: | ---: | ---: |")
    store = open_store(str(given.out / "desk.db"))
    with patch("icdbridge.server.store.trail.now", clock), patch("icdbridge.server.store.changes.now", clock):
        print(f"| 0 | {100 * f1(run, test):.1f} | {100 * calibration_error(run, test):.1f} | |", flush=True)
        for month in range(12):
            at_the_desk(store, Coder.load(run), year[month * MONTH : (month + 1) * MONTH], month, rng, clock)
            if month % 3 != 2:
                continue
            fitted, name = given.out / f"calibrated-{month + 1}", f"model-{month + 1}"
            recalibrate(store, run, fitted)
            errors = [f"{100 * calibration_error(one, test):.1f}" for one in (run, fitted)]
            learned = prepare_desk(store, given.out / f"decided-{month + 1}")
            run = train([start, learned], given.out / name, settings, validate_on=learned.name).path
            print(f"| {(month + 1) * MONTH} | {100 * f1(run, test):.1f} | {' | '.join(errors)} |", flush=True)
    write_desk_report(store, given.out / "report.html", synthetic=True)
    print(f"\nreport: {given.out / 'report.html'}")


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
            facts = Facts(patient=f"P-{note['note_id']}")
            one, added = receive(
                session, "sender", f"E-{note['note_id']}", facts, [NewDocument(str(note["text"]))]
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
            changed = move(session, person, number, changed.version, "done")
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
    return {
        **suggestion_fields(one),
        "band": band_of(confidence),
        "alternatives": [],
        "evidence": [],
    }


def decisions(
    found: Sequence[Suggestion], truth: set[str], who: SimulatedCoder, rng: np.random.Generator
) -> list[NewDecision]:
    verdicts = []
    keys = {f"{one.system}:{one.code}" for one in found}
    for one in found:
        right = f"{one.system}:{one.code}" in truth
        accepted = rng.random() < (who.accepts if right else 1 - who.rejects)
        verdicts.append(
            NewDecision(one.system, one.code, one.description, "accepted" if accepted else "rejected")
        )
    for key in sorted(truth - keys):
        if rng.random() < who.adds:
            code = parse_key(key)
            verdicts.append(NewDecision(code.system, code.code, describe(code).text, "accepted"))
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


def calibration_error(run: Path, test: Sequence[dict[str, object]]) -> float:
    """The expected calibration error of the confidence of what is suggested, against the true codes."""
    confidence, right = [], []
    for note, found in zip(
        test, suggested(Coder.load(run), [str(note["text"]) for note in test]), strict=True
    ):
        truth = set(map(str, note["codes"]))  # type: ignore[call-overload]
        for one in found:
            confidence.append(one.probability if one.confidence is None else one.confidence)
            right.append(f"{one.system}:{one.code}" in truth)
    return distance(np.array(confidence), np.array(right))[1]


if __name__ == "__main__":
    main()
