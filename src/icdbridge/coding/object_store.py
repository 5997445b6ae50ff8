"""Folders and tables of notes by path or URL (``s3://``, ``gs://``, ``abfss://``, ``hdfs://``), through Arrow."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from icdbridge.coding.identity import check_ids
from icdbridge.coding.sources import NoteColumns, Source, SourceNote
from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.files import atomic_file
from icdbridge.tables import is_table


def is_url(place: str) -> bool:
    """Whether a place is a URL rather than a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+]+://", place) is not None


class Folder:
    """The files directly in a folder, given as path or URL. Can be pickled for other machines that see the place."""

    def __init__(self, place: str) -> None:
        self.place = place.rstrip("/")
        self.local = None if is_url(place) else Path(place)

    def names(self) -> list[str]:
        """What is there; nothing if the folder does not exist, or is a file."""
        if self.local is not None and not self.local.is_dir():
            return []
        with store(self.place) as (fs, root):
            from pyarrow.fs import FileSelector

            found = fs.get_file_info(FileSelector(root, allow_not_found=True))
        return sorted(info.base_name for info in found)

    def read(self, name: str) -> bytes:
        with store(self.place) as (fs, root), fs.open_input_stream(f"{root}/{name}") as stream:
            return stream.read()

    def write(self, name: str, content: bytes) -> None:
        """Writes a file atomically."""
        if self.local is not None:
            with atomic_file(self.local / name) as partial:
                partial.write_bytes(content)
            return
        with store(self.place) as (fs, root), fs.open_output_stream(f"{root}/{name}") as stream:
            stream.write(content)  # an object is there when its stream is closed

    def remove(self, name: str) -> None:
        with store(self.place) as (fs, root):
            fs.delete_file(f"{root}/{name}")

    def within(self, name: str) -> "Folder":
        """A folder of this one."""
        place, mark, settings = (self.place, "", "") if self.local is not None else self.place.partition("?")
        return Folder(f"{place.rstrip('/')}/{name}{mark}{settings}")

    def make(self) -> None:
        """Makes the folder, accessible to its owner alone. At a URL with real folders its parent must exist."""
        if self.local is not None:
            self.local.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            with store(self.place) as (fs, root):
                fs.create_dir(root, recursive=False)

    def move(self, name: str, to: "Folder") -> None:
        """Moves a file to another folder of the same store, replacing a file of that name."""
        with store(self.place) as (fs, root), store(to.place) as (_, other):
            fs.move(f"{root}/{name}", f"{other}/{name}")

    def discard(self) -> None:
        """Removes the folder with its contents, if it has any."""
        if self.names():
            with store(self.place) as (fs, root):
                fs.delete_dir(root)


class RemoteSource:
    """The notes of tables at URLs (files, or all tables of a folder), like a ``Source`` of paths.

    A table is copied to this machine while it is read. Raises ``InputError`` as ``Source`` does.
    """

    has_tables = True

    def __init__(self, urls: Sequence[str], columns: NoteColumns = NoteColumns()) -> None:
        self.columns = columns
        self.left_out: list[str] = []
        self.paths: list[Path] = []
        self._files = [file for url in urls for file in self._tables(url)]

    def _tables(self, url: str) -> list[tuple[str, str, str]]:
        """Scheme and host of a URL, and the path and the sign of change of each table."""
        from pyarrow.fs import FileSelector, FileType

        with store(url) as (fs, path):
            info = fs.get_file_info(path)
            if info.type == FileType.NotFound:
                raise InputError(f"{url} is missing: expected a table, or a folder of them")
            alone = info.type == FileType.File
            below = [info] if alone else fs.get_file_info(FileSelector(path, recursive=True))
        files = sorted((one for one in below if one.type == FileType.File), key=lambda one: str(one.path))
        tables = [one for one in files if is_table(Path(one.path))]
        if not tables:
            raise InputError(f"{url} holds no table: give .parquet, .jsonl or .csv files of notes")
        if len(tables) < len(files):
            self.left_out.append(f"{url}: left out files that are no tables ({len(files) - len(tables):,})")
        return [(url, one.path, f"{one.size} {one.mtime_ns}") for one in tables]

    def fingerprint(self) -> str:
        """Changes when a file is added, taken away, or gets another size or time."""
        return hashlib.sha256(repr((self.columns, self._files)).encode()).hexdigest()

    def __len__(self) -> int:
        """Reads the tables once, as ``Source`` does."""
        return check_ids(lambda: ((note.note_id, note.place) for note in self))

    def __iter__(self) -> Iterator[SourceNote]:
        for url, path, _ in self._files:
            with _copy(url, path) as local:
                shown = f"{url.split('://')[0]}://{path}"
                try:
                    for note in Source([local], self.columns):
                        yield replace(note, place=note.place.replace(str(local), shown))
                except InputError as error:
                    raise InputError(str(error).replace(str(local), shown)) from error


@contextmanager
def _copy(url: str, path: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="icdbridge-") as folder:
        local = Path(folder) / PurePosixPath(path).name
        with (
            store(url) as (fs, _),
            fs.open_input_stream(path, compression=None) as stream,
            local.open("wb") as handle,
        ):
            shutil.copyfileobj(stream, handle)
        yield local


@contextmanager
def store(url: str) -> Iterator[tuple[Any, str]]:
    """Arrow's file system of a path or URL, and the path in it; ``InputError`` where there is none, or where it fails
    within: it does not answer, or refuses.
    """
    try:
        from pyarrow.fs import FileSystem, LocalFileSystem

        fs, path = FileSystem.from_uri(url) if is_url(url) else (LocalFileSystem(), url)
        yield fs, path.rstrip("/")
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # this machine's own disk
            raise
        raise InputError(f"cannot open {url.partition('?')[0]}: {str(error).splitlines()[0]}") from error
