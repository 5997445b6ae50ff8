"""The codes to check: the meaning of each text, and what was said beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from icdbridge.codes import Code, parse_key, systems_of, undotted, version_named, version_of
from icdbridge.codes.gate import Standing, assignable, standing
from icdbridge.codes.respelling import parsed
from icdbridge.codes.systems import VERSIONS, known_systems
from icdbridge.codes.validity import LAST_DAY
from icdbridge.errors import InputError

_ORDER: tuple[Standing, ...] = ("billable", "retired", "category", "unlisted", "own", "unknown")


@dataclass(frozen=True)
class Given:
    """A code as it is given: ``poa`` is its present-on-admission indicator, ``certainty`` what the note says of it."""

    text: str
    poa: str | None = None
    certainty: str | None = None


@dataclass(frozen=True)
class CodeSet:
    """``read``: what each text means, None for no code's shape; the first is the principal diagnosis if ``ordered``."""

    given: Sequence[Given]
    read: Sequence[Code | None]
    ordered: bool
    version: str

    @cached_property
    def codes(self) -> list[Code]:
        """The different codes that exist, sorted."""
        return sorted({code for code in self.read if code and standing(code) != "unknown"})

    @cached_property
    def diagnoses(self) -> dict[str, str]:
        """The ICD-10-CM codes among them, dotted -> undotted."""
        return {code.code: undotted(code) for code in self.codes if code.system == "icd10cm"}

    @property
    def principal(self) -> Code | None:
        """The first code, where the order says so."""
        return self.read[0] if self.ordered and self.read else None


def known_version(name: str) -> str:
    """The version of a name; ``InputError`` where no code system is of it."""
    version, known = version_named(name), dict.fromkeys(map(version_of, known_systems()))
    if version not in known:
        raise InputError(f"unknown version {name[:40]!r}: expected one of {', '.join(known)}")
    return version


def version_meant(given: Iterable[Given], day: date | None) -> str:
    """The default version of a set: that of your own system if each text names it (``icd10gm:I10.00``), else the one in
    force on the day.
    """
    keyed = [_keyed(one.text) for one in given]
    named = {version_of(code.system) if code else "" for code in keyed}
    if len(named) == 1 and not named & {"", *VERSIONS}:
        return named.pop()
    return "icd9" if day is not None and day <= LAST_DAY["icd9"] else "icd10"


def read_set(given: Iterable[Given], version: str, ordered: bool) -> CodeSet:
    """Reads each text as a code of the version's systems, or of the system that it names (``icd9cm:428.0``)."""
    several = list(given)
    return CodeSet(several, [meant(one.text, version) for one in several], ordered, version)


def meant(text: str, version: str) -> Code | None:
    """The code that a text means: of several of the version's systems that fit the one that is billable; of another
    version only where this one has nothing. ``E11.-`` is E11, as the tabular list writes it.
    """
    if keyed := _keyed(text):
        return keyed
    text = text.rstrip(".-") or text
    here: list[Code] = []
    for name in systems_of(version):
        if code := parsed(text, name):
            if standing(code) == "billable":
                return code
            here.append(code)
    if any(standing(code) != "unknown" for code in here):
        return min(here, key=lambda code: _ORDER.index(standing(code)))
    others = (name for name in known_systems() if version_of(name) != version)
    there = [code for name in others if (code := parsed(text, name)) and assignable(code)]
    return there[0] if there else here[0] if here else None


def _keyed(text: str) -> Code | None:
    """The code of a text that names its system."""
    try:
        return parse_key(text.strip()) if ":" in text else None
    except InputError:
        return None
