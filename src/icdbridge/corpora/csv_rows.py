"""Reads a dump's CSV file, gzipped or not, by Arrow in blocks: faster than ``read_rows``, which then says where an
error is.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from isal import igzip, igzip_lib

from icdbridge.corpora.csv_files import read_header
from icdbridge.errors import InputError
from icdbridge.progress import progress_bar
from icdbridge.tables import Column, match_columns, read_rows

LONGEST_ROW = 4 * 1024 * 1024  # bytes
_QUOTE = ord('"')
_BROKEN_GZIP: tuple[type[Exception], ...] = (EOFError, gzip.BadGzipFile, zlib.error, igzip_lib.IsalError)  # type: ignore[assignment]


def csv_rows(path: Path, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """Batches with the columns named (found in any case), all text, and ``file_row``, counted from 1 after the header.

    What is empty is null, between quotes or not; lines with nothing in them are no rows. Raises ``InputError`` naming
    the file, and the row or the column, for a missing column, a gzip that is cut off or damaged, bad UTF-8, a row of
    another width or longer than ``LONGEST_ROW``, and a quote that is never closed; never quotes a row. Shows a
    progress bar.
    """
    header = read_header(path)
    wanted = [Column(name) for name in columns]
    found = match_columns(path, header, wanted)
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
        except _BROKEN_GZIP as error:
            raise InputError(f"{path} is not a whole gzip file: copy it again") from error
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error
        except pa.ArrowInvalid:
            # Arrow's message quotes the row.
            raise _fault(path, wanted) from None
        if source.quotes % 2:
            raise _fault(path, wanted)


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


def _fault(path: Path, columns: Sequence[Column]) -> InputError:
    """What is wrong with a file that Arrow refused, or took with a quote left over: its rows are read again, one after
    another, up to that one.
    """
    size = f"{LONGEST_ROW // 1024**2} MB"
    try:
        for row in read_rows(path, columns):
            if row.fault is not None:
                return row.refusal(row.fault)
            if sum(map(len, row.cells.values())) > LONGEST_ROW:
                return row.refusal(f"longer than {size}: a closing quote may be missing")
    except InputError as error:
        return error
    return InputError(
        f"{path}: a row is longer than {size}, a quote is opened and never closed, or it is not UTF-8: mend it"
    )
