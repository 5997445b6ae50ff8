"""Programs in a copy of this process: what a new one takes seconds to import is there already."""

import os
import signal
import subprocess
import sys
import time
import traceback


class Forked:
    """Runs the text of a program, ``sys.argv`` as given; ``stdout`` and ``stderr`` are what it prints. ``log``: the
    file that it prints both into instead.
    """

    def __init__(self, program, *arguments, log=None):
        ends = [os.pipe(), os.pipe()] if log is None else []
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            writes = [write for _, write in ends] or [os.open(log, os.O_WRONLY | os.O_APPEND)] * 2
            for descriptor, write in enumerate(writes, 1):
                os.dup2(write, descriptor)
            _run(program, arguments)
        for _, write in ends:
            os.close(write)
        self.stdout, self.stderr = [os.fdopen(read, encoding="utf-8") for read, _ in ends] or (None, None)
        self.returncode = None

    def poll(self):
        """How it ended, as ``subprocess`` has it; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number):
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds):
        """How it ended, within some seconds."""
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(self.pid, seconds)
            time.sleep(0.02)
        return self.returncode

    def communicate(self):
        """The rest of what it prints, until it ends."""
        with self.stdout, self.stderr:
            said = self.stdout.read(), self.stderr.read()
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return said


def _run(program, arguments):
    status = 1
    try:
        sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, encoding="utf-8") for number in (1, 2))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.argv[1:] = map(str, arguments)
        exec(program, {"__name__": "__main__"})
        status = 0
    except SystemExit as stopped:
        status = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)
