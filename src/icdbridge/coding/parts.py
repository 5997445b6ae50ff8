"""Codes very many notes into a folder of parts, with several coders at once. An interrupted coding can be resumed.

A part is written whole or not at all. Its name is derived from its notes and everything that determines their results.
So coding a part again writes the same file, and every note is in the result exactly once.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from icdbridge.coding.bulk import NOTES, Done, check_begun, code_together, line_of, told_of
from icdbridge.coding.coder import Coder
from icdbridge.coding.object_store import Folder, RemoteSource
from icdbridge.coding.outputs import FORMATS, check_format, write_results
from icdbridge.coding.sources import Source, SourceNote
from icdbridge.errors import InputError
from icdbridge.files import check_apart, only_writer
from icdbridge.progress import progress_bar

PART_NOTES = 8 * NOTES  # of a part, at most; whole groups, as one process codes them together
PARTS = 64  # of a coding, from which on parts have more than one group
# no reader of tables takes what begins so for one
PARTS_MANIFEST, UNFINISHED = "_manifest.json", "_unfinished.json"
NEXT = "_next"  # the folder within, where what is to replace a whole result is made


@dataclass(frozen=True)
class Part:
    """Some notes in order, and the name of the file for their codes."""

    name: str
    notes: tuple[SourceNote, ...]


@dataclass(frozen=True)
class Coded:
    """A written part: its number of ``notes``, how many of them were ``skipped``, its size and SHA-256."""

    name: str
    notes: int
    skipped: int
    bytes: int
    sha256: str


class PartCoder:
    """Codes parts into a folder, with a coder that it loads once; ``load`` takes the device."""

    def __init__(
        self, load: Callable[..., Coder], options: Mapping[str, Any], folder: Folder, device: str = "cpu"
    ) -> None:
        self._coder = load(device=device)
        self._options = dict(options)
        self._folder = folder

    def code(self, part: Part) -> tuple[Coded, list[str]]:
        """What was written, and a line for each note that was skipped or not read whole."""
        records, lines = [], []
        for start in range(0, len(part.notes), NOTES):
            notes = part.notes[start : start + NOTES]
            for record, note in zip(code_together(self._coder, notes, self._options), notes, strict=True):
                records.append(record)
                if line := line_of(note, record):
                    lines.append(line)
        with tempfile.TemporaryDirectory(prefix="icdbridge-") as scratch:
            file = Path(scratch) / part.name
            write_results(records, file)
            content = file.read_bytes()
        skipped = sum("skipped" in record for record in records)
        coded = Coded(part.name, len(records), skipped, len(content), hashlib.sha256(content).hexdigest())
        self._folder.write(part.name, content)
        self._folder.write(_note_of(part.name), json.dumps(asdict(coded)).encode())
        return coded, lines


Each = Callable[[Callable[..., PartCoder], Iterator[Part], int], Iterator[tuple[Coded, list[str]]]]


def code_parts(
    coder: Coder,
    load: Callable[..., Coder],
    source: Source | RemoteSource,
    out: str,
    each: Each,
    *,
    options: Mapping[str, Any],
    resume: bool = False,
    force: bool = False,
    inputs: Sequence[Path] = (),
    say: Callable[[str], None] = lambda line: None,
) -> Done:
    """Codes the notes of ``source`` into parts in the folder ``out``.

    ``out`` is a path or URL; its ending gives the format, by default Parquet. ``_manifest.json`` is written last and
    names the parts. ``load`` loads ``coder`` again (``Coder.load`` with a run); ``options`` are those of
    ``Coder.code``. ``each`` yields, for every part and in any order, what ``code`` of a ``PartCoder`` (made by its
    first argument) returned, with a limited number of parts in progress. ``resume`` continues an interrupted coding.
    ``force`` replaces what is there, a complete result only when the new one is complete. Both together continue if
    possible. Raises ``InputError`` as ``code_notes`` does.
    """
    folder = Folder(out)
    ending = Path(folder.place).suffix.lower()
    ending = ending if ending in FORMATS else ".parquet"
    check_format(Path(f"part{ending}"))
    coder.code_many([], **options)  # asked for before any note is read, as in code_notes
    if folder.local is not None:
        check_apart(folder.local, [*([coder.folder] if coder.folder else []), *source.paths, *inputs])
    told = told_of(coder, options)
    total = len(source)
    with only_writer(folder.local) if folder.local is not None else nullcontext():
        making, done = _begin(folder, told, resume, force)
        found: dict[str, Coded] = {}

        def missing() -> Iterator[Part]:
            for part in split(source, told, ending, part_notes(total)):
                if part.name in done:
                    found[part.name] = done[part.name]
                    bar.advance(task, len(part.notes))
                else:
                    yield part

        def make(device: str = "cpu") -> PartCoder:
            return PartCoder(load, options, making, device)

        with progress_bar() as bar:
            task = bar.add_task("coding", total=total)
            for coded, lines in each(make, missing(), -(-total // part_notes(total))):
                found[coded.name] = coded
                bar.advance(task, coded.notes)
                for line in lines:
                    say(line)
        parts = [found[name] for name in sorted(found)]
        _finish(folder, making, told, parts)
    skipped = sum(part.skipped for part in parts)
    return Done(sum(part.notes for part in parts) - skipped, skipped)


def part_notes(total: int) -> int:
    """How many notes a part has: few if there are few, so that no worker waits long for another at the end; the same on
    any number of workers, so that others can continue.
    """
    size = min(NOTES, PART_NOTES)
    while size < PART_NOTES and total > PARTS * size:
        size *= 2
    return size


def split(source: Source | RemoteSource, told: Mapping[str, Any], ending: str, size: int) -> Iterator[Part]:
    """The notes in parts of ``size``, each named by its number, its notes and what was ``told`` of the coding."""
    rest = iter(source)
    number = 0
    while notes := tuple(islice(rest, size)):
        digest = hashlib.blake2b(json.dumps(told).encode(), digest_size=8)
        for note in notes:
            parts = [note.note_id, note.patient_id, note.text, note.fault, note.setting]
            digest.update(json.dumps(parts).encode())
        yield Part(f"part-{number:06d}-{digest.hexdigest()}{ending}", notes)
        number += 1


def _note_of(part: str) -> str:
    """The file that says that a part is whole, until the manifest does."""
    return f"_{part}.json"


def unfinished(out: str) -> bool:
    """Whether a coding into ``out`` was begun and not finished."""
    folder = Folder(out)
    return UNFINISHED in folder.names() or UNFINISHED in folder.within(NEXT).names()


def _begin(
    folder: Folder, told: Mapping[str, Any], resume: bool, force: bool
) -> tuple[Folder, dict[str, Coded]]:
    """Where the parts are made, marked as unfinished, and those that it has already."""
    out, present = folder.place, folder.names()
    marks = (*(name.lstrip("_") for name in (PARTS_MANIFEST, UNFINISHED, NEXT)), "part-")
    # a killed process leaves such names behind dots
    foreign = next((name for name in present if not name.lstrip("._").startswith(marks)), None)
    if foreign is not None:
        raise InputError(f"{out} holds {foreign}, and is no folder of coded notes: give another --out")
    making = folder.within(NEXT) if PARTS_MANIFEST in present else folder
    names = making.names()
    begun = UNFINISHED in names
    check_begun(out, PARTS_MANIFEST in present, begun, resume, force)
    if begun and resume:
        if json.loads(making.read(UNFINISHED)) != json.loads(json.dumps(told)):
            raise InputError(f"{out} was begun with another run or options: start anew by --force")
        made = {name for name in (*names, *present) if name.startswith("part-") and _note_of(name) in names}
        return making, {name: Coded(**json.loads(making.read(_note_of(name)))) for name in made}
    if making is folder:
        for name in names:
            folder.remove(name)
    else:
        making.discard()
    if making is not folder or folder.local is not None:
        making.make()
    making.write(UNFINISHED, json.dumps(told).encode())
    return making, {}


def _finish(folder: Folder, making: Folder, told: Mapping[str, Any], parts: Sequence[Coded]) -> None:
    """Moves the parts into place, writes the manifest, and removes all others. If killed, --resume finishes it."""
    kept = {part.name for part in parts}
    if making is folder:
        for name in folder.names():
            if name.startswith("part-") and name not in kept:
                folder.remove(name)
    else:
        for name in kept.intersection(making.names()):
            making.move(name, folder)
    summary = {
        "settings": told,
        "notes": sum(part.notes for part in parts),
        "skipped": sum(part.skipped for part in parts),
        "parts": [asdict(part) for part in parts],
    }
    folder.write(PARTS_MANIFEST, json.dumps(summary, indent=2).encode())
    for name in folder.names():
        if name not in (*kept, PARTS_MANIFEST, NEXT):
            folder.remove(name)
    if making is not folder:
        making.discard()
