"""A small Ray on this machine: what it finds is what one process finds, also where workers die."""

import gc
import os
from pathlib import Path

import pytest
from tests.coding.test_parts import OPTIONS, Echo, code, read, write_notes

from icdbridge.coding.bulk import Done
from icdbridge.coding.sources import Source
from icdbridge.errors import InputError
from icdbridge.extras import installed

pytestmark = [
    pytest.mark.skipif(not installed("ray"), reason="needs Ray: pip install 'icdbridge[ray]'"),
    # Ray ends its processes without waiting for them
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def forgotten():
    """What Ray left is collected while the warnings of it are ignored."""
    yield
    gc.collect()


def mortal(marks):
    """A coder whose process is killed the first time that it is given the note "kill"."""

    class Mortal(Echo):  # made here, so that it is sent to the workers whole
        def code_many(self, texts, version=None, **options):
            if texts:  # in a worker
                import ray

                assert [node["NodeManagerAddress"] for node in ray.nodes()] == ["127.0.0.1"]
            if "kill" in texts and not (Path(marks) / "killed").exists():
                (Path(marks) / "killed").touch()
                os.kill(os.getpid(), 9)
            return super().code_many(texts, version, **options)

    return Mortal


def test_a_worker_that_is_killed_loses_no_note(tmp_path, monkeypatch, capsys):
    from icdbridge.coding.ray_pool import code_on_ray

    monkeypatch.setattr("icdbridge.coding.parts.PART_NOTES", 3)
    texts = ["kill" if number == 4 else f"note {number}" for number in range(12)]
    notes = write_notes(tmp_path / "notes.jsonl", texts)
    kind, out = mortal(str(tmp_path)), tmp_path / "out.jsonl"
    assert code_on_ray(kind(), kind, Source([notes]), str(out), None, options=OPTIONS) == Done(12, 0)
    assert (tmp_path / "killed").exists()
    assert not capsys.readouterr().out
    code(notes, tmp_path / "here.jsonl")
    assert read(out) == read(tmp_path / "here.jsonl")


def test_a_cluster_that_is_not_there_is_told(tmp_path):
    from icdbridge.coding.ray_pool import code_on_ray

    notes = write_notes(tmp_path / "notes.jsonl", ["one"])
    with pytest.raises(InputError, match=r"Ray cannot be reached \(127\.0\.0\.1:"):
        code_on_ray(Echo(), Echo, Source([notes]), str(tmp_path / "out"), "127.0.0.1:1", options=OPTIONS)
