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
from benchmarks.processes import started
from icdbridge import Coder, InputError
from icdbridge.corpora import Corpus

_MAIN = "from icdbridge.cli import main; main()"


@dataclass(frozen=True)
class Command:
    """``arguments`` without --out; ``again``: what is added to go on after a kill; ``whole`` opens what it made and
    raises ``InputError`` for half of it; ``result``: a checksum of what must come out the same; ``state``: what the
    file is called in which it keeps what it has done so far.
    """

    name: str
    arguments: list[str]
    out: str
    again: list[str]
    whole: Callable[[Path], object]
    result: Callable[[Path], str]
    state: str = ""


def run(arguments: list[str], out: Path, seconds: float | None = None) -> tuple[int | None, str]:
    """The command's status and output; None where it was killed after ``seconds``."""
    process = started(
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
    took, expected = _alone(command, work)
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


def damaged_state(command: Command, work: Path, tries: int, seconds: float, seed: int = 0) -> Outcome:
    """Kills a command, flips a bit of what it has done so far, and goes on: refused by name, or the same result."""
    outcome, rng = Outcome(f"damage to an unfinished {command.name}"), random.Random(seed)
    end_at = time.monotonic() + seconds
    _, expected = _alone(command, work)
    folder = work / f"{command.name}-unfinished"
    folder.mkdir()
    process = started(
        [sys.executable, "-c", _MAIN, *command.arguments, "--out", str(folder / command.out)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not any(
        path.stat().st_size > 1_000 for path in folder.rglob(command.state)
    ):
        time.sleep(0.02)
    process.kill()
    process.wait()
    for number in range(tries):
        if time.monotonic() > end_at or not any(folder.rglob(command.state)):
            break
        damaged = shutil.copytree(folder, work / f"{command.name}-damaged-{number}")
        state = next(damaged.rglob(command.state))
        content = bytearray(state.read_bytes())
        place = rng.randrange(len(content))
        content[place] ^= 1 << rng.randrange(8)
        state.write_bytes(content)
        status, said = run([*command.arguments, *command.again], damaged / command.out)
        said = " ".join(said.split())
        if "Traceback" in said:
            outcome.add(TRACEBACK, said[-300:])
        elif status:
            outcome.add(SOUND if state.name in said or command.out in said else SILENT, said[-300:])
        else:
            same = command.result(damaged / command.out) == expected
            outcome.add(
                SOUND if same else SILENT, f"bit {place} of {len(content)} of {state.name}: another result"
            )
        shutil.rmtree(damaged)
    return outcome


def _alone(command: Command, work: Path) -> tuple[float, str]:
    """How long the command takes and what it makes when nobody disturbs it; of the same name, which reports show."""
    out = work / f"whole-{command.name}" / command.out
    start = time.monotonic()
    if not out.exists():
        status, said = run(command.arguments, out)
        if status:
            raise SystemExit(f"{command.name} fails: {said}")
    return time.monotonic() - start, command.result(out)


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
            "checkpoint.safetensors",
        ),
        Command(
            "code", ["code", str(run_folder), str(notes), "--version", version], "codes.jsonl", ["--resume"],
            _lines, lambda out: hashlib.sha256(out.read_bytes()).hexdigest(), ".codes.jsonl.unfinished",
        ),
    ]  # fmt: skip


def _lines(out: Path) -> None:
    try:
        for line in out.read_text("utf-8").splitlines():
            json.loads(line)
    except ValueError as error:
        raise InputError(f"{out} is half-written") from error
