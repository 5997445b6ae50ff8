"""How codes are written: the pair (system, code), its key, and the dotted and undotted forms."""

import re
from functools import lru_cache
from typing import NamedTuple

from icdbridge.errors import InputError
from icdbridge.folding import fold


class Code(NamedTuple):
    """One code of one system; ``code`` is in its dotted form, upper case. ``str`` gives the key.

    The system belongs to the code: 1,593 undotted strings are both an ICD-9-CM diagnosis and a procedure.
    """

    system: str
    code: str

    def __str__(self) -> str:
        return f"{self.system}:{self.code}"


class _Shape(NamedTuple):
    pattern: re.Pattern[str]  # of the dotted form
    expected: str  # in words, for people


# Categories and cut-off codes are accepted too, because real corpora carry them (ICD-9 599.7, PCS BW20).
_SHAPES = {
    "icd9cm": _Shape(
        re.compile(r"(?:[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?|E[0-9]{3}(?:\.[0-9])?"),
        "3 digits, V and 2 digits or E and 3 digits, a dot and more digits, such as 428.0, V45.81, E812.0",
    ),
    "icd9proc": _Shape(
        re.compile(r"[0-9]{2}(?:\.[0-9]{1,2})?"),
        "2 digits, then a dot and up to 2 more digits, such as 96.71",
    ),
    "icd10cm": _Shape(  # the second character is a digit, but for QA0, new in FY2026
        re.compile(r"(?:[A-Z][0-9]|QA)[0-9A-Z](?:\.[0-9A-Z]{1,4})?"),
        "a letter, a digit and a third character, then a dot and up to 4 more characters, such as I21.4",
    ),
    "icd10pcs": _Shape(
        re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{2,6}"),
        "a section (a digit or B-D, F-H, X), then 2 to 6 digits or letters but I and O, such as 0JH60DZ",
    ),
}

VERSIONS: dict[str, tuple[str, ...]] = {"icd9": ("icd9cm", "icd9proc"), "icd10": ("icd10cm", "icd10pcs")}
_VERSION_OF = {system: version for version, systems in VERSIONS.items() for system in systems}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# What people call the systems and versions, without blanks and signs, in lower case.
_SYSTEM_NAMES = {
    "icd9cm": ("icd9cm", "9cm", "icd9dx", "icd9cmdx", "icd9diagnoses", "icd9cmdiagnoses"),
    "icd9proc": (
        "icd9proc",
        "icd9px",
        "icd9pcs",
        "icd9cmproc",
        "icd9procedures",
        "icd9cmprocedures",
        "icd9cmv3",
    ),
    "icd10cm": ("icd10cm", "10cm", "icd10dx", "icd10cmdx", "icd10diagnoses"),
    "icd10pcs": ("icd10pcs", "10pcs", "pcs", "icd10px", "icd10proc", "icd10procedures"),
}
_VERSION_NAMES = {"icd9": ("icd9", "9"), "icd10": ("icd10", "10", "icd10cmpcs", "icd10us")}
_SYSTEM_CALLED = {called: system for system, names in _SYSTEM_NAMES.items() for called in names}
_VERSION_CALLED = {called: version for version, names in _VERSION_NAMES.items() for called in names}
# The name of a system or version before a code: "ICD-10: I10".
_NAMED = re.compile(r"(ICD[ -]?(?:9|10)(?:[ -]?(?:CM|PCS|PROC))?)(?: *[:#] *| +)(?=\S)", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def system_named(name: str) -> str:
    """The code system that a name means in any spelling (``ICD-10-CM``, ``ICD10CM``); one of the user's own as it is.

    Raises ``InputError`` for the name of a version, and for what can name no system.
    """
    called = _called(name)
    if called in _SYSTEM_CALLED:
        return _SYSTEM_CALLED[called]
    if called in _VERSION_CALLED:
        systems = VERSIONS[_VERSION_CALLED[called]]
        raise InputError(
            f"{name[:40]!r} is a version, no code system: its systems are {' and '.join(systems)}"
        )
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:40]!r} cannot name a code system: use a letter, then letters, digits, _ or -"
        )
    # another letter may be another system (icd10gm, icd10am, icd11), one too few or too many is none
    near = next((known for known in _VERSION_OF if _one_off(called, known)), None)
    if near:
        raise InputError(
            f"{name[:40]!r} is no known code system: did you mean {near}? give one of your own another name"
        )
    return name


