"""Files of a dump: found, their columns matched, checked and decompressed on the way to DuckDB, which parses them."""

import codecs
import csv
import gzip
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import duckdb
from isal import igzip, igzip_lib

from icdbridge.corpora.database_errors import LONGEST_ROW, file_error
from icdbridge.errors import InputError
from icdbridge.progress import progress_bar

_BLOCK = 1024 * 1024
BROKEN_GZIP: tuple[type[Exception], ...] = (EOFError, gzip.BadGzipFile, zlib.error, igzip_lib.IsalError)  # type: ignore[assignment]


def find_file(root: Path, *names: str) -> Path:
    """The file of a dump by its name without ``.csv``, in any case, gzipped or not; ``InputError`` when there
    is none.

    ``names`` are relative to ``root`` (``hosp/diagnoses_icd``); failing those, a file that ends so is looked
    for below ``root``, and two of them are an error.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder: give the folder of the dump as --root")
    endings = tuple(f"{name}{ending}".lower() for name in names for ending in (".csv.gz", ".csv"))
    found: dict[str, list[Path]] = {}
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root).as_posix().lower()
        for ending in endings:
            if (relative == ending or relative.endswith("/" + ending)) and file.is_file():
                found.setdefault(ending, []).append(file)
    for ending in endings:
        files = sorted(found.get(ending, []), key=lambda file: len(file.parts))
        if len(files) > 1 and len(files[0].parts) == len(files[1].parts):
            raise InputError(
                f"{root} holds both {files[0]} and {files[1]}: give the folder of one dump as --root"
            )
        if files:
            return files[0]
    raise InputError(f"{names[0]}.csv.gz is missing below {root} (nor is there a {names[0]}.csv)")


def is_synthetic(file: Path) -> bool:
    """Whether ``icdbridge synthesize`` made this file of a dump: the README beside or above it says so."""
    readmes = [folder / "README.txt" for folder in list(file.resolve().parents)[:2]]
    texts = [readme.read_text("utf-8", errors="replace") for readme in readmes if readme.is_file()]
    return any("this folder is SYNTHETIC" in text for text in texts)


def read_header(path: Path, delimiter: str = ",") -> list[str]:
    """The column names in the first row of a CSV file."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as handle:
            line = handle.readline(1_000_000)
    except BROKEN_GZIP as error:
        raise InputError(f"{path} is not a whole gzip file: copy it again") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error
    try:
        text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, row 1: not UTF-8: save the file as UTF-8") from error
    names = next(csv.reader([text], delimiter=delimiter), [])
    if not names:
        raise InputError(f"{path} is empty: expected a first row with column names")
    return [name.strip() for name in names]


def read_text(path: Path) -> str:
    """A whole small text file; ``InputError`` names the file and the line that is not UTF-8."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8: save the file as UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error


def match_columns(path: Path, header: list[str], wanted: Iterable[str]) -> dict[str, int]:
    """Where each wanted column is, whatever its case; ``InputError`` naming what the file has instead."""
    places = {name.lower(): i for i, name in reversed(list(enumerate(header)))}
    found = {}
    for name in wanted:
        if name.lower() not in places:
            raise InputError(f"{path} has no column {name}: it has {', '.join(header[:20])}")
        found[name] = places[name.lower()]
    return found


def csv_source(header: list[str]) -> tuple[str, dict[str, str]]:
    """DuckDB's ``read_csv`` with the parameters path, delimiter and columns; and these columns, named c0, c1, ..."""
    # Column names are made up: the file's own may repeat or be empty.
    columns = {f"c{i}": "VARCHAR" for i in range(len(header))}
    # In parallel, DuckDB takes line breaks inside quotes for ends of rows in files beyond its buffer.
    source = (
        "read_csv(?, auto_detect=false, header=true, quote='\"', escape='\"', delim=?, columns=?,"
        f" max_line_size={LONGEST_ROW}, buffer_size={2 * LONGEST_ROW}, parallel=false)"
    )
    return source, columns


@contextmanager
def decompressed(path: Path, folder: Path) -> Iterator[Path]:
    """A named pipe in ``folder`` with the content of a file, gzipped or not, decompressed while it is read.

    On leaving, raises ``InputError`` for a gzip that is cut off or damaged and for a quote that is never closed,
    else for what DuckDB raised about the rows. DuckDB checks neither the checksum of a gzip nor, reading in
    order, the quote: it would drop what follows. Shows a progress bar.
    """
    pipe = folder / "decompressed"
    os.mkfifo(pipe)
    feeder = _Feeder(path, pipe)
    feeder.start()
    refused: duckdb.Error | None = None
    try:
        yield pipe
    except duckdb.Error as error:
        refused = error
    except BaseException:
        feeder.stopped = True
        raise
    finally:
        feeder.finish()
        pipe.unlink()
    if isinstance(feeder.failure, BROKEN_GZIP):
        raise InputError(f"{path} is not a whole gzip file: copy it again") from feeder.failure
    if feeder.failure is not None:
        raise InputError(f"cannot read {path}: {feeder.failure}") from feeder.failure
    if feeder.quotes % 2:
        raise InputError(
            f"{path}: a quote is opened and never closed ({feeder.quotes:,} quotes): the file is cut off, or a "
            "cell with a quote in it is not itself in quotes"
        )
    if refused is not None:
        raise file_error(path, refused) from None


class _Feeder(threading.Thread):
    """Writes a decompressed file into a pipe and counts its quotes, also those that nobody reads any more."""

    def __init__(self, path: Path, pipe: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._pipe = path, pipe
        self._unread = False  # whether the reader has gone
        self.stopped = False
        self.quotes = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            sink = os.open(self._pipe, os.O_WRONLY)
            try:
                self._feed(sink)
            finally:
                os.close(sink)
        except Exception as error:  # handed to the thread that reads
            self.failure = error

    def _feed(self, sink: int) -> None:
        gzipped = self._path.suffix.lower() == ".gz"
        size = max(self._path.stat().st_size, 1)
        with self._path.open("rb") as file, progress_bar() as bar:
            task = bar.add_task(f"reading {self._path.name} (%)", total=100)
            opened = igzip.open(file, "rb") if gzipped else nullcontext(file)  # type: ignore[no-untyped-call]
            with opened as source:
                while (block := source.read(_BLOCK)) and not self.stopped:
                    self.quotes += block.count(b'"')
                    self._write(sink, block)
                    bar.update(task, completed=100 * file.tell() // size)

    def _write(self, sink: int, block: bytes) -> None:
        rest = memoryview(block)
        try:
            while rest and not self._unread:
                rest = rest[os.write(sink, rest) :]
        except BrokenPipeError:
            self._unread = True

    def finish(self) -> None:
        """Waits for the end of the file; takes what the reader left in the pipe, or never opened it for."""
        pipe = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._unread = True
        while self.is_alive():
            with suppress(BlockingIOError):
                os.read(pipe, _BLOCK)
            self.join(0.001)
        os.close(pipe)
