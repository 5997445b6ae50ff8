"""Half-written files and folders are never taken for whole ones, and nothing but our own is ever replaced."""

import ctypes
import json
import os
import stat
import subprocess
import sys
import textwrap

import pytest

from icdbridge.errors import InputError
from icdbridge.files import (
    Kind,
    atomic_file,
    atomic_folder,
    check_manifest,
    check_output,
    only_writer,
    read_json,
    write_json,
    write_manifest,
)
from icdbridge.locks import locked

THING = Kind("a thing", "sign", "half/begun")


def make(path, content="1", **options):
    with atomic_folder(path, THING, **options) as folder:
        (folder / "sign").write_text(content)
        write_manifest(folder, ["sign"])
    return path


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_failure_leaves_neither_file_nor_partial(tmp_path):
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert (tmp_path / "a.txt").read_text() == "old"


def test_full_disk_is_one_clear_line(tmp_path):
    with (
        pytest.raises(InputError, match=r"cannot write .*out: No space left on device"),
        atomic_folder(tmp_path / "out", THING),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exchanges", [True, False])
def test_existing_folder_needs_replace(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    out = make(tmp_path / "out", "old")
    with pytest.raises(InputError, match="exists already"):
        make(out)
    with pytest.raises(RuntimeError), atomic_folder(out, THING, replace=True):
        raise RuntimeError
    assert (out / "sign").read_text() == "old"
    make(out, "new", replace=True)
    assert (out / "sign").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_only_a_folder_of_its_own_kind_is_replaced(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    make(out, replace=True)  # an empty one holds nothing to lose
    for spoil in (
        lambda: (out / "manifest.json").write_text("[]"),
        lambda: (out / "manifest.json").write_text('{"other": {}}'),
        lambda: (out / "manifest.json").write_text("{"),
        lambda: (out / "manifest.json").unlink(),
    ):
        spoil()
        with pytest.raises(InputError, match="is not a thing, and nothing else is replaced"):
            make(out, replace=True)
        assert (out / "sign").read_text() == "1"
    (out / "half").mkdir()
    (out / "half" / "begun").touch()
    make(out, replace=True)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is not a thing"):
        make(tmp_path / "file", replace=True)
    with pytest.raises(InputError, match="is a folder: give the name of a file"):
        check_output(out, replace=True)


def test_an_output_is_apart_from_every_input(tmp_path, monkeypatch):
    source = make(tmp_path / "in" / "source")
    (source / "deep").mkdir()
    notes = tmp_path / "notes.csv"
    notes.write_text("n")
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "file-link.csv").symlink_to(notes)
    (tmp_path / "hard.csv").hardlink_to(notes)
    monkeypatch.chdir(tmp_path / "in")
    here = type(tmp_path)
    for out, given, kind, what in [
        (source, source, THING, "is the input"),
        (here("source"), source, THING, "is the input"),
        (here("../in/source"), source, THING, "is the input"),
        (tmp_path / "link", source, THING, "is the input"),
        (source, tmp_path / "link", THING, "is the input"),
        (source / "new", source, THING, "lies in the input"),
        (source / "deep" / "a" / "b", source, THING, "lies in the input"),
        (tmp_path / "link" / "new", here("source"), THING, "lies in the input"),
        (tmp_path / "in", source, THING, "holds the input"),
        (here(), source / "sign", THING, "holds the input"),
        (notes, notes, None, "is the input"),
        (tmp_path / "file-link.csv", notes, None, "is the input"),
        (tmp_path / "hard.csv", notes, None, "is the input"),
        (here("../notes.csv"), tmp_path / "hard.csv", None, "is the input"),
    ]:
        with pytest.raises(InputError, match=what):
            check_output(out, kind, [tmp_path / "gone", given], replace=True)
    assert check_output(tmp_path / "in" / "other", THING, [source, notes]) == tmp_path / "in" / "other"
    assert check_output(tmp_path / "source", THING, [source]) == tmp_path / "source"  # a name is no place


def test_what_is_written_through_a_link_is_where_it_leads(tmp_path):
    make(tmp_path / "run5")
    (tmp_path / "latest").symlink_to("run5")
    make(tmp_path / "latest", "new", replace=True)
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "run5" / "sign").read_text() == "new"


def test_half_made_is_for_its_owner_alone_and_whole_for_all(tmp_path):
    with atomic_folder(tmp_path / "out", THING) as folder:
        private = folder.parent
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        mode = folder.stat().st_mode
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == mode == (tmp_path / "plain").stat().st_mode


def killed(tmp_path, when):
    """Replaces a folder in a process that is killed ``when``."""
    script = textwrap.dedent(f"""
        import os, shutil
        from pathlib import Path
        from icdbridge import files
        from tests.test_files import make
        def dies(*arguments, **options):
            os.kill(os.getpid(), 9)
        out = Path({str(tmp_path / "out")!r})
        real, calls = os.rename, []
        def renames(one, other, **options):
            calls.append(one)
            if {when!r} == "after {{}} renames".format(len(calls) - 1):
                dies()
            real(one, other, **options)
        os.rename = renames
        if {when!r} == "while made":
            files.write_json = dies
        elif {when!r} == "after the exchange":
            shutil.rmtree = dies
        else:
            files.ctypes.CDLL = lambda name: object()  # a system that cannot exchange names
            if {when!r} == "after 2 renames":
                shutil.rmtree = dies
        make(out, "new", replace=True)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize(
    ("when", "content"),
    [
        ("while made", "old"),
        ("after the exchange", "new"),
        ("after 0 renames", "old"),
        ("after 1 renames", None),
        ("after 2 renames", "new"),
    ],
)
def test_killed_at_any_point_a_whole_folder_is_found(tmp_path, when, content):
    out = make(tmp_path / "out", "old")
    killed(tmp_path, when)
    (tmp_path / ".outer.partial-00000000").mkdir()  # of another output
    if content is None:
        with pytest.raises(
            InputError, match=r"a process was stopped while it replaced it: rename .*\.out\.old-"
        ):
            check_manifest(out, THING)
    else:
        check_manifest(out, THING)
        assert (out / "sign").read_text() == content
    with pytest.raises(InputError, match="exists already"), only_writer(out):
        check_output(out, THING)
    assert (out / "sign").read_text() == content or content is None
    check_manifest(out, THING)
    assert names(tmp_path) == [".outer.partial-00000000", "out"]


def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    out = tmp_path / "out"
    with atomic_folder(out, THING) as folder:
        with pytest.raises(
            InputError, match=rf"out is being written by process {os.getpid()} on \S+ since \d{{4}}-"
        ):
            make(out)
        with pytest.raises(InputError, match="is being written by"), locked(out):
            pass
        make(tmp_path / "other")
        (folder / "sign").write_text("first")
    assert names(tmp_path) == ["other", "out"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from icdbridge.locks import locked
        with locked(Path({str(tmp_path / "out")!r})):
            os.kill(os.getpid(), 9)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    owner = json.loads((tmp_path / ".out.lock").read_text())
    assert set(owner) == {"pid", "host", "since"}
    make(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_manifest_tells_missing_and_damaged(tmp_path):
    (tmp_path / "a").write_text("whole")
    write_manifest(tmp_path, ["a"])
    run = Kind("a run", "a")
    check_manifest(tmp_path, run)
    (tmp_path / "a").write_text("wholf")
    with pytest.raises(InputError, match="damaged"):
        check_manifest(tmp_path, run)
    with pytest.raises(InputError, match=r"is not a run: its manifest.json knows no model"):
        check_manifest(tmp_path, Kind("a run", "model"))
    (tmp_path / "a").unlink()
    with pytest.raises(InputError, match="missing"):
        check_manifest(tmp_path, run)


def test_bad_json_names_the_place(tmp_path):
    (tmp_path / "a.json").write_text('{"a": }')
    with pytest.raises(InputError, match=r"line 1, column 7"):
        read_json(tmp_path / "a.json")


def test_json_is_readable_and_has_numbers_only(tmp_path):
    write_json(tmp_path / "a.json", {"name": "\u00e9", "list": [1, 2]})
    assert (tmp_path / "a.json").read_bytes().decode().splitlines()[1:3] == [
        '  "name": "\u00e9",',
        '  "list": [',
    ]
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert read_json(tmp_path / "a.json")["list"] == [1, 2]
    assert names(tmp_path) == ["a.json"]


def test_a_folder_that_never_was_is_no_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path / "none" / "below"):
        with pytest.raises(InputError, match=r"is not a folder: expected a thing\Z"):
            check_manifest(path, THING)
