"""How codes are written: the pair (system, code), its key, and the dotted and undotted forms."""

import re
from typing import NamedTuple

from icdbridge.errors import InputError


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
SYSTEM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def version_of(system: str) -> str:
    """The version that a system belongs to; a system of the user's own is a version of its own name."""
    return _VERSION_OF.get(system, system)


def parse_key(key: str) -> Code:
    """Reads a key such as ``icd10cm:I21.4``; ``InputError`` when it is not one."""
    system, colon, text = key.partition(":")
    if not colon or not SYSTEM_NAME.fullmatch(system):
        raise InputError(f"{key!r} is not a code key: expected system:code, such as icd10cm:I21.4")
    return parse_code(text, system)


def parse_code(text: str, system: str) -> Code:
    """Reads a code in dotted or undotted form, any case, with blanks around it or a trailing dot.

    Codes of a system of the user's own are any text without blanks, kept as written but in upper case.
    Raises ``InputError`` naming the code, the system and the shape expected.
    """
    shape = _SHAPES.get(system)
    plain = text.strip().upper()
    if shape is None:
        if len(plain.split()) != 1:
            raise InputError(f"{text!r} is not a code of {system}: expected text without blanks")
        return Code(system, plain)
    plain = plain.removesuffix(".")
    written = plain if "." in plain else dotted(plain, system)
    if not shape.pattern.fullmatch(written):
        raise InputError(f"{text!r} is not a code of {system}: expected {shape.expected}")
    return Code(system, written)


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
