"""Codes that a code requires beside it, by the guidelines and the tabular list."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from icdbridge.knowledge.companions import companions_of
from icdbridge.rules.tabular_notes import notes

_CALLED = {"codeFirst": "code first", "useAdditionalCode": "use additional code", "codeAlso": "code also"}


class Naming(Protocol):
    """What names codes."""

    def includes(self, plain: str) -> bool: ...


class Instruction(NamedTuple):
    """An instruction of a code: which codes it requires (without dot), and its source."""

    asked: Naming
    reason: str


InstructionOf = tuple[str, int]  # a code, and the place among its instructions


def instruction_for(code: str, others: Iterable[str]) -> str | None:
    """The instruction by which another code of the note requires a code."""
    for asking, place in met_by(code, (other for other in others if other != code)):
        return f"goes with {asking} ({_instructions(asking)[place].reason})"
    return None


def still_asked(predicted: Sequence[str], shown: Iterable[str]) -> set[InstructionOf]:
    """The codes that ``predicted`` codes require and that are not among those ``shown``."""
    asked = {(asking, place) for asking in predicted for place in range(len(_instructions(asking)))}
    for code in shown:
        asked.difference_update(met_by(code, (asking for asking in predicted if asking != code)))
    return asked


def met_by(code: str, predicted: Iterable[str]) -> Iterator[InstructionOf]:
    """The instructions of the ``predicted`` codes that require a code, in their order."""
    for asking in predicted:
        for place in _asking(asking, code):
            yield asking, place


@lru_cache(maxsize=200_000)
def _asking(asking: str, code: str) -> tuple[int, ...]:
    """The instructions of a code that require another one."""
    plain = code.replace(".", "")
    return tuple(place for place, one in enumerate(_instructions(asking)) if one.asked.includes(plain))


@lru_cache(maxsize=10_000)
def _instructions(code: str) -> tuple[Instruction, ...]:
    """The codes that an ICD-10-CM code requires, by the guidelines and by the tabular list at and above it."""
    told = [Instruction(one, one.reason) for one in companions_of(code)]
    for kind, called in _CALLED.items():
        for note in notes(code, kind):
            place = f"chapter {note.place}" if note.place.isdigit() else note.place
            told.append(Instruction(note, f"{called}: note at {place}"))
    return tuple(told)
