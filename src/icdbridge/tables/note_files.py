"""Note files: finding them in a folder, and decoding their bytes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from icdbridge.errors import InputError
from icdbridge.escaping import visible
from icdbridge.tables.cells import Fault, not_utf8
from icdbridge.tables.content import NO_TEXT, encoding_of, markup_of, sign_of

NOTE_ENDINGS = (".txt", ".text", ".note")
LARGEST_NOTE = 64 * 1024 * 1024  # bytes
_SYSTEM = ("thumbs.db", "desktop.ini", "__macosx")
_NAMES = {
    "parquet": "a Parquet table",
    "feather": "a Feather table",
    "gzip": "compressed by gzip",
    "zstd": "compressed by zstd",
    "zip": "a Word or Excel document, or a zip archive",
    "ole": "an old Word or Excel document",
}


@dataclass
class NoteFiles:
    """The note files of a folder in order, and what was left out, in lines for people."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def is_note(path: Path) -> bool:
    """Whether a file is named as notes are (``NOTE_ENDINGS``, in any case)."""
    return path.suffix.lower() in NOTE_ENDINGS


def find_notes(folder: Path, wanted: Callable[[Path], bool] = is_note) -> NoteFiles:
    """The files of a folder, and of those below, that are ``wanted``.

    Hidden files and those of operating systems are left out, and so are others; both are counted. Raises
    ``InputError`` for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot read {error.filename}: {error.strerror}") from error

    found, hidden, others, links = NoteFiles(), [], [], []
    for root, folders, files in os.walk(folder, onerror=refuse):
        links += [Path(root, name) for name in folders if Path(root, name).is_symlink()]
        for name in files:
            path = Path(root, name)
            parts = [part.lower() for part in path.relative_to(folder).parts]
            if any(part.startswith((".", "~$")) or part in _SYSTEM for part in parts):
                hidden.append(path)
            elif wanted(path) and path.is_file():
                found.files.append(path)
            else:
                others.append(path)
    found.files.sort()
    for paths, one, many in (
        (hidden, "hidden file", "hidden files"),
        (others, "file that is no note", "files that are no notes"),
        (links, "link to a folder", "links to folders"),
    ):
        if paths:
            what = one if len(paths) == 1 else many
            found.left_out.append(
                f"{len(paths):,} {what}, such as {visible(str(min(paths).relative_to(folder)), one_line=True)}"
            )
    return found


def read_note(path: Path) -> str:
    """The text of a note file; ``Fault`` for one that cannot be read or is no plain text (``decode_note``)."""
    return decode_note(read_bytes(path), visible(str(path), one_line=True))


def read_bytes(path: Path) -> bytes:
    """The bytes of a note or document; ``Fault`` for one that cannot be read or is larger than ``LARGEST_NOTE``."""
    place = visible(str(path), one_line=True)
    try:
        with path.open("rb") as file:
            return read_whole(file, place)
    except OSError as error:
        raise Fault(place, f"cannot read it: {error.strerror}") from error


def read_whole(file: BinaryIO, place: str) -> bytes:
    """The bytes of a stream, which may have no end; ``Fault`` for more than ``LARGEST_NOTE``."""
    data = file.read(LARGEST_NOTE + 1)
    if len(data) > LARGEST_NOTE:
        raise Fault(place, f"larger than {LARGEST_NOTE // 1024**2} MB: expected one note")
    return data


def decode_note(data: bytes, place: str) -> str:
    """The text of a note: UTF-8, or UTF-16 and UTF-32 with their mark. ``Fault`` for anything but plain text."""
    if sign := sign_of(data):
        raise Fault(place, f"{_NAMES.get(sign, sign)}, not plain text: save its text as .txt")
    mark, encoding = encoding_of(data)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise Fault(place, f"not whole {encoding.upper()} text: save it as UTF-8") from None
        if b"\0" in data:  # no text of one byte a letter has it
            raise Fault(place, NO_TEXT) from None
        byte = len(mark) + error.start
        raise Fault(place, f"{not_utf8(data[byte])} (byte {byte + 1:,})") from None
    if "\0" in text:
        raise Fault(place, NO_TEXT)
    if markup := markup_of(text):
        raise Fault(place, f"{markup}, not plain text: save its text as .txt")
    return text
