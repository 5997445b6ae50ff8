"""Commands killed and started again: nothing half-written meanwhile, the same result in the end."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.attack.outcomes import LOST, SILENT, SOUND, TRACEBACK, Outcome
from icdbridge import Coder, InputError
from icdbridge.corpora import Corpus

_MAIN = "from icdbridge.cli import main; main()"


@dataclass(frozen=True)
class Command:
    """``arguments`` without --out; ``again``: what is added to go on after a kill; ``whole`` opens what it made and
    raises ``InputError`` for half of it; ``result``: a checksum of what must come out the same.
    """

    name: str
    arguments: list[str]
    out: str
    again: list[str]
    whole: Callable[[Path], object]
    result: Callable[[Path], str]


def run(arguments: list[str], out: Path, seconds: float | None = None) -> tuple[int | None, str]:
    """The command's status and output; None where it was killed after ``seconds``."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, *arguments, "--out", str(out)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        return None, said
    return process.returncode, said


def kills(command: Command, work: Path, tries: int, seconds: float, seed: int = 0) -> Outcome:
    """Kills a command at random times, goes on with it, and compares with one that was left alone."""
    outcome, rng = Outcome(f"kills of {command.name}"), random.Random(seed)
    end_at = time.monotonic() + seconds
    start = time.monotonic()
    status, said = run(command.arguments, work / f"whole-{command.out}")
    took = time.monotonic() - start
    if status:
        raise SystemExit(f"{command.name} fails: {said}")
    expected = command.result(work / f"whole-{command.out}")
    for number in range(tries):
        if time.monotonic() > end_at:
            break
        folder = work / f"kill-{number}"
        folder.mkdir()
        # the first part is Python's start: nothing is written in it
        limits = [took * rng.uniform(0.4, 1.0), took * rng.uniform(0.4, 1.0), None]
        outcome.add(*_one(command, folder / command.out, limits, expected))
        shutil.rmtree(folder)
    return outcome


def _one(command: Command, out: Path, limits: list[float | None], expected: str) -> tuple[str, str]:
    for killed, limit in enumerate(limits):
        status, said = _go_on(command, out, limit, bool(killed))
        if "Traceback" in said:
            return TRACEBACK, said[-300:]
        if out.exists():
            try:
                command.whole(out)
            except InputError as error:
                if "unfinished" not in str(error):
                    return LOST, f"half-written: {error}"
            else:
                same = command.result(out) == expected
                return SOUND if same else SILENT, f"another result after {killed} kills"
        if status is not None:
            break
    return LOST, f"does not go on: {said[-300:]}"


def _go_on(command: Command, out: Path, limit: float | None, killed: bool) -> tuple[int | None, str]:
    """As a person would: with --resume, without it where nothing was begun."""
    if killed and command.again:
        status, said = run([*command.arguments, *command.again], out, limit)
        if "leave --resume out" not in " ".join(said.split()):
            return status, said
    return run(command.arguments, out, limit)


def commands(run_folder: Path, dump: Path, corpus: Path, notes: Path, version: str) -> list[Command]:
    """What is killed: preparing a corpus, training a small model, coding many notes."""
    small = [
        "--preset", "small", "--model", "duallaat-cnn", "--epochs", "2", "--set", "embedding_dim=16", "--set",
        "hidden_size=16", "--set", "shared_dim=16", "--set", "vector_epochs=1", "--set", "min_word_notes=1",
    ]  # fmt: skip
    return [
        Command(
            "prepare", ["prepare", "mimic4", "--root", str(dump), "--version", "icd10"], "corpus", [],
            Corpus.open, lambda out: Corpus.open(out).checksum,
        ),
        Command(
            "train", ["train", str(corpus), *small], "run", ["--resume"],
            Coder.load, lambda out: hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest(),
        ),
        Command(
            "code", ["code", str(run_folder), str(notes), "--version", version], "codes.jsonl", ["--resume"],
            _lines, lambda out: hashlib.sha256(out.read_bytes()).hexdigest(),
        ),
    ]  # fmt: skip


def _lines(out: Path) -> None:
    try:
        for line in out.read_text("utf-8").splitlines():
            json.loads(line)
    except ValueError as error:
        raise InputError(f"{out} is half-written") from error
