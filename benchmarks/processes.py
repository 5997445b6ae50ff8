"""Processes that end with the one that started them, however that ends: a killed benchmark leaves no server running."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


def started(
    command: Sequence[str | Path], *, first: Callable[[], object] = lambda: None, **options: Any
) -> subprocess.Popen[Any]:
    """``subprocess.Popen`` of a command that is told to end (SIGTERM) when the thread that started it ends; elsewhere
    than on Linux it is not. ``first`` is called in the new process before the command.
    """

    def before() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        first()

    return subprocess.Popen(command, preexec_fn=before, **options)
