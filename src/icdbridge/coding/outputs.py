"""Suggestions for many notes as one file: CSV, JSON lines, Parquet or FHIR NDJSON, written one note at a time."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icdbridge.coding.fhir import resource
from icdbridge.coding.suggestion import Alternative, Suggestion
from icdbridge.errors import InputError
from icdbridge.escaping import cell
from icdbridge.extras import not_installed
from icdbridge.files import atomic_file
from icdbridge.lexical.evidence import Evidence

if TYPE_CHECKING:
    import pyarrow as pa

# note_id, patient_id, identity (note_identity), suggestions (or skipped: the reason)
Record = dict[str, Any]
ROWS = 20_000  # suggestions in a row group of Parquet
COLUMNS = (
    "note_id", "rank", "system", "code", "description", "probability", "confidence", "band", "context", "predicted",
    "train_notes", "reason", "alternatives", "evidence",
)  # fmt: skip


def write_results(records: Iterable[Record], out: Path) -> None:
    """Writes ``out``, atomically, in the format of its ending.

    .jsonl has one line a note (skipped ones with the reason), .csv and .parquet one row a suggestion, .ndjson one FHIR
    resource a line. In .csv, text that a spreadsheet would run as a formula gets an apostrophe (``cell``).
    """
    with atomic_file(out) as partial:
        FORMATS[check_format(out)](records, partial)


def check_format(out: Path) -> str:
    """The ending of an output file; ``InputError`` for an unknown one, or if a needed extra is not installed."""
    ending = out.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"cannot write {out.name}: expected a name ending in {', '.join(FORMATS)}")
    if ending == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
    return ending


def _rows(records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        for found in record.get("suggestions", ()):
            yield {"note_id": record["note_id"], **found}


def _write_csv(records: Iterable[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
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
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, schema = _rows(records), _schema()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text, whole, real = pa.string(), pa.int64(), pa.float64()
    of_span = {"start": whole, "end": whole, "text": text, "weight": real, "context": text, "cut": pa.bool_()}
    of_span["axis"] = text
    of_alternative = {"system": text, "code": text, "description": text}
    kinds = {
        "rank": whole, "probability": real, "confidence": real, "predicted": pa.bool_(), "train_notes": whole,
        "alternatives": pa.list_(pa.struct(list(of_alternative.items()))),
        "evidence": pa.list_(pa.struct(list(of_span.items()))),
    }  # fmt: skip
    return pa.schema([(name, kinds.get(name, text)) for name in COLUMNS])


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
