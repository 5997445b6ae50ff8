"""A PostgreSQL server of one's own, from Debian's packages: on a Unix socket in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.processes import started

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
ACCOUNT = "postgres"  # the server refuses to run as root


def available():
    """Whether there is one, and somebody to run it."""
    if not PROGRAMS:
        return False
    return os.geteuid() != 0 or any(one.pw_name == ACCOUNT for one in pwd.getpwall())


class Postgresql:
    """Started by ``start``; ``kill`` is kill -9 of all its processes."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="icdbridge-pg-"))
        self.user = ACCOUNT if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run(
            "initdb", "--pgdata", self.folder / "data", "--auth", "trust", "--no-sync", "--username", "desk"
        )
        self.address = f"postgresql://desk@/postgres?host={self.folder}"
        self.process = None

    def _run(self, program, *arguments):
        subprocess.run(
            [PROGRAMS[-1] / program, *arguments],
            user=self.user,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def start(self):
        options = ("-c", f"unix_socket_directories={self.folder}", "-c", "listen_addresses=")
        self.process = started(
            [PROGRAMS[-1] / "postgres", "-D", self.folder / "data", *options],
            user=self.user,
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        ready = [PROGRAMS[-1] / "pg_isready", "--quiet", "--host", self.folder]
        for _ in range(1200):
            if subprocess.run(ready, cwd=self.folder).returncode == 0:
                return self
            assert self.process.poll() is None, "PostgreSQL did not start"
            time.sleep(0.05)
        raise AssertionError("PostgreSQL did not become ready")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)
        shutil.rmtree(self.folder)