def _one_off(name: str, known: str) -> bool:
    """Whether a letter or digit is missing, too much or exchanged with its neighbour."""
    places = range(len(known))
    return (
        name in {known[:i] + known[i + 1 :] for i in places}
        or known in {name[:i] + name[i + 1 :] for i in range(len(name))}
        or name in {known[:i] + known[i + 1 : i + 2] + known[i] + known[i + 2 :] for i in places}
    )


def known_system(name: str) -> str | None:
    """The known code system that a name means in any spelling, None for all else, such as a path."""
    return _SYSTEM_CALLED.get(_called(name))


@lru_cache(maxsize=1_000)
def version_named(name: str) -> str:
    """The version that a name means in any spelling (``ICD-10``, ``10``); one of the user's own as it is.

    Raises ``InputError`` for the name of a code system of a version.
    """
    called = _called(name)
    if called in _VERSION_CALLED:
        return _VERSION_CALLED[called]
    if called in _SYSTEM_CALLED:
        system = _SYSTEM_CALLED[called]
        raise InputError(
            f"{name[:40]!r} is a code system of version {version_of(system)}: give {version_of(system)} as version"
        )
    return name


def _called(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(name).text.lower())


def version_of(system: str) -> str:
    """The version that a system belongs to; a system of the user's own is a version of its own name."""
    return _VERSION_OF.get(system, system)


def parse_key(key: str) -> Code:
    """Reads a key such as ``icd10cm:I21.4``; ``InputError`` when it is not one."""
    system, colon, text = key.partition(":")
    if not colon or not _called(system):
        raise InputError(f"{key!r} is not a code key: expected system:code, such as icd10cm:I21.4")
    return parse_code(text, system)


def parse_code(text: str, system: str) -> Code:
    """Reads a code in dotted or undotted form, any case, with blanks around it or its dot, a trailing dot, or its
    system's or version's name before it (``ICD-10: I10``). ``system`` may be spelt in any way.

    Codes of a system of the user's own are any text without blanks, kept as written but in upper case.
    Raises ``InputError`` naming the code, the system and the shape expected.
    """
    if system not in _SHAPES:
        system = system_named(system)
    shape = _SHAPES.get(system)
    plain = (text if text.isascii() else fold(text).text).strip().upper()
    if shape is None:
        if len(plain.split()) != 1:
            raise InputError(f"{text!r} is not a code of {system}: expected text without blanks")
        return Code(system, plain)
    if not plain.isalnum():
        plain = _bare(plain, text, system)
    written = plain if "." in plain else dotted(plain, system)
    if not shape.pattern.fullmatch(written):
        raise InputError(f"{text!r} is not a code of {system}: expected {shape.expected}")
    return Code(system, written)


def _bare(plain: str, text: str, system: str) -> str:
    """A code without the name of its system before it, and without blanks around its dot."""
    if named := _NAMED.match(plain):
        called = _called(named[1])
        if called not in (*_SYSTEM_NAMES[system], *_VERSION_NAMES[version_of(system)]):
            raise InputError(f"{text!r} is not a code of {system}: it says {named[1]}")
        plain = plain[named.end() :]
    return re.sub(r" *\. *", ".", plain).removesuffix(".")


def undotted(code: Code) -> str:
    """The code without its dot (``I214``, ``4280``, ``9671``); codes of the user's own stay as they are."""
    return code.code.replace(".", "") if code.system in _SHAPES else code.code


def shorter(code: Code) -> Code | None:
    """The code without its last character (``I21.4`` gives ``I21``); None where no category is left."""
    shape = _SHAPES.get(code.system)
    above = dotted(undotted(code)[:-1], code.system)
    return Code(code.system, above) if shape and shape.pattern.fullmatch(above) else None


def dotted(plain: str, system: str) -> str:
    """An undotted code of a published table, upper case, in its dotted form, unchecked: ``parse_code`` checks."""
    if system == "icd10pcs":
        return plain
    before = 2 if system == "icd9proc" else 4 if system == "icd9cm" and plain.startswith("E") else 3
    return f"{plain[:before]}.{plain[before:]}" if len(plain) > before else plain
