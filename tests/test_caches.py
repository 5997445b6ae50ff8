"""What can be made again is made once, whole, in the folder of caches."""

import subprocess
import sys
import textwrap
from pathlib import Path

from icdbridge.caches import cache_folder, cached_folder


def test_two_processes_make_a_cache_once(tmp_path):
    script = textwrap.dedent(f"""
        import os, time
        from pathlib import Path
        from icdbridge.caches import cached_folder
        folder = Path({str(tmp_path)!r})
        def fill(made):
            with (folder / "log").open("a") as log:
                log.write("x")
            (folder / "begun").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
            (made / "sign").write_text("whole")
        cached_folder(folder / "cache", "sign", fill)
    """)
    first = subprocess.Popen([sys.executable, "-c", script])
    while not (tmp_path / "begun").exists() and first.poll() is None:
        pass
    second = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    said = second.stderr.readline()
    assert f"cache is being made by process {first.pid}" in said
    (tmp_path / "go").touch()
    second.communicate()
    assert (first.wait(), second.returncode) == (0, 0)
    assert (tmp_path / "log").read_text() == "x"
    assert {path.name for path in tmp_path.iterdir()} == {"begun", "cache", "go", "log"}


def test_a_cache_is_made_again_where_it_is_damaged(tmp_path):
    def fill(folder):
        (folder / "sign").write_text("whole")

    cache = cached_folder(tmp_path / "cache", "sign", fill)
    (cache / "sign").write_text("halve")
    assert (cached_folder(tmp_path / "cache", "sign", fill) / "sign").read_text() == "whole"
    assert (cached_folder(tmp_path / "cache", "sign", lambda folder: 1 / 0) / "sign").read_text() == "whole"


def test_where_caches_lie(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ICDBRIDGE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == tmp_path / ".cache" / "icdbridge"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/icdbridge")
    monkeypatch.setenv("ICDBRIDGE_CACHE", "/mine")
    assert cache_folder() == Path("/mine")
