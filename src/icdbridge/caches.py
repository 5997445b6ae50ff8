"""Folders of what can be made again: made once, by one process, and made anew where they are damaged."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from icdbridge.errors import InputError
from icdbridge.files import Kind, check_manifest, only_writer, replacing, write_manifest


def cached_folder(path: Path, sign: str, fill: Callable[[Path], None]) -> Path:
    """The folder ``path``, which ``fill`` makes where it is missing or damaged.

    ``fill`` writes its files, the one named ``sign`` among them, into a new folder, which takes its name when whole. Of
    two processes that want it at once one makes it and the other waits. Raises ``InputError`` when the disk refuses.
    """
    path, kind = Path(path), Kind("a cache", sign)
    if _whole(path, kind):
        return path
    with only_writer(path, wait=True):
        if not _whole(path, kind):
            shutil.rmtree(path, ignore_errors=True)
            with replacing(path) as folder:
                fill(folder)
                write_manifest(folder, sorted(file.name for file in folder.iterdir()))
    return path


def _whole(path: Path, kind: Kind) -> bool:
    if not path.exists():
        return False
    try:
        check_manifest(path, kind)
    except InputError:
        return False
    return True


def cache_folder() -> Path:
    """Where this user's caches lie: ``ICDBRIDGE_CACHE``, else ``icdbridge`` in the system's folder of caches."""
    if chosen := os.environ.get("ICDBRIDGE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "icdbridge"
