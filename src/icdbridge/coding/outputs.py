"""Suggestions for many notes as one file: CSV, JSON lines, Parquet or FHIR NDJSON, written one note at a time."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.coding.fhir import resource
from icdbridge.coding.suggestion import Alternative, Suggestion
from icdbridge.errors import InputError
from icdbridge.escaping import cell
from icdbridge.files import atomic_file
from icdbridge.matching.evidence import Evidence

# note_id, patient_id, identity (note_identity), suggestions (or skipped: the reason)
Record = dict[str, Any]
ROWS = 20_000  # suggestions in a row group of Parquet
_EVIDENCE = pa.struct(
    {
        "start": pa.int64(),
        "end": pa.int64(),
        "text": pa.string(),
        "weight": pa.float64(),
        "context": pa.string(),
        "cut": pa.bool_(),
    }  # type: ignore[arg-type]
)
_ALTERNATIVE = pa.struct(
    {"system": pa.string(), "code": pa.string(), "description": pa.string()}  # type: ignore[arg-type]
)
SCHEMA = pa.schema(
    [
        ("note_id", pa.string()),
        ("rank", pa.int64()),
        ("system", pa.string()),
        ("code", pa.string()),
        ("description", pa.string()),
        ("probability", pa.float64()),
        ("confidence", pa.float64()),
        ("band", pa.string()),
        ("context", pa.string()),
        ("predicted", pa.bool_()),
        ("train_notes", pa.int64()),
        ("reason", pa.string()),
        ("alternatives", pa.list_(_ALTERNATIVE)),
        ("evidence", pa.list_(_EVIDENCE)),
    ]
)


def write_results(records: Iterable[Record], out: Path) -> None:
    """Writes ``out``, atomically, in the format of its ending: .jsonl has a line a note (skipped ones with their
    reason), .csv and .parquet a row a suggestion, .ndjson a FHIR resource a line. In .csv text that a spreadsheet would
    run as a formula has an apostrophe before it (``cell``).
    """
    with atomic_file(out) as partial:
        FORMATS[check_format(out)](records, partial)


def check_format(out: Path) -> str:
    """The ending of an output file; ``InputError`` for one that is not known."""
    ending = out.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"cannot write {out.name}: expected a name ending in {', '.join(FORMATS)}")
    return ending


def _rows(records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        for found in record.get("suggestions", ()):
            yield {"note_id": record["note_id"], **found}


def _write_csv(records: Iterable[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, SCHEMA.names)
        writer.writeheader()
        for row in _rows(records):
            told = {name: json.dumps(row[name], ensure_ascii=False) for name in ("alternatives", "evidence")}
            cells = row | told
            writer.writerow({name: cell(value) for name, value in cells.items()})


def _write_jsonl(records: Iterable[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as handle:
        for record in records:
            told = {name: value for name, value in record.items() if name != "identity"}
            handle.write(json.dumps(told, ensure_ascii=False) + "\n")


def _write_parquet(records: Iterable[Record], path: Path) -> None:
    rows = _rows(records)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while group := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))


def _write_fhir(records: Iterable[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as handle:
        for record in records:
            for found in record.get("suggestions", ()):
                evidence = tuple(Evidence(**span) for span in found["evidence"])
                alternatives = tuple(Alternative(**one) for one in found["alternatives"])
                suggestion = Suggestion(**(found | {"evidence": evidence, "alternatives": alternatives}))
                made = resource(
                    suggestion, record["note_id"], record["patient_id"], identity=record["identity"]
                )
                if made is not None:
                    handle.write(json.dumps(made, ensure_ascii=False) + "\n")


FORMATS: dict[str, Callable[[Iterable[Record], Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".ndjson": _write_fhir,
}
