"""A checkpoint is whole or refused, and a full disk is one line that leaves nothing half-written."""

import errno
import os
import resource
import signal
import textwrap

import pytest
import torch
from safetensors import SafetensorError
from tests.forking import Forked
from tests.small import TINY, make_corpus, tiny_settings

from icdbridge import InputError
from icdbridge.models import tensor_files
from icdbridge.models.tensor_files import load_checked, save_checked, save_tensors
from icdbridge.training import loop, train
from icdbridge.training.checkpoints import load_checkpoint, save_checkpoint


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), "ten", "icd10")


def flip(path, bit):
    held = bytearray(path.read_bytes())
    held[bit // 8] ^= 1 << bit % 8
    path.write_bytes(held)


def test_a_flipped_bit_of_any_byte_is_found(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {
        "w": torch.tensor([1.5, -2.0]),
        "flag": torch.tensor(True),
        "b": torch.ones(2, dtype=torch.bfloat16),
    }
    state = {"epoch": 3, "log": [0.1]}
    save_checked(path, tensors, state)
    found, told = load_checked(path, "begin anew")
    assert told == state
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    whole = path.read_bytes()
    for byte in range(len(whole)):
        flip(path, 8 * byte + byte % 8)
        with pytest.raises(InputError, match=r"a\.safetensors is damaged.*: begin anew"):
            load_checked(path, "begin anew")
        path.write_bytes(whole)
    for length in (0, 7, 8, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is damaged"):
            load_checked(path, "begin anew")
    path.write_bytes(whole + b"\0")
    with pytest.raises(InputError, match="is damaged"):
        load_checked(path, "begin anew")
    path.unlink()
    with pytest.raises(InputError, match=r"a\.safetensors is missing: begin anew"):
        load_checked(path, "begin anew")


def test_a_checkpoint_restores_weights_moments_and_state(tmp_path):
    def made(seed):
        torch.manual_seed(seed)
        model = torch.nn.Linear(3, 2)
        return model, torch.optim.AdamW(model.parameters())

    model, optimizer = made(0)
    model(torch.ones(3)).sum().backward()
    optimizer.step()
    save_checkpoint(tmp_path / "c", model, optimizer, {"epoch": 1})
    other, its_own = made(1)
    assert load_checkpoint(tmp_path / "c", other, its_own) == {"epoch": 1}
    assert torch.equal(other.weight, model.weight)
    before, after = optimizer.state_dict()["state"], its_own.state_dict()["state"]
    assert before.keys() == after.keys()
    for number, moments in before.items():
        assert all(torch.equal(tensor, after[number][name]) for name, tensor in moments.items())


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "best.safetensors"])
def test_a_damaged_checkpoint_is_refused_before_anything_is_trained(corpus, tmp_path, monkeypatch, name):
    saved, calls = loop.save_checkpoint, []

    def stopping(*arguments):
        saved(*arguments)
        calls.append(1)
        if len(calls) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(loop, "save_checkpoint", stopping)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train([corpus], out, tiny_settings(epochs=3))
    done = len(calls)
    flip(out / "training" / name, 8 * ((out / "training" / name).stat().st_size - 5))
    with pytest.raises(InputError, match=rf"{name} is damaged .*: start the training anew with --force"):
        train([corpus], out, tiny_settings(epochs=3), resume=True)
    assert len(calls) == done
    assert train([corpus], out, tiny_settings(epochs=3), force=True).config["settings"]["epochs"] == 3


def test_the_error_of_the_disk_is_an_os_error(tmp_path, monkeypatch):
    def full(*arguments):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(tensor_files, "save_file", full)
    with pytest.raises(OSError, match="No space left on device") as refused:
        save_tensors(tmp_path / "a", {"w": torch.ones(1)})
    assert refused.value.errno == errno.ENOSPC
    with pytest.raises(InputError, match=r"cannot write .*b: No space left on device"):
        save_checked(tmp_path / "b", {"w": torch.ones(1)}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_in_training_is_one_line_and_leaves_nothing(corpus, tmp_path):
    """Files may not grow beyond 1 or 20 kilobytes: as on a full disk, each write beyond them fails."""
    good = train([corpus], tmp_path / "good", tiny_settings(epochs=1)).path
    before = {file.name: file.read_bytes() for file in good.iterdir() if file.is_file()}
    settings = [word for one in TINY for word in ("--set", one)]
    training = ["train", str(corpus.path), "--preset", "small", "--epochs", "1", *settings, "--out"]
    trainings = [[*training, str(tmp_path / "good"), "--force"], [*training, str(tmp_path / "new")]]
    script = textwrap.dedent(f"""
        import os, resource, sys
        from icdbridge.cli import main
        for kilobytes in (1, 20):
            for number, arguments in enumerate({trainings!r}):
                os.environ["ICDBRIDGE_CACHE"] = f"{tmp_path}/cache-{{number}}-{{kilobytes}}"
                sys.argv[1:] = arguments
                resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, resource.RLIM_INFINITY))
                try:
                    main()
                except SystemExit as stopped:
                    print(f"stopped {{stopped.code}}", file=sys.stderr)
    """)
    _, printed = Forked(script).communicate()
    *said, after = printed.split("stopped 2\n")
    assert len(said) == 4, printed
    assert after == ""
    for one in said:
        assert "Traceback" not in one
        assert one.splitlines()[-1].startswith("error: cannot write ")
        assert "File too large" in one
    assert not (tmp_path / "new").exists()
    assert {file.name: file.read_bytes() for file in good.iterdir() if file.is_file()} == before
    assert not [
        path for path in tmp_path.rglob("*") if ".partial-" in path.name or path.name.endswith(".lock")
    ]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
