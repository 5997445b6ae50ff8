"""Ids of notes: of files, ids that occur twice, and the ids of a note's FHIR resources."""

import hashlib
import json
import os
import uuid
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from icdbridge.errors import InputError
from icdbridge.tables import is_note

_NAMES = uuid.UUID("6f0d3c0e-5a0a-5a3e-9c55-0c6a8f2f7d11")  # of what uuid5 makes here

# The id of each note (None: it has none) and its place.
Named = Callable[[], Iterable[tuple[str | None, str]]]


def file_ids(given: Sequence[Path], files: Sequence[Path]) -> list[str]:
    """The id of each file: its path below the deepest folder that contains all files and folders that were ``given``.

    Ids of notes (``is_note``) have no file ending: ``wardA/note.txt`` and ``wardB/note.pdf`` become ``wardA/note`` and
    ``wardB/note``. Links are not followed: the id is the name that the user sees.
    """
    if not files:
        return []
    absolute = [_absolute(path) for path in given]
    root = os.path.commonpath([path if path.is_dir() else path.parent for path in absolute])
    named = [_absolute(file).relative_to(root) for file in files]
    return [(name.with_suffix("") if is_note(name) else name).as_posix() for name in named]


def check_ids(named: Named) -> int:
    """The number of notes; ``InputError`` with both places if two have the same id.

    ``named`` is called again only if an id may be repeated, so that only 8 bytes a note are held in memory.
    """
    total, hashes = 0, array("Q")
    for note_id, _ in named():
        total += 1
        if note_id is not None:
            hashes.append(_hash(note_id))
    values, counts = np.unique(np.frombuffer(hashes, np.uint64), return_counts=True)
    repeated = set(values[counts > 1].tolist())
    first: dict[str, str] = {}
    for note_id, place in named() if repeated else ():
        if note_id is None or _hash(note_id) not in repeated:
            continue
        if note_id in first:
            raise InputError(
                f"two notes have the id {note_id}: {first[note_id]} and {place}; give every note an id of its own"
            )
        first[note_id] = place
    return total


def note_identity(note_id: str | None, patient_id: str | None = None, text: str | None = None) -> str:
    """A UUID unique to a note: derived from patient, id and text, or random if the note has no id."""
    if note_id is None:
        return str(uuid.uuid4())
    return str(uuid.uuid5(_NAMES, json.dumps([patient_id, note_id, text])))


def part_identity(identity: str, part: str) -> str:
    """The UUID of a thing, such as a code, within what has ``identity``."""
    return str(uuid.uuid5(uuid.UUID(identity), part))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (resolve follows links)


def _hash(note_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(note_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
