"""Half-written files and folders are never taken for whole ones."""

import pytest

from icdbridge.errors import InputError
from icdbridge.files import atomic_file, atomic_folder, check_manifest, read_json, write_manifest


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
        atomic_folder(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_existing_folder_needs_replace(tmp_path):
    out = tmp_path / "out"
    with atomic_folder(out) as partial:
        (partial / "a").write_text("1")
    with pytest.raises(InputError, match="exists already"), atomic_folder(out):
        pass
    with atomic_folder(out, replace=True) as partial:
        (partial / "b").write_text("2")
    assert [f.name for f in out.iterdir()] == ["b"]
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


def test_manifest_tells_missing_and_damaged(tmp_path):
    (tmp_path / "a").write_text("whole")
    write_manifest(tmp_path, ["a"])
    check_manifest(tmp_path, "a run", "a")
    (tmp_path / "a").write_text("wholf")
    with pytest.raises(InputError, match="damaged"):
        check_manifest(tmp_path, "a run", "a")
    with pytest.raises(InputError, match=r"is not a run: its manifest.json knows no model"):
        check_manifest(tmp_path, "a run", "model")
    (tmp_path / "a").unlink()
    with pytest.raises(InputError, match="missing"):
        check_manifest(tmp_path, "a run", "a")


def test_bad_json_names_the_place(tmp_path):
    (tmp_path / "a.json").write_text('{"a": }')
    with pytest.raises(InputError, match=r"line 1, column 7"):
        read_json(tmp_path / "a.json")
