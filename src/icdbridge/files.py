"""Writing that replaces nothing but its own kind and leaves no half behind; telling whether a folder is whole."""

import ctypes
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from icdbridge.errors import InputError
from icdbridge.locks import locked
from icdbridge.schema import Count, Name, Sha256, Strict, checked

MANIFEST = "manifest.json"


class _Entry(Strict):
    """What a manifest says of a file."""

    bytes: Count
    sha256: Sha256


class Kind(NamedTuple):
    """A kind of folder: what it is called, a file that its manifest names, and one that it has while it is made."""

    what: str
    sign: str
    unfinished: str = ""

    def is_at(self, folder: Path) -> bool:
        """Whether the folder is of this kind, whole, damaged or unfinished; or empty, so that nothing is lost."""
        if not folder.is_dir():
            return False
        if not any(folder.iterdir()) or (self.unfinished and (folder / self.unfinished).is_file()):
            return True
        try:
            return self.sign in read_json(folder / MANIFEST)
        except (InputError, TypeError):
            return False


def _temporary_name(path: Path, what: str = "partial") -> Path:
    return path.with_name(f".{path.name}.{what}-{uuid.uuid4().hex[:8]}")


def check_output(
    path: Path, kind: Kind | None = None, inputs: Iterable[Path] = (), *, replace: bool = False
) -> Path:
    """Where to write ``path``, links followed; asked before anything is read for long or replaced.

    Raises ``InputError`` for what ``check_apart`` refuses, when ``path`` exists and ``replace`` is false, and when it
    exists and is no folder of ``kind`` (None: it is to be a file).
    """
    real = check_apart(path, inputs)
    if real.exists():
        if kind is None and real.is_dir():
            raise InputError(f"{path} is a folder: give the name of a file")
        if not replace:
            raise InputError(f"{path} exists already: give another name, or --force to replace it")
        if kind is not None and not kind.is_at(real):
            raise InputError(f"{path} is not {kind.what}, and nothing else is replaced: give another name")
    return real


def check_apart(path: Path, inputs: Iterable[Path]) -> Path:
    """``path``, links followed; ``InputError`` when it is one of ``inputs``, holds one or lies in one, by any name."""
    real = Path(os.path.realpath(path))
    for given in inputs:
        source = Path(os.path.realpath(given))
        if _same(real, source):
            raise InputError(f"{path} is the input {given}: give another name")
        if source.is_dir() and any(_same(parent, source) for parent in real.parents):
            raise InputError(f"{path} lies in the input {given}: write it elsewhere")
        if any(_same(parent, real) for parent in source.parents):
            raise InputError(f"{path} holds the input {given}: write it elsewhere")
    return real


def _same(one: Path, other: Path) -> bool:
    """Whether both names are of one file or folder, in whatever case, by whatever link."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; renamed to it on success, removed on any failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _temporary_name(path)
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(
    path: Path, kind: Kind, inputs: Iterable[Path] = (), *, replace: bool = False
) -> Iterator[Path]:
    """Yields a new folder that becomes ``path`` at the end, and is removed on any failure.

    ``path`` is locked meanwhile, and what is there stays until the end. Raises ``InputError`` for what
    ``check_output`` refuses, when another process is writing ``path``, and when the disk refuses.
    """
    real = check_output(path, kind, inputs, replace=replace)
    with only_writer(real):
        check_output(path, kind, replace=replace)  # another may have written it before we had the lock
        with replacing(real) as folder:
            yield folder


@contextmanager
def only_writer(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds the lock of ``path`` and clears away what a killed process left of it, putting back what it had moved.

    Raises ``InputError`` when another process holds the lock, unless it is to ``wait``, and when the disk refuses.
    """
    try:
        with locked(path, wait=wait):
            _recover(path)
            yield
    except OSError as error:
        raise _refused(path, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a new folder that takes the place of ``path`` at the end; for whom holds its lock.

    It is made within one that its owner alone may open, so that nobody else reads what is half made, and of which a
    name beside ``path`` is left where the process is killed, for the next ``only_writer`` to remove.
    """
    with scratch_folder(path) as scratch:
        new = scratch / "new"
        new.mkdir()
        yield new
        for file in new.rglob("*"):
            if file.is_file():
                _sync(file)
        _swap(new, path)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yields a folder beside ``path`` that its owner alone may open and that goes at the end; for whom holds the lock
    of ``path``.
    """
    folder = _temporary_name(path)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(new: Path, path: Path) -> None:
    """Gives ``path`` the new content; the old one, where there is one, is then ``new`` or gone."""
    if not path.exists():
        new.rename(path)
    elif not _exchange(new, path):  # then there is a moment without ``path``, which _recover ends
        old = _temporary_name(path, "old")
        path.rename(old)
        try:
            new.rename(path)
        except OSError:
            old.rename(path)
            raise
        shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names in one step, where the system can (Linux, most file systems)."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _recover(path: Path) -> None:
    """Removes what a killed process left beside ``path``, and puts ``path`` back where it had been moved away."""
    for what in ("old", "partial"):
        for left in list(path.parent.iterdir()):
            if not left.name.startswith(f".{path.name}.{what}-"):
                continue
            if what == "old" and not path.exists():
                left.rename(path)
            elif left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def moved_away(path: Path) -> str:
    """How a message goes on about a missing ``path`` that a killed process had moved away; else empty."""
    if path.exists() or not path.parent.is_dir():
        return ""
    old = next((left for left in path.parent.iterdir() if left.name.startswith(f".{path.name}.old-")), None)
    return f" (a process was stopped while it replaced it: rename {old} back)" if old else ""


def _refused(path: Path, error: OSError) -> InputError:
    """What to say of an error of the disk while ``path`` was written; another file may be at fault."""
    other = (
        error.filename and Path(error.filename).parent != path.parent and path.name not in str(error.filename)
    )
    return InputError(
        f"cannot write {path}: {error.strerror or error}{f' ({error.filename})' if other else ''}"
    )


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes ``value`` as readable JSON, atomically."""
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read_json(path: Path) -> Any:
    """Reads a JSON file; ``InputError`` names the file and, for bad JSON, the line and column."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # also of numbers and nestings that are too long
        where = (
            f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise InputError(f"{path} is not valid JSON{where}: the file is damaged, write it again") from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file; ``InputError`` where it cannot be read."""
    try:
        with Path(path).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def write_manifest(folder: Path, names: list[str]) -> None:
    """Records size and SHA-256 of the named files, so that ``check_manifest`` can tell damage."""
    entries = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names
    }
    write_json(folder / MANIFEST, entries)


def check_manifest(folder: Path, kind: Kind) -> None:
    """Raises ``InputError`` naming the first file of a folder of ``kind`` that is missing or was changed."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: expected {kind.what}{moved_away(folder)}")
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} is not {kind.what}: it has no {MANIFEST}")
    entries = checked(read_json(folder / MANIFEST), dict[Name, _Entry], folder / MANIFEST)
    if kind.sign not in entries:
        raise InputError(f"{folder} is not {kind.what}: its {MANIFEST} knows no {kind.sign}")
    for name, entry in entries.items():
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not name.isprintable():
            raise InputError(f"{folder / MANIFEST}, field {name!a}: names no file of the folder")
        if not file.is_file():
            raise InputError(f"{file} is missing from {kind.what}: make the folder again")
        if file.stat().st_size != entry.bytes or sha256(file) != entry.sha256:
            raise InputError(
                f"{file} is damaged (it differs from its checksum in {MANIFEST}): make the folder again"
            )
