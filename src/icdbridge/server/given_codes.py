"""Codes and names that a request gives: which are meant, and what is answered where none is (422)."""

from collections.abc import Callable, Sequence

from icdbridge.codes import Code, describe, known_systems, parse_code, system_named
from icdbridge.codes.gate import existing, nearest
from icdbridge.errors import InputError
from icdbridge.server.problems import field_problem
from icdbridge.server.request_schemas import ChosenCode, CodeIn


def spelt(name: str, named: Callable[[str], str]) -> str:
    """A system or version in its own spelling, if the name means one."""
    try:
        return named(name)
    except InputError:
        return name


def code_set(given: Sequence[CodeIn]) -> dict[str, str]:
    """Codes to choose from, key to description."""
    codes: dict[str, str] = {}
    for number, one in enumerate(given):
        # with a description of its own a code may be of a release that is not installed
        code = existing_code(one, f"body.codes.{number}", titled=bool((one.description or "").strip()))
        description = (one.description or "").strip() or describe(code).text
        if codes.setdefault(str(code), description) != description:
            raise field_problem(f"body.codes.{number}", "this code was given with another description")
    return codes


def existing_code(given: CodeIn | ChosenCode, where: str, titled: bool = False) -> Code:
    """The code that is meant, if it is one of its system and, unless it is ``titled``, some release has it."""
    try:
        system = system_named(given.system)
    except InputError as error:
        raise field_problem(f"{where}.system", "a version, or no name of a code system") from error
    try:
        return parse_code(given.code, system) if titled else existing(given.code, system)
    except InputError as error:
        near = nearest(given.code, system) if system in known_systems() else None
        hint = f": did you mean {near.code}?" if near else ""
        raise field_problem(f"{where}.code", f"no code of this system{hint}") from error
