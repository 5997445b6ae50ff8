"""The code that an operation is about, in the release that is meant, and FHIR's way of writing values down."""

from typing import Any, NamedTuple

from icdbridge.codes import Code, CodeSystem, declaration, known_systems, load_system, parse_code, releases
from icdbridge.codes.gate import nearest
from icdbridge.codes.validity import release_on
from icdbridge.errors import InputError
from icdbridge.server.terminology.parameters import OperationOutcome, Parameters


class Entry(NamedTuple):
    """A code as a release has it; ``current``: that is the release that was asked for."""

    table: CodeSystem
    code: Code
    title: str
    current: bool

    @property
    def billable(self) -> bool:
        return self.table.assigns(self.code.code)


def entry_asked(asked: Parameters) -> Entry:
    """The code that is asked for, as the release asked for has it, else the newest that has."""
    systems = systems_of_uri(asked.text("system") or asked.needed("url", "the system of the code"), "system")
    text = asked.needed("code", "which code is meant")
    for name in systems:
        try:
            code = parse_code(text, name)
        except InputError:
            continue
        release = release_asked(name, asked)
        for edition in (release, *reversed(releases(name))):
            table = load_system(name, edition)
            if title := table.title(code.code):
                return Entry(table, code, title, edition == release)
    near = next((one for name in systems if (one := nearest(text, name))), None)
    hint = f": the nearest that there is, is {near.code}" if near else ""
    raise OperationOutcome(404, "code-invalid", f"no release of this system has the code{hint}")


def systems_of_uri(uri: str, parameter: str) -> list[str]:
    """The known systems of a URI, or of the value set of all its codes: ICD-9-CM has one for both of its kinds."""
    uri = uri.removesuffix("?fhir_vs").removesuffix("/vs")
    found = [name for name in known_systems() if uri in (declaration(name).uri, name)]
    if not found:
        known = ", ".join(dict.fromkeys(declaration(name).uri for name in known_systems()))
        raise OperationOutcome(
            404, "not-found", f"parameter {parameter} names no code system here: expected one of {known}"
        )
    return found


def release_asked(system: str, asked: Parameters) -> str:
    """The release that is asked for by ``version`` or ``date``; else the newest."""
    known = releases(system)
    version = asked.text("version") or _version_of(system, asked.text("system-version"))
    if version is not None:
        if found := next((one for one in known if version in (one, one.removeprefix("FY"))), None):
            return found
        raise OperationOutcome(404, "not-found", f"no such release here: expected one of {', '.join(known)}")
    day = asked.day("date")
    return known[-1] if day is None else release_on(system, day)[0]


def _version_of(system: str, canonical: str | None) -> str | None:
    """The version of ``system-version`` (uri|version), where it speaks of this system."""
    uri, _, version = (canonical or "").partition("|")
    return version if version and uri == declaration(system).uri else None


def coding(code: Code) -> dict[str, Any]:
    title = load_system(code.system).title(code.code)
    shown = {"display": title} if title else {}
    return {"system": declaration(code.system).uri, "code": code.code, **shown}


def parameters(*several: tuple[str, str | None, Any]) -> dict[str, Any]:
    """A ``Parameters`` resource of (name, kind of value, value); without a kind the value is a list of parts."""
    return {"resourceType": "Parameters", "parameter": [_parameter(one) for one in several]}


def _parameter(one: tuple[str, str | None, Any]) -> dict[str, Any]:
    name, kind, value = one
    if kind is None:
        return {"name": name, "part": [_parameter(part) for part in value]}
    return {"name": name, kind: value}
