"""Writing that never leaves half a file behind, and telling whether a folder is whole."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from icdbridge.errors import InputError

MANIFEST = "manifest.json"


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial-{uuid.uuid4().hex[:8]}")


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
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def check_free(path: Path, *, replace: bool = False) -> None:
    """Raises ``InputError`` when ``path`` exists and ``replace`` is false."""
    if path.exists() and not replace:
        raise InputError(f"{path} exists already: give another name, or --force to replace it")


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yields a temporary folder beside ``path``; renamed to it on success, removed on any failure.

    Raises ``InputError`` when ``path`` exists and ``replace`` is false, or when the disk refuses.
    """
    path = Path(path)
    check_free(path, replace=replace)
    partial = _temporary_name(path)
    try:
        partial.mkdir(parents=True)
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            old = _temporary_name(path)
            path.rename(old)
            partial.rename(path)
            shutil.rmtree(old)
        else:
            partial.rename(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        where = (
            f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise InputError(f"{path} is not valid JSON{where}: the file is damaged, write it again") from error


def sha256(path: Path) -> str:
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_manifest(folder: Path, names: list[str]) -> None:
    """Records size and SHA-256 of the named files, so that ``check_manifest`` can tell damage."""
    entries = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names
    }
    write_json(folder / MANIFEST, entries)


def check_manifest(folder: Path, what: str, sign: str) -> None:
    """Raises ``InputError`` naming the first file of the folder that is missing or was changed.

    ``sign`` is a file that only a folder of the kind ``what`` has.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: expected {what}")
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} is not {what}: it has no {MANIFEST}")
    entries = read_json(folder / MANIFEST)
    if sign not in entries:
        raise InputError(f"{folder} is not {what}: its {MANIFEST} knows no {sign}")
    for name, entry in entries.items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"{file} is missing from {what}: make the folder again")
        if file.stat().st_size != entry["bytes"] or sha256(file) != entry["sha256"]:
            raise InputError(
                f"{file} is damaged (it differs from its checksum in {MANIFEST}): make the folder again"
            )


def cached_folder(path: Path, sign: str, fill: Callable[[Path], None]) -> Path:
    """The folder ``path`` of what can be made again: ``fill`` makes it where it is missing or damaged.

    ``fill`` writes its files, the one named ``sign`` among them, into a temporary folder, which takes its name
    when whole. Of two processes that fill at once the later one keeps what the earlier one made. Raises
    ``InputError`` when the disk refuses.
    """
    path = Path(path)
    if path.exists():
        try:
            check_manifest(path, "a cache", sign)
            return path
        except InputError:
            shutil.rmtree(path, ignore_errors=True)
    partial = _temporary_name(path)
    try:
        partial.mkdir(parents=True)
        fill(partial)
        write_manifest(partial, sorted(file.name for file in partial.iterdir()))
        try:
            partial.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path
