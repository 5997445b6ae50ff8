"""Where the indexes lie, made the first time that they are needed; those of tables of the user's own."""

import hashlib
import os
import subprocess
import sys
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


@cache
def _folder() -> Path:
    own = Path(__file__).parent
    digest = hashlib.sha256(b"".join((own / name).read_bytes() for name in _MADE_BY)).hexdigest()[:8]
    path = cache_folder() / f"search-{fingerprint()}-{digest}"
    return cached_folder(path, f"{SYSTEMS[0]}.sqlite", _fill)


def _fill(folder: Path) -> None:
    """Makes the index of the largest system here and those of the others, half of the work, in another process."""
    from icdbridge.knowledge.search import index_building
    from icdbridge.progress import track

    others = [system for system in SYSTEMS if system != _LARGEST]
    command = [sys.executable, "-m", index_building.__name__, str(folder), *others]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, env=environment) as process:
        try:
            for system in track((_LARGEST, *others), len(SYSTEMS), "Making the search index, once"):
                if system == _LARGEST:
                    index_building.build_systems(folder, [system])
                elif process.wait():
                    raise InputError(f"the search index of {', '.join(others)} could not be made: see above")
        except BaseException:
            process.kill()
            raise
