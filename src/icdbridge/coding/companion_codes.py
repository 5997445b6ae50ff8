"""What a code asks for beside it, by the guidelines and the tabular list."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from icdbridge.knowledge.companions import companions_of
from icdbridge.rules.tabular_notes import notes

_CALLED = {
    "codeFirst": "code first",
    "useAdditionalCode": "use additional code",
    "codeAlso": "code also",
}


class Asked(Protocol):
    """Which codes are asked for."""

    def includes(self, plain: str) -> bool: ...


class Instruction(NamedTuple):
    """What a code asks for: which codes (given without dot), and where that stands."""

    asked: Asked
    reason: str


def instruction_for(code: str, others: Iterable[str]) -> str | None:
    """The instruction by which one of the other codes of a note asks for a code."""
    return next((found for other in others if other != code and (found := _between(other, code))), None)


def still_asked(predicted: Sequence[str], shown: Iterable[str]) -> list[Asked]:
    """What the ``predicted`` codes ask for and no other code ``shown`` is."""
    there = [(code, code.replace(".", "")) for code in shown]
    return [
        one.asked
        for asking in predicted
        for one in _instructions(asking)
        if not any(one.asked.includes(plain) for code, plain in there if code != asking)
    ]


@lru_cache(maxsize=200_000)
def _between(asking: str, code: str) -> str | None:
    plain = code.replace(".", "")
    reason = next((one.reason for one in _instructions(asking) if one.asked.includes(plain)), None)
    return None if reason is None else f"goes with {asking} ({reason})"


@lru_cache(maxsize=10_000)
def _instructions(code: str) -> tuple[Instruction, ...]:
    """What an ICD-10-CM code asks for, by the guidelines and by the tabular list at and above it."""
    told = [Instruction(one, one.reason) for one in companions_of(code)]
    for kind, called in _CALLED.items():
        for note in notes(code, kind):
            place = f"chapter {note.place}" if note.place.isdigit() else note.place
            told.append(Instruction(note, f"{called}: note at {place}"))
    return tuple(told)
