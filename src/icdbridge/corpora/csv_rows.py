"""Reads a dump's CSV file, gzipped or not, by Arrow in blocks: faster than ``read_rows``. On an error the file is read
again to locate it.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from isal import igzip

from icdbridge.corpora.csv_files import BROKEN_GZIP, broken_gzip, read_header
from icdbridge.errors import InputError
from icdbridge.progress import progress_bar
from icdbridge.tables import Column, match_columns

LONGEST_ROW = 4 * 1024 * 1024  # bytes
_QUOTE = ord('"')


def csv_rows(path: Path, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """Batches with the columns named (found in any case), all text, and ``file_row``, counted from 1 after the header.

    What is empty is null, between quotes or not; lines with nothing in them are no rows. Raises ``InputError`` naming
    the file, and the row or the column, for a missing column, a gzip that is cut off or damaged, bad UTF-8, a row of
    another width or longer than ``LONGEST_ROW``, and a quote that is never closed; never quotes a row. Shows a
    progress bar.
    """
    header = read_header(path)
    found = match_columns(path, header, [Column(name) for name in columns])
    # Column names are made up: the file's own may repeat or be empty.
    names = [f"c{i}" for i in range(len(header))]
    used = [names[i] for i in found.values()]
    with _decompressed(path) as source:
        try:
            reader = pyarrow.csv.open_csv(
                pa.PythonFile(source, mode="r"),
                read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, block_size=LONGEST_ROW),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=list(dict.fromkeys(used)),
                    column_types=dict.fromkeys(used, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
            row = 1
            for batch in reader:
                numbers = pa.array(np.arange(row, row + len(batch)))
                row += len(batch)
                yield pa.record_batch([*(batch[name] for name in used), numbers], names=[*found, "file_row"])
        except BROKEN_GZIP as error:
            raise broken_gzip(path) from error
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error
        except pa.ArrowInvalid:
            # Arrow's message quotes the row.
            raise _fault(path, len(header)) from None
        if source.quotes % 2:
            raise _unclosed(path, source.quotes)


class _Decompressed(io.RawIOBase):
    """The bytes of a file, gzipped or not, in order; counts the quotes in them."""

    def __init__(self, content: IO[bytes], tick: Callable[[], None]) -> None:
        self._content, self._tick = content, tick
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self.quotes += int(
            np.count_nonzero(np.frombuffer(block, np.uint8) == _QUOTE)
        )  # bytes.count takes longer
        self._tick()
        return block

    def readinto(self, buffer: Any) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def _decompressed(path: Path) -> Iterator[_Decompressed]:
    """Opens a file, gzipped or not; a progress bar shows how much of it was read."""
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file, progress_bar() as bar:
        task = bar.add_task(f"reading {path.name} (%)", total=100)
        gzipped = path.suffix.lower() == ".gz"
        opened = igzip.open(file, "rb") if gzipped else nullcontext(file)  # type: ignore[no-untyped-call]
        with opened as content:
            yield _Decompressed(content, lambda: bar.update(task, completed=100 * file.tell() // size))


def _unclosed(path: Path, quotes: int) -> InputError:
    return InputError(
        f"{path}: a quote is opened and never closed ({quotes:,} quotes): the file is cut off, or a cell with a quote "
        "in it is not itself in quotes"
    )


def _fault(path: Path, width: int) -> InputError:
    """What is wrong with a file that Arrow refused: its rows are read again, one after another, up to that one."""
    limit = csv.field_size_limit(LONGEST_ROW)
    try:
        with _decompressed(path) as source:
            found = _first_fault(source, width)
            while source.read(LONGEST_ROW):
                pass
            quotes = source.quotes
    except BROKEN_GZIP:
        return broken_gzip(path)
    finally:
        csv.field_size_limit(limit)
    if quotes % 2:
        return _unclosed(path, quotes)
    if found is None:
        return InputError(f"{path}: not valid CSV (quotes doubled inside quotes, UTF-8): mend the file")
    row, what = found
    return InputError(f"{path}, row {row} (the row of column names is row 1): {what}")


def _first_fault(source: _Decompressed, width: int) -> tuple[int, str] | None:
    number = 0
    raw = io.BufferedReader(source)
    lines = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        for row in csv.reader(lines):
            if not row:
                continue
            number += 1
            if any("\udc80" <= sign <= "\udcff" for cell in row for sign in cell if sign > "\u00ff"):
                return number, "not UTF-8: save the file as UTF-8"
            if len(row) != width:
                return number, f"{len(row)} columns instead of {width}: mend or delete the row"
    except csv.Error:
        size = LONGEST_ROW // 1024**2
        return number + 1, f"longer than {size} MB, or not valid CSV: a closing quote may be missing"
    return None
