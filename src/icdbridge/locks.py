"""One writer at a time: a lock beside an output, which says whose it is and ends with its process."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from icdbridge.errors import InputError
from icdbridge.progress import console


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds the lock of ``path``, the file ``.NAME.lock`` beside it, which names process, host and time.

    The system lets go of the lock when the process that holds it ends, however it ends, so that of a dead one nothing
    is left to wait for. Where another process holds it, ``wait`` says so and waits; otherwise ``InputError``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    handle = _taken(lock, path, wait)
    try:
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(owner).encode(), 0)
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _taken(lock: Path, path: Path, wait: bool) -> int:
    said = False
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if said else fcntl.LOCK_NB))
        except BlockingIOError:
            owner = _owner(lock)
            os.close(handle)
            if not wait:
                raise InputError(
                    f"{path} is being written by {owner}: wait until that is done, or give another name"
                ) from None
            console.print(f"{path.name} is being made by {owner}: waiting for it", soft_wrap=True)
            said = True
            continue
        except BaseException:
            os.close(handle)
            raise
        if _is_at(handle, lock):
            return handle
        os.close(handle)  # its last owner took the file away while we waited: lock the new one


def _is_at(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False


def _owner(lock: Path) -> str:
    try:
        owner = json.loads(lock.read_text("utf-8"))
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
