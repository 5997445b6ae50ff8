"""Codes encounters in the background; waiting ones are marked in the store, so a restart loses nothing."""

import threading
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from icdbridge.codes.gate import existing
from icdbridge.codes.validity import release_on
from icdbridge.coding import Coder, Suggestion
from icdbridge.coding.coder import Asked
from icdbridge.coding.encounter import (
    EncounterSuggestion,
    Joined,
    code_version_on,
    expected_errors,
    fitted,
    join,
)
from icdbridge.rules import check
from icdbridge.server.answers import band
from icdbridge.server.batching import BatchQueue, Job, Overloaded, evidence_price, score_price
from icdbridge.server.observing import logger, places
from icdbridge.server.store import Store, StoreUnreachable
from icdbridge.server.store.changes import encounter_of
from icdbridge.server.store.encounters import documents_of, give_up, store_coding, to_code
from icdbridge.server.store.records import Document, Encounter, StoredSuggestion
from icdbridge.server.store.retention import purge

SUGGESTIONS = 60  # of an encounter
LOOK_SECONDS = 5.0  # another process may have received documents
READY_SECONDS = 0.2  # between two looks whether the models are warm
PURGE_SECONDS = 24 * 3600.0


class EncounterCoding:
    """A thread that codes waiting encounters, the oldest first, and deletes documents after ``keep_days``."""

    def __init__(self, store: Store, coder: Coder, queue: BatchQueue, keep_days: int | None) -> None:
        self._store, self._coder, self._queue, self._keep_days = store, coder, queue, keep_days
        self._wanted, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="encounters", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wanted.set()

    def stop(self, seconds: float) -> None:
        """Ends after the encounter at work, or in so many seconds."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        _read_code_tables()
        next_purge = time.monotonic()
        while not self._stopping.is_set():
            self._wanted.clear()
            try:
                if self._keep_days is not None and time.monotonic() >= next_purge:
                    purge(self._store, self._keep_days)
                    next_purge = time.monotonic() + PURGE_SECONDS
                while (
                    self._queue.ready.is_set() and not self._stopping.is_set() and (waiting := self._next())
                ):
                    self._code(*waiting)
            except StoreUnreachable:
                logger.warning("the store does not answer: encounters wait for their suggestions")
            except Exception as error:  # the thread goes on
                logger.error("encounters were not coded: %s at %s", type(error).__name__, places(error))
            self._wanted.wait(LOOK_SECONDS if self._queue.ready.is_set() else READY_SECONDS)

    def _code(self, one: Encounter, documents: Sequence[Document]) -> None:
        """Codes an encounter, or says in log and trail why not; it is tried again only when it changes."""
        try:
            about, rows, need = self._suggested(one, documents)
        except Exception as error:
            if not self._stopping.is_set():
                logger.error("an encounter was not coded: %s at %s", type(error).__name__, places(error))
                with self._store.writing() as session:
                    give_up(session, one.id, one.version)
            return
        with self._store.writing() as session:
            store_coding(session, one.id, one.version, about, rows, need)

    def _suggested(
        self, one: Encounter, documents: Sequence[Document]
    ) -> tuple[dict[str, Any], list[dict[str, Any]], float | None]:
        version = code_version_on(one.day, self._coder.versions, self._coder.default_version)
        joined = join([document.text or "" for document in documents])
        found = self._coded(joined, version, one)
        system = next(iter(self._coder.codes_of(version))).partition(":")[0]
        ids = [document.id for document in documents]
        about = {
            "model": self._coder.name,
            "fingerprint": self._coder.fingerprint()[:200],
            "code_version": version,
            "release": release_on(system, one.day or date.today())[0],
            "document_ids": ids,
            "repeats": {
                str(number): spans for number, spans in zip(ids, joined.repeats, strict=True) if spans
            },
        }
        return about, [self._row(suggestion, ids) for suggestion in found], expected_errors(found)

    def _next(self) -> tuple[Encounter, Sequence[Document]] | None:
        """The encounter that has waited longest, and its documents, as they are in its version."""
        with self._store.reading() as session:
            number = to_code(session)
            return None if number is None else (encounter_of(session, number), documents_of(session, number))

    def _coded(self, joined: Joined, version: str, one: Encounter) -> list[EncounterSuggestion]:
        if not joined.text or self._coder.fault(joined.text):
            return []
        size = min(self._coder.count_words(joined.text), self._coder.max_note_words), len(joined.text)
        explaining = evidence_price(*size, SUGGESTIONS)
        cost = score_price(*size, self._coder.scored_codes(version, None)) + explaining
        setting: Any = one.setting if one.setting in self._coder.settings else None
        asked = Asked(version, SUGGESTIONS, setting=setting, as_of=one.day)
        job = Job(self._coder, joined.text, asked, cost, explaining)
        while True:
            try:
                self._queue.submit([job])
                break
            except Overloaded as full:
                if self._stopping.wait(full.retry_after):
                    raise
        return fitted(joined, job.future.result() or [], one.day, one.sex, one.age)

    def _row(self, one: EncounterSuggestion, documents: list[int]) -> dict[str, Any]:
        found = one.suggestion
        return {
            **suggestion_columns(found),
            "band": band(self._coder, found),
            "alternatives": [vars(other) for other in found.alternatives],
            "evidence": [
                {
                    "document": documents[place.document],
                    "start": place.span.start,
                    "end": place.span.end,
                    "weight": round(place.span.weight, 4),
                    "context": place.span.context,
                }
                for place in one.placed
            ],
        }


def suggestion_columns(found: Suggestion) -> dict[str, Any]:
    """What the store keeps of a suggestion, by column; band, alternatives and evidence are kept in another form."""
    columns = StoredSuggestion.__table__.columns
    return {name: value for name, value in vars(found).items() if name in columns}


def _read_code_tables() -> None:
    """The first decision, and the first check, would have to wait for this."""
    try:
        existing("I10", "icd10cm")
        check(["I10"], date=date.today(), sex="female", age=50)
    except Exception as error:  # whoever needs the tables is told
        logger.error("the code tables cannot be read: %s at %s", type(error).__name__, places(error))
