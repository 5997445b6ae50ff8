"""A corpus of the encounters that coders finished: their codes, the words they marked, and what they rejected."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from icdbridge.codes import parse_key, version_of
from icdbridge.coding.encounter import Joined, join
from icdbridge.corpora import Corpus
from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.feedback.readers import by_chance, verdicts_of
from icdbridge.server.store import Store
from icdbridge.server.store.finished import Decided, FinishedEncounter, finished
from icdbridge.server.store.trail import record


def prepare_desk(
    store: Store,
    out: Path | str,
    *,
    version: str = "icd10",
    by: str = "command line",
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of the finished encounters of a store that were coded in ``version``, a note an encounter.

    The text is what was coded: the documents joined, what repeats left out. Its codes are those that were accepted.
    Words that a coder confirmed or marked are in ``evidence.parquet``, suggestions that one rejected in
    ``rejected.parquet``: training scores each note against them. The store's trail says that the texts were read.
    Encounters of a person who decides as if by chance are left out. Raises ``InputError`` where none is left.
    """
    path = Path(store.name)

    def read(staging: Staging) -> None:
        with store.reading() as session:
            odd = by_chance(list(verdicts_of(session, list(finished(session, texts=False)))))
            _stage(staging, finished(session), version, odd)
        with store.writing() as session:
            record(
                session, by, "made a corpus of", documents=staging.number("SELECT count(*) FROM raw_notes")
            )

    return assemble(
        Path(out),
        read,
        inputs=[path] if path.exists() else [],
        source="desk",
        version=version,
        settings={"store": path.name},
        seed=seed,
        force=force,
    )


def _stage(
    staging: Staging, encounters: Iterator[FinishedEncounter], version: str, odd: Collection[str]
) -> None:
    left: Counter[str] = Counter()
    example: dict[str, str] = {}
    count = 0

    def drop(reason: str, one: FinishedEncounter, times: int = 1) -> None:
        left[reason] += times
        example.setdefault(reason, f"encounter {one.number}")

    for one in encounters:
        of_version = [row for row in one.accepted if version_of(parse_key(row.key).system) == version]
        texts = [text for _, text in kept(one)]
        if who := sorted({row.by for row in one.decisions} & set(odd)):
            drop(f"encounter of {', '.join(who)}, whose decisions hardly follow the confidence", one)
            continue
        if not of_version:
            drop(f"encounter without a code of {version}", one)
            continue
        if not texts:
            drop("encounter whose documents were deleted", one)
            continue
        joined = join(texts)
        note = {"id": one.number, "patient_id": one.patient, "text": joined.text}
        staging.add_rows("raw_notes", [note])
        count += 1
        rejected = [row for row in one.rejected if version_of(parse_key(row.key).system) == version]
        for relation, decided in (("raw_codes", of_version), ("raw_rejected", rejected)):
            _add(staging, relation, [{"id": one.number, **_code(row)} for row in decided])
        _add(staging, "raw_titles", [{**_code(row), "title": row.description} for row in of_version])
        spans, lost = _spans(one, joined)
        _add(staging, "raw_evidence", spans)
        if lost:
            drop("marked words in a document that took another's place, or in words that repeat", one, lost)
    for reason, times in left.items():
        unit = "encounters" if reason.startswith("encounter") else "spans"
        staging.drop(reason, times, unit, example[reason])
    if not count:
        said = f": {'; '.join(f'{times} x {reason}' for reason, times in left.items())}" if left else ""
        raise InputError(f"the store has no finished encounter to learn {version} from{said}")


def _code(decided: Decided) -> dict[str, str]:
    return parse_key(decided.key)._asdict()


def _add(staging: Staging, relation: str, rows: list[dict[str, Any]]) -> None:
    texts = [{name: str(value) for name, value in row.items()} for row in rows]
    staging.add_rows(relation, texts)


def _spans(one: FinishedEncounter, joined: Joined) -> tuple[list[dict[str, Any]], int]:
    """Words that were marked, in the joined text, and how many lie in none of it; each decision is one mark."""
    place = {number: index for index, (number, text) in enumerate(kept(one))}
    rows, lost = [], 0
    for mark, decided in enumerate(one.accepted):
        for span in decided.evidence:
            document, start, end = place.get(span["document"]), span["start"], span["end"]
            found = [
                (max(start, piece.start) + moved, min(end, piece.end) + moved)
                for piece in joined.pieces
                for moved in [piece.at - piece.start]
                if piece.document == document and piece.start < end and start < piece.end
            ]
            lost += not found
            rows += [
                {"id": one.number, **_code(decided), "first": first, "stop": stop, "mark": mark}
                for first, stop in found
            ]
    return rows, lost


def kept(one: FinishedEncounter) -> list[tuple[int, str]]:
    """The documents whose words are still there."""
    return [(number, text) for number, text in one.documents if text is not None]
