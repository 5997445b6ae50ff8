"""Codes and names that a request gives: which are meant, and what is answered where none is (422)."""

from collections.abc import Callable, Sequence

from icdbridge.codes import Code, describe, known_systems, parse_code, system_named
from icdbridge.codes.gate import existing, nearest
from icdbridge.errors import InputError
from icdbridge.server.problems import field_problem, refusing
from icdbridge.server.request_schemas import ChosenCode, CodeIn, GivenCode


def spelt(name: str, named: Callable[[str], str]) -> str:
    """A system or version in its own spelling, if the name means one."""
    try:
        return named(name)
    except InputError:
        return name


def code_set(given: Sequence[CodeIn | ChosenCode]) -> dict[Code, str]:
    """Codes with their descriptions, their own or else the title."""
    codes: dict[Code, str] = {}
    for number, one in enumerate(given):
        own = (one.description or "").strip()
        # to choose from with a description of its own, a code may be of a release that is not installed
        code = existing_code(one, f"body.codes.{number}", titled=isinstance(one, CodeIn) and bool(own))
        description = own or describe(code).text
        if codes.setdefault(code, description) != description:
            raise field_problem(f"body.codes.{number}", "this code was given with another description")
    return codes


def existing_code(given: GivenCode, where: str, titled: bool = False) -> Code:
    """The code that is meant, if it is one of its system and, unless it is ``titled``, some release has it."""
    with refusing(f"{where}.system", "a version, or no name of a code system"):
        system = system_named(given.system)
    try:
        return parse_code(given.code, system) if titled else existing(given.code, system)
    except InputError as error:
        near = nearest(given.code, system) if system in known_systems() else None
        hint = f": did you mean {near.code}?" if near else ""
        raise field_problem(f"{where}.code", f"no code of this system{hint}") from error
