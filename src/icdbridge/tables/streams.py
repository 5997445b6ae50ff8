"""Text files as lines: unpacked, decoded and bounded."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError
from icdbridge.tables.cells import encoding_fault
from icdbridge.tables.content import HEAD, encoding_of

LONGEST_LINE = 64 * 1024 * 1024  # characters; more is no note, and mostly a quote that was never closed
SUSPECT = 256 * 1024 * 1024  # bytes; a compressed file that grows beyond this may be made to fill memory
GROWTH = 200  # times; text shrinks to a tenth or so


class Unreadable(ValueError):
    """What is wrong with the line being read."""


@contextmanager
def open_lines(
    path: Path, packing: str | None, tick: Callable[[int], None] = lambda read: None
) -> Iterator[Iterator[str]]:
    """The lines of a text file that is packed by ``gzip`` or ``zstd``, or plain: with their ends, LF, CRLF or CR; what
    is no UTF-8 becomes lone surrogates.

    ``tick`` is told how many bytes of the file were read. Raises ``InputError`` for a file that cannot be read, is cut
    off, damaged, not in its encoding, or grows suspiciously; ``Unreadable`` for NUL characters and a line longer than
    ``LONGEST_LINE``.
    """
    try:
        with _unpacked(path, packing, tick) as raw:
            buffered = io.BufferedReader(raw, HEAD)
            mark, encoding = encoding_of(buffered.peek(4)[:4])
            buffered.read(len(mark))
            errors = "surrogateescape" if encoding == "utf-8" else "strict"
            with io.TextIOWrapper(buffered, encoding, errors, newline="") as handle:
                yield _lines(handle)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not whole {error.encoding.upper()} text: save it as UTF-8") from error


def _lines(handle: io.TextIOBase) -> Iterator[str]:
    while line := handle.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise Unreadable(f"a line of more than {LONGEST_LINE // 1024**2} million characters: cut it up")
        if "\0" in line:
            raise Unreadable("a NUL character: the file is damaged, or not text: save it as UTF-8")
        yield line


def first_bytes(path: Path, packing: str | None = None) -> bytes:
    """The first bytes of a file, unpacked."""
    with _unpacked(path, packing, lambda read: None) as raw, io.BufferedReader(raw, HEAD) as buffered:
        return buffered.read(HEAD)


def read_text(path: Path) -> str:
    """A whole small text file; ``InputError`` names the file and the line that is not UTF-8."""
    with open_lines(path, None) as lines:
        kept = []
        try:
            for number, line in enumerate(lines, start=1):
                if fault := encoding_fault(line):
                    raise InputError(f"{path}, row {number}: {fault}")
                kept.append(line)
        except Unreadable as error:
            raise InputError(f"{path}, row {len(kept) + 1}: {error}") from None
    return "".join(kept)


@contextmanager
def _unpacked(path: Path, packing: str | None, tick: Callable[[int], None]) -> "Iterator[_Bounded]":
    try:
        with path.open("rb") as file:
            if packing is None:
                yield _Bounded(path, file, file, tick)
                return
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), packing) as unpacked:
                yield _Bounded(path, unpacked, file, tick)
    except OSError as error:
        if packing:
            raise InputError(f"{path} is not a whole {packing} file: copy it again") from error
        raise InputError(f"cannot read {path}: {error.strerror or 'it is damaged'}") from error


class _Bounded(io.RawIOBase):
    """What is read from a file, as long as it grows like text."""

    def __init__(self, path: Path, content: Any, file: Any, tick: Callable[[int], None]) -> None:
        self._path, self._content, self._file, self._tick = path, content, file, tick
        self._largest = max(SUSPECT, GROWTH * path.stat().st_size)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._content.read(len(buffer))
        buffer[: len(block)] = block
        self._read += len(block)
        if self._content is not self._file and self._read > self._largest:
            raise InputError(
                f"{self._path} grows to more than {GROWTH} times its size when unpacked: unpack it yourself if "
                "you know where it comes from"
            )
        self._tick(self._file.tell())
        return len(block)
