"""Where the indexes lie, made the first time that they are needed; those of tables of the user's own."""

import hashlib
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import cache, lru_cache
from pathlib import Path

from icdbridge.caches import cache_folder, cached_folder
from icdbridge.codes.packages import load_system, releases
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import SYSTEMS, kept_by_code, known_systems
from icdbridge.errors import InputError
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.knowledge.search.search_index import Index
from icdbridge.knowledge.search.spelling import Speller

_LARGEST = "icd10cm"
_making: "list[subprocess.Popen[str]]" = []
# What an index changes with, beside the knowledge.
_MADE_BY = ("index_building.py", "leading.py", "slots.py", "wordforms.py", "worth.py")


def system_index(system: str) -> Index:
    """The index of a known system, of one's own in memory; ``InputError`` for another name."""
    releases(system)
    return _packaged_index(system) if system in SYSTEMS else own_index(load_system(system))


@cache
def _packaged_index(system: str) -> Index:
    return Index(_folder() / f"{system}.sqlite")


@lru_cache(8)
def own_index(table: CodeSystem) -> Index:
    """The index of a table of the user's own, in memory."""
    from icdbridge.knowledge.search.index_building import build_own

    return Index(build_own(table))


@kept_by_code(8)
def speller(tables: tuple[CodeSystem, ...] = ()) -> Speller:
    """Looks words up among those of all systems and of ``tables``: a word of one is none misspelt in another."""
    words: dict[str, float] = {}
    for index in (*map(system_index, known_systems()), *map(own_index, tables)):
        for word, often in index.words.items():
            words[word] = words.get(word, 0.0) + often
    return Speller(words)


def indexed() -> bool:
    """Whether the index is there, so that a search does not wait for it to be made."""
    return _place().exists()


def stop_making() -> None:
    """Ends what makes the index now, in another thread of this process: that thread gets an ``InputError``."""
    for process in list(_making):
        process.kill()


@cache
def _place() -> Path:
    own = Path(__file__).parent
    digest = hashlib.sha256(b"".join((own / name).read_bytes() for name in _MADE_BY)).hexdigest()[:8]
    return cache_folder() / f"search-{fingerprint()}-{digest}"


@cache
def _folder() -> Path:
    return cached_folder(_place(), f"{SYSTEMS[0]}.sqlite", _fill)


def _fill(folder: Path) -> None:
    """Makes the index in two processes: that of the largest system is half of the work."""
    from icdbridge.progress import track

    others = [system for system in SYSTEMS if system != _LARGEST]
    with ExitStack() as ended:
        ended.callback(_making.clear)
        for part in ([_LARGEST], others):
            process = ended.enter_context(_start(folder, part))
            ended.callback(process.kill)
            _making.append(process)
        for process in track(list(_making), len(_making), "Making the search index, once"):
            said = process.stderr.read().splitlines() if process.stderr else []
            if process.wait():
                raise InputError(f"the search index cannot be made: {said[-1] if said else 'it was stopped'}")


def _start(folder: Path, systems: list[str]) -> "subprocess.Popen[str]":
    """A process of its own group, so that Ctrl-C reaches this one alone; it ends when its standard input does."""
    command = [sys.executable, "-m", "icdbridge.knowledge.search.index_building", str(folder), *systems]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, stdin=pipe, stderr=pipe, text=True, start_new_session=True
    )
