"""The script for a machine with a GPU runs here too, at sizes that say nothing."""

import pytest
from benchmarks import gpu_check, gpu_needs, gpu_steps, inputs, reference
from benchmarks.gpu_step import Given

from icdbridge.files import read_json


@pytest.fixture
def shrunk(monkeypatch):
    """What ``--smoke`` changes is put back."""
    monkeypatch.setattr(inputs, "VOCABULARY", inputs.VOCABULARY)
    monkeypatch.setattr(reference, "NOTE_WORDS", reference.NOTE_WORDS)
    monkeypatch.setattr(inputs, "SIZES", dict(inputs.SIZES))


def test_every_step_runs(shrunk, tmp_path, capsys):
    gpu_check.main(["--device", "cpu", "--smoke", "--out", str(tmp_path)])
    rows = read_json(tmp_path / "gpu-check.json")
    said = capsys.readouterr().out
    assert said.startswith("Goals")
    assert said == (tmp_path / "gpu-check.md").read_text()
    for word in (
        "machine",
        "bf16: predictions",
        "training step",
        "scoring 30 codes",
        "largest batch",
        "from disk",
        "PLM-ICD",
    ):
        assert any(word in f"{row['what']} {row['goal']}" for row in rows), word
    same = [row for row in rows if "predictions that differ" in row["what"]]
    assert len(same) == 4
    assert all(row["figure"].startswith("0 of") for row in same)


def test_what_a_step_said_stays_when_it_fails(monkeypatch, tmp_path, capsys):
    step = tmp_path / "step"
    step.write_text("""#!/bin/sh
echo '{"what": "half of '$5'", "figure": "1 s", "goal": ""}'
test "$5" = first && echo 'no room' >&2 && exit 1
test "$5" = second && exec sleep 100
exit 0
""")
    step.chmod(0o700)
    monkeypatch.setattr(gpu_check.sys, "executable", str(step))
    monkeypatch.setattr(gpu_check, "LIMIT", 1)
    monkeypatch.setattr(gpu_check, "STEPS", dict.fromkeys(["first", "second", "third"]))
    rows = gpu_check.check(Given("cpu"), tmp_path)
    whats = [
        "half of first",
        "first: not finished",
        "half of second",
        "second: not finished",
        "half of third",
    ]
    assert [row.what for row in rows] == whats
    assert [row.figure for row in rows if "not finished" in row.what] == ["no room", "stopped after 1 s"]
    assert "half of second" in (tmp_path / "gpu-check.md").read_text()


def test_without_a_gpu_it_says_so(capsys):
    if gpu_steps.torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.raises(SystemExit):
        gpu_check.main([])
    assert "no CUDA GPU" in capsys.readouterr().err


def test_it_installs_all_but_torch():
    needs = gpu_needs.needs()
    assert any(one.startswith("tokenizers") for one in needs)
    assert any(one.startswith("transformers") for one in needs)
    assert not any(one.startswith(("torch", "icdbridge")) for one in needs)
