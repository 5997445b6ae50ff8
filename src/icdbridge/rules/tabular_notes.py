"""What the tabular list says at a code and at all that stands above it."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from icdbridge.caches import cache_folder, cached_folder
from icdbridge.codes.packages import tabular
from icdbridge.codes.references import Reference, references
from icdbridge.codes.tabular import Block
from icdbridge.errors import InputError
from icdbridge.files import read_json, write_json
from icdbridge.knowledge.fingerprint import fingerprint

_FILE = "notes.json"


class Line(NamedTuple):
    """A line of a note with the codes that it names."""

    text: str
    references: tuple[Reference, ...]

    def includes(self, plain: str) -> bool:
        return any(one.includes(plain) for one in self.references)


class Note(NamedTuple):
    """A note of the tabular list; ``place``: the code, category, section or chapter at which it stands."""

    place: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "; ".join(line.text.strip(" ,") for line in self.lines).replace(":;", ":")

    @property
    def heading(self) -> str:
        return self.lines[0].text

    def includes(self, plain: str) -> bool:
        """Whether it names a code, given without dot."""
        return any(line.includes(plain) for line in self.lines)


@lru_cache(maxsize=50_000)
def blocks(code: str) -> tuple[Block, ...]:
    """The chapter and the sections that an ICD-10-CM code stands in, the chapter first."""
    category = code[:3]
    kept = _kept()
    if category not in kept.blocks:
        return ()
    section, chapter = kept.blocks[category]
    spanning = [one for one in kept.sections if one[0][:3] <= category <= one[0][-3:]]
    return tuple(Block(*one) for one in (chapter, *spanning, section))


@lru_cache(maxsize=50_000)
def lineage(code: str) -> tuple[str, ...]:
    """The places of the tabular list that an ICD-10-CM code stands under, the widest first, itself last."""
    ends = [end for end in range(3, len(code) + 1) if code[end - 1] != "."]
    return (*(block.name for block in blocks(code)), *(code[:end] for end in ends))


@lru_cache(maxsize=50_000)
def notes(code: str, kind: str) -> tuple[Note, ...]:
    """The notes of a kind (``excludes1``, ``codeFirst`` ...) at a code and above it, the code's own first."""
    return tuple(note for place in reversed(lineage(code)) for note in _at(place, kind))


@cache
def _at(place: str, kind: str) -> tuple[Note, ...]:
    several = _kept().instructions.get(place, {}).get(kind, ())
    return tuple(Note(place, tuple(Line(line, references(line)) for line in lines)) for lines in several)


class _Kept(NamedTuple):
    """What the rules read of the tabular list, as JSON has it; a block is its name and title."""

    instructions: Mapping[str, Mapping[str, Sequence[Sequence[str]]]]
    blocks: Mapping[str, Sequence[Sequence[str]]]
    sections: Sequence[Sequence[str]]


@cache
def _kept() -> _Kept:
    """From the cache folder: reading the whole list would take longer than all else of a note's first coding."""
    try:
        folder = cached_folder(cache_folder() / f"tabular-{fingerprint()}", _FILE, _fill)
    except InputError:  # a disk that takes no cache
        return _whole()
    return _Kept(*read_json(folder / _FILE))


def _whole() -> _Kept:
    table = tabular()
    return _Kept(table.instructions, table.blocks, table.sections)


def _fill(folder: Path) -> None:
    write_json(folder / _FILE, _whole())
