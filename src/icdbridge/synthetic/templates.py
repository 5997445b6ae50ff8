"""Templates: ``{3-9}`` is a random number, ``{a|b}`` one of several, ``{@date}`` a mark."""

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from icdbridge.packed import packed_records

T = TypeVar("T")
Marks = Callable[[str, random.Random], str]  # a mark's name ("date") -> text as the hospital de-identifies it
_GAP = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+(?:\.\d)?)-(\d+(?:\.\d)?)")


def pick(items: Sequence[T], rng: random.Random) -> T:
    """One of the items; several times faster than ``rng.choice``."""
    return items[int(rng.random() * len(items))]


class Template:
    """Text with gaps; ``fill`` gives it with other numbers, choices and marks each time."""

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        # Each part is literal text, a mark's name after "@", choices, or the bounds and step of a number.
        self._parts: list[str | tuple[str, ...] | tuple[float, float, bool]] = []
        for number, part in enumerate(_GAP.split(text)):
            if number % 2 == 0 or part.startswith("@"):
                self._parts.append(part)
            elif bounds := _RANGE.fullmatch(part):
                self._parts.append((float(bounds[1]), float(bounds[2]), "." in part))
            else:
                self._parts.append(tuple(part.split("|")))

    def fill(self, rng: random.Random, marks: Marks) -> str:
        if len(self._parts) == 1:
            return self._parts[0]  # type: ignore[return-value]
        filled = []
        for part in self._parts:
            if isinstance(part, str):
                filled.append(marks(part[1:], rng) if part[:1] == "@" else part)
            elif isinstance(part[0], str):
                filled.append(part[int(rng.random() * len(part))])
            else:
                low, high, decimal = part
                value = low + rng.random() * (high - low)
                filled.append(f"{value:.1f}" if decimal else str(int(value + 0.5)))
        return "".join(filled)


@cache
def phrases() -> dict[str, list[Template]]:
    """The sentences of phrases.csv by the part of the note that they belong to."""
    found: dict[str, list[Template]] = {}
    for row in packed_records(__package__, "phrases.csv"):
        found.setdefault(row["part"], []).append(Template(row["text"]))
    return found
