"""Codes that require another one: "use additional code", "code first" and the guidelines, as a table."""

from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.packed_tables import read_csv


class Companion(NamedTuple):
    """Codes that begin with ``first`` require one that begins with ``then``; of drugs those with a 6th character of
    ``sixth``, which tells poisoning, adverse effect and underdosing apart.
    """

    first: tuple[str, ...]
    then: tuple[str, ...]
    reason: str
    sixth: str = ""

    def is_of(self, code: str) -> bool:
        """Whether it is an instruction of a code."""
        return code.startswith(self.first) and self._fits(code.replace(".", ""))

    def includes(self, plain: str) -> bool:
        """Whether it requires a code, given without dot."""
        return plain.startswith(tuple(one.replace(".", "") for one in self.then)) and self._fits(plain)

    def _fits(self, plain: str) -> bool:
        return not self.sixth or not "T36" <= plain[:3] <= "T50" or plain[5:6] in self.sixth


@cache
def asking_for(code: str) -> tuple[Companion, ...]:
    """The instructions that require a code."""
    return tuple(one for one in _companions() if one.includes(code.replace(".", "")))


def companions_of(code: str) -> tuple[Companion, ...]:
    """The instructions of a code that require others."""
    return tuple(one for one in _companions() if one.is_of(code))


@cache
def asked_by(code: str) -> tuple[str, ...]:
    """Beginnings of the codes that a code requires."""
    return tuple(dict.fromkeys(then for one in _companions() if one.is_of(code) for then in one.then))


def history_of(code: str) -> str | None:
    """The code of a past disease (``history.csv``); None where it has none of its own."""
    return next((then for first, then in _histories() if code.startswith(first)), None)


def codes_in(text: str) -> tuple[str, ...]:
    """Codes and beginnings of codes from a cell of a table ("E08.-;E11.-")."""
    return tuple(one.strip().rstrip("-").rstrip(".") for one in text.split(";") if one.strip())


@cache
def _companions() -> list[Companion]:
    rows = read_csv("companions")
    return [
        Companion(codes_in(row["if"]), codes_in(row["then"]), row["source"], row["sixth"]) for row in rows
    ]


@cache
def _histories() -> list[tuple[tuple[str, ...], str]]:
    return [(codes_in(row["if"]), row["then"]) for row in read_csv("history")]
