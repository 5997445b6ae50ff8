"""Rows of Parquet and Feather, some at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.tables.rows import Column, Row, match_columns

BATCH = 128  # rows held at once


def parquet_rows(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """The rows of a Parquet file; only the columns asked for are read. Raises ``InputError``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            named = _named(path, file.schema_arrow.names, columns)
            yield from _rows(path, file.iter_batches(BATCH, columns=list(named.values())), named)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a whole Parquet file: write it again") from error


def feather_rows(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """The rows of a Feather (Arrow) file. Raises ``InputError``."""
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file:
            reader = pa.ipc.open_file(file)
            named = _named(path, reader.schema.names, columns)
            yield from _rows(path, _batches(reader, list(named.values())), named)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a whole Feather file: write it again") from error


def _named(path: Path, names: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    """The names of the columns asked for, and those that they have in the file."""
    return {name: names[place] for name, place in match_columns(path, names, columns).items()}


def _batches(reader: Any, columns: list[str]) -> Iterator[Any]:
    for number in range(reader.num_record_batches):
        whole = reader.get_batch(number).select(columns)
        whole.validate(full=True)  # Arrow believes what a file says of its lengths
        yield from (whole.slice(start, BATCH) for start in range(0, len(whole), BATCH))


def _rows(path: Path, batches: Any, named: dict[str, str]) -> Iterator[Row]:
    number = 0
    for batch in batches:
        for cells in _objects(batch):
            number += 1
            if cells is None:
                yield Row(path, number, {}, "bytes that are not UTF-8: write the file again")
            else:
                yield Row(path, number, {name: cells[column] for name, column in named.items()})
    if not number:
        raise InputError(f"{path} has no rows")


def _objects(batch: Any) -> Iterator[dict[str, Any] | None]:
    try:
        yield from batch.to_pylist()
        return
    except UnicodeDecodeError:
        pass
    for place in range(len(batch)):
        try:
            yield batch.slice(place, 1).to_pylist()[0]
        except UnicodeDecodeError:
            yield None
