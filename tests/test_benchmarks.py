"""What benchmarks start ends with them."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
KILLED = """
import sys, time
from benchmarks.processes import started
print(started([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system ends no child elsewhere")
def test_what_a_killed_benchmark_has_started_ends():
    killed = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    child = psutil.Process(int(killed.stdout.readline()))
    assert child.is_running()
    killed.kill()
    killed.communicate()
    for _ in range(600):
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    child.kill()
    raise AssertionError("it goes on")
