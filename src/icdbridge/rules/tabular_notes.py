"""What the tabular list says at a code and at all that stands above it."""

from functools import cache, lru_cache
from typing import NamedTuple

from icdbridge.codes.packages import load_system, tabular
from icdbridge.codes.references import Reference, references
from icdbridge.codes.tabular import Block


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


@lru_cache(maxsize=100_000)
def title_of(code: str) -> str:
    """The title of an ICD-10-CM code or category; empty for one that is in no list."""
    return load_system("icd10cm").title(code) or ""


@lru_cache(maxsize=50_000)
def blocks(code: str) -> tuple[Block, ...]:
    """The chapter and the sections that an ICD-10-CM code stands in, the chapter first."""
    category = code[:3]
    table = tabular()
    if category not in table.blocks:
        return ()
    section, chapter = table.blocks[category]
    spanning = [one for one in table.sections if one.name[:3] <= category <= one.name[-3:]]
    return (chapter, *spanning, section)


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
    several = tabular().instructions.get(place, {}).get(kind, ())
    return tuple(Note(place, tuple(Line(line, references(line)) for line in lines)) for lines in several)
