"""Damage to corpora and runs, and runs that a stranger made with manifests that fit."""

import copy
import json
import random
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.attack.outcomes import LOST, SILENT, SOUND, TRACEBACK, Outcome
from benchmarks.processes import started
from icdbridge.files import MANIFEST, write_manifest

SECONDS = 60.0  # for one folder to be opened: more is a process that hangs
EVIL: list[Any] = [
    float("nan"), float("inf"), -1, 0, 10**18, 1.5, True, None, "", "evil/kernel", "../../evil", "\x1b[2J", [], {},
    [[]], {"_attn_implementation": "evil/kernel"},
]  # fmt: skip
ADDED = {
    "_attn_implementation": "evil/kernel", "auto_map": {"AutoModel": "evil--code.Model"}, "trust_remote_code": True,
    "padding": {"strategy": {"Fixed": 10**8}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "[PAD]"},
}  # fmt: skip


class Opener:
    """Asks a process of its own to open folders; starts another when one died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, kind: str, path: Path) -> tuple[str, str]:
        if self._process is None:
            self._process = started(
                [sys.executable, "-m", "benchmarks.attack.opening"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018
        self._process.stdin.write(json.dumps({"kind": kind, "path": str(path)}) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self.close()
            return "traceback", "the process died" if ready else f"nothing within {SECONDS:g} s"
        told = json.loads(line)
        return told["end"], told["says"]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def damage(kind: str, folder: Path, work: Path, tries: int, seconds: float, seed: int = 0) -> Outcome:
    """Flips a bit, cuts or blanks a part of a file, and opens the folder: it must be refused, naming the file."""
    outcome, rng = Outcome(f"damage to a {kind}"), random.Random(seed)
    opener, end_at = Opener(), time.monotonic() + seconds
    files = [MANIFEST, *json.loads((folder / MANIFEST).read_text())]
    if (folder / "candidates").is_dir():
        files += [f"candidates/{name}" for name in json.loads((folder / "candidates" / MANIFEST).read_text())]
    for number in range(tries):
        if time.monotonic() > end_at:
            break
        file = files[number % len(files)]
        target = shutil.copytree(folder, work / "damaged", dirs_exist_ok=True, ignore=_not_needed)
        content = bytearray((target / file).read_bytes())
        if not content:
            continue
        how = rng.choice(("bit", "cut", "blank"))
        place = rng.randrange(len(content))
        if how == "bit":
            content[place] ^= 1 << rng.randrange(8)
        elif how == "cut":
            del content[place:]
        else:
            content[place : place + 64] = bytes(len(content[place : place + 64]))
        if content == (folder / file).read_bytes():
            continue
        (target / file).write_bytes(content)
        end, says = opener(kind, target)
        example = f"{how} of {file} at {place}: {says}"
        if end == "refused":
            outcome.add(SOUND if target.name in says else SILENT, example)
        else:
            outcome.add(TRACEBACK if end == "traceback" else SILENT, example)
        shutil.rmtree(target)
    opener.close()
    return outcome


def strangers(run: Path, work: Path, tries: int, seconds: float, seed: int = 0) -> Outcome:
    """Changes values of a run's JSON, signs it again and opens it: refused by name, or as good as before."""
    outcome, rng = Outcome("strangers' runs"), random.Random(seed)
    opener, end_at = Opener(), time.monotonic() + seconds
    files = ["config.json", "calibration.json", "tokenizer.json"]
    if (run / "candidates").is_dir():
        files.append("candidates/counts.json")
    for number in range(tries):
        if time.monotonic() > end_at:
            break
        file = files[number % len(files)]
        target = shutil.copytree(run, work / "stranger", dirs_exist_ok=True, ignore=_not_needed)
        stored = json.loads((target / file).read_text("utf-8"))
        where, value = _changed(stored, rng)
        (target / file).write_text(json.dumps(stored), "utf-8")
        for folder in (target, target / "candidates"):
            if folder.is_dir():
                write_manifest(folder, list(json.loads((folder / MANIFEST).read_text())))
        end, says = opener("run", target)
        example = f"{file}, {where} = {value!r:.60}: {says}"
        if end == "traceback":
            outcome.add(TRACEBACK, example)
        elif end == "refused":
            outcome.add(SOUND if target.name in says and says.isprintable() else SILENT, example)
        else:
            outcome.add(SOUND if says == "opened" else LOST, example)
        shutil.rmtree(target)
    opener.close()
    return outcome


def _changed(stored: Any, rng: random.Random) -> tuple[str, Any]:
    """Changes one value of ``stored``, takes it away or adds one; gives its place and what it is now."""
    places = list(_places(stored))
    shallow = [
        place for place in places if len(place) < 4
    ]  # a vocabulary has so many values that others are rare
    place = rng.choice(shallow if rng.random() < 0.7 else places)
    inner = stored
    for key in place[:-1]:
        inner = inner[key]
    how = rng.random()
    if how < 0.15 and isinstance(inner, dict):
        name = rng.choice(list(ADDED))
        inner[name] = copy.deepcopy(ADDED[name])
        return ".".join(map(str, (*place[:-1], name))), inner[name]
    if how < 0.3 and isinstance(inner, dict):
        del inner[place[-1]]
        return ".".join(map(str, place)), "taken away"
    inner[place[-1]] = copy.deepcopy(rng.choice(EVIL))
    return ".".join(map(str, place)), inner[place[-1]]


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from _places(inner, (*above, key))


def _not_needed(folder: str, names: list[str]) -> set[str]:
    return {"evaluations", "cache", "tensorboard"} & set(names)
