"""How codes are written: the pair (system, code), its key, and the dotted and undotted forms."""

import re
from typing import NamedTuple

from icdbridge.codes.declaration import Declaration
from icdbridge.codes.systems import (
    SYSTEMS,
    VERSION_NAMES,
    VERSIONS,
    declaration,
    kept_by_code,
    known_systems,
    system_called,
    version_of,
)
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

    @property
    def declaration(self) -> Declaration:
        """What is known of its system: kind, URI, shape, label."""
        return declaration(self.system)

    @property
    def category(self) -> "Code":
        """The category that it belongs to: ``I21`` of ``I21.4``, ``0JH`` of ``0JH60DZ``."""
        return Code(self.system, self.declaration.category_of(self.code))


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_VERSION_CALLED = {called: version for version, names in VERSION_NAMES.items() for called in names}
# The name of a system or version before a code: "ICD-10: I10".
_NAMED = re.compile(r"(ICD[ -]?(?:9|10)(?:[ -]?(?:CM|PCS|PROC))?)(?: *[:#] *| +)(?=\S)", re.IGNORECASE)


@kept_by_code(1_000)
def system_named(name: str) -> str:
    """The code system that a name means in any spelling (``ICD-10-CM``, ``ICD10CM``); one of the user's own as it is.

    Raises ``InputError`` for the name of a version, and for what can name no system.
    """
    called = _called(name)
    if known := system_called(called):
        return known
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
    near = next((known for known in SYSTEMS if _one_off(called, known)), None)
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
    return system_called(_called(name))


@kept_by_code(1_000)
def version_named(name: str) -> str:
    """The version that a name means in any spelling (``ICD-10``, ``10``); one of the user's own as it is.

    Raises ``InputError`` for the name of a code system of a version.
    """
    called = _called(name)
    if called in _VERSION_CALLED:
        return _VERSION_CALLED[called]
    system = system_called(called)
    if system and version_of(system) == system:
        return system
    if system:
        raise InputError(
            f"{name[:40]!r} is a code system of version {version_of(system)}: give {version_of(system)} as version"
        )
    return name


def _called(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(name).text.lower())


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
    if system not in known_systems():
        system = system_named(system)
    known = declaration(system)
    plain = (text if text.isascii() else fold(text).text).strip().upper()
    if known.marks:
        plain = plain.rstrip(f"{known.marks} ")
    if len(parts := known.parts(plain)) > 1:
        signs = [sign for sign in plain if sign in known.joined]
        codes = [parse_code(part, system).code for part in parts]
        return Code(system, codes[0] + "".join(map("".join, zip(signs, codes[1:], strict=True))))
    if known.shape is None:
        if len(plain.split()) != 1:
            raise InputError(f"{text!r} is not a code of {system}: expected {known.expected}")
        return Code(system, plain)
    if not plain.isalnum():
        plain = _bare(plain, text, known)
    written = plain if "." in plain else known.with_dot(plain)
    if not known.shape.fullmatch(written):
        raise InputError(f"{text!r} is not a code of {system}: expected {known.expected}")
    return Code(system, written)


def _bare(plain: str, text: str, known: Declaration) -> str:
    """A code without the name of its system before it, and without blanks around its dot."""
    before, colon, rest = plain.partition(":")
    if colon and system_called(_called(before)) == known.name:
        plain = rest.strip()
    elif named := _NAMED.match(plain):
        called = _called(named[1])
        if called not in (known.name, *known.called, *VERSION_NAMES.get(known.version, ())):
            raise InputError(f"{text!r} is not a code of {known.name}: it says {named[1]}")
        plain = plain[named.end() :]
    return re.sub(r" *\. *", ".", plain).removesuffix(".")


def undotted(code: Code) -> str:
    """The code without its dot (``I214``, ``4280``, ``9671``); codes of the user's own stay as they are."""
    return code.declaration.without_dot(code.code)


def shorter(code: Code) -> Code | None:
    """The code without its last character (``I21.4`` gives ``I21``); None where no category is left."""
    above = code.declaration.shorter(code.code)
    return Code(code.system, above) if above else None


def category_of(key: str) -> str:
    """The category of a code, both as keys: ``icd10cm:I21`` of ``icd10cm:I21.4``. The key is not checked."""
    system, _, code = key.partition(":")
    return f"{system}:{declaration(system).category_of(code)}"
