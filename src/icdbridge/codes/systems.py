"""The code systems that are known: those of the installed packages, each declared here, and those of the user's own.

A system of your own is a file NAME.toml (``declare``) beside its tables; the command reads those in the folder that
``ICDBRIDGE_SYSTEMS`` names::

    label = "ICD-10-GM"
    uri = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
    shape = '[A-Z][0-9]{2}(\\.[0-9]{1,2})?'
    expected = "a letter, 2 digits, a dot and up to 2 more digits, such as I10.00"
    category = 3
    dotted = true
    [releases]
    2025 = "icd10gm-2025.csv"
    2026 = "icd10gm-2026.csv"
    [starts]
    2025 = 2025-01-01
    2026 = 2026-01-01

``starts``, the first day of each release, may be left out: then no code is too early or too late. Its tables have the
columns ``code`` and ``description`` and, if wanted, ``parent`` and ``synonyms`` (``read_code_table``). All else that is
known of a system is asked of its ``Declaration``.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from itertools import pairwise, starmap
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar, cast

from pydantic import Field

from icdbridge.codes.declaration import Declaration, Kind
from icdbridge.errors import InputError
from icdbridge.schema import Name, Strict, checked

_FILE = Path(__file__).parent / "data" / "systems.toml"


def _of_package(name: str, held: dict[str, Any]) -> Declaration:
    given = {"shape": re.compile(held["shape"]), "releases": dict.fromkeys(held["releases"])}
    return Declaration(name, **held | given | {"called": tuple(held["called"])})


_OF_PACKAGES = tuple(starmap(_of_package, tomllib.loads(_FILE.read_text("utf-8")).items()))
SYSTEMS = tuple(one.name for one in _OF_PACKAGES)  # that packages bring
VERSIONS = {"icd9": ("icd9cm", "icd9proc"), "icd10": ("icd10cm", "icd10pcs")}  # of these, with their systems
VERSION_LABELS = {"icd9": "ICD-9-CM", "icd10": "ICD-10-CM and ICD-10-PCS"}
# What people call the versions, without blanks and signs, in lower case.
VERSION_NAMES = {"icd9": ("icd9", "9"), "icd10": ("icd10", "10", "icd10cmpcs", "icd10us")}

_known = {one.name: one for one in _OF_PACKAGES}
_called = {called: one.name for one in _OF_PACKAGES for called in (one.name, *one.called)}


def declaration(system: str) -> Declaration:
    """What is known of a system; of one that nobody declared, what suits any."""
    return _known.get(system) or Declaration(system)


def known_systems() -> tuple[str, ...]:
    """The systems whose codes are known: those that packages bring, and those that were declared."""
    return tuple(_known)


def system_called(called: str) -> str | None:
    """The known system of a name without blanks and signs, in lower case."""
    return _called.get(called)


def version_of(system: str) -> str:
    """The version that a system belongs to; a system of the user's own is a version of its own name."""
    return declaration(system).version


def systems_of(version: str) -> tuple[str, ...]:
    """The systems of a version; a version that nobody knows has one of its own name."""
    return tuple(one.name for one in _known.values() if one.version == version) or (version,)


class _File(Strict):
    """What a declaration may hold."""

    label: Name
    version: Name = ""
    kind: Kind = "diagnosis"
    uri: Name = ""
    shape: Name | None = None
    expected: Name = "text without blanks"
    category: Annotated[int, Field(ge=0, le=100)] = 0
    dotted: bool = False
    marks: Name = ""
    joined: Name = ""
    releases: dict[Name, Name]
    starts: dict[Name, date] = Field(default_factory=dict)


P = ParamSpec("P")
T = TypeVar("T")
_kept: list[Callable[[], None]] = []  # forgets what is kept of each function


def kept_by_code(most: int | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Caches a function's results, ``most`` at most, until a system is declared or withdrawn, which may change them."""

    def keep(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(most)(function)
        _kept.append(cached.cache_clear)
        return cast(Callable[P, T], cached)

    return keep


def _forget() -> None:
    for forget in _kept:
        forget()


def declare(path: Path | str) -> Declaration:
    """Declares a code system by a file NAME.toml, so that every part of icdbridge knows NAME; see this module.

    Tables of ``releases`` are named from the file's folder. Do so before the system is first used. Raises
    ``InputError`` for a file at fault, and for a name that a known system has.
    """
    path = Path(path)
    try:
        held = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    found = checked(held, _File, path, "mend it")
    name = path.stem
    called = re.sub(r"[^a-z0-9]", "", name.lower())
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise InputError(
            f"{path}: the file's name names the system: use a lower-case letter, then letters, digits"
        )
    if _called.get(called, name) != name or name in SYSTEMS:
        raise InputError(f"{path}: {name} is a known code system: give yours another name")
    if found.version in VERSIONS:
        raise InputError(f"{path}: {found.version} is a version of known systems: give yours another")
    if found.dotted and not found.category:
        raise InputError(f"{path}: say by category how many characters stand before the dot")
    if not found.releases:
        raise InputError(f"{path} has no release: name the table of at least one below [releases]")
    try:
        shape = re.compile(found.shape) if found.shape else None
    except re.error as error:
        raise InputError(f"{path}, field shape: no regular expression: {error}") from error
    for table in found.releases.values():
        if not (path.parent / table).is_file():
            raise InputError(f"{path}, field releases: there is no file {path.parent / table}")
    check_starts(path, found.releases, found.starts)
    tables = {release: path.parent / table for release, table in found.releases.items()}
    held = found.model_dump() | {"shape": shape, "releases": tables}
    _known[name] = Declaration(name, **held)
    _called[called] = name
    _called.setdefault(re.sub(r"[^a-z0-9]", "", found.label.lower()), name)
    _forget()
    return _known[name]


def check_starts(path: Path, releases: Iterable[str], starts: Mapping[str, date]) -> None:
    """Refuses ``starts`` that name no release, that are not in the order of the releases, or that leave out one after
    the first: a release ends when the next one starts.
    """
    releases = list(releases)
    if other := next((one for one in starts if one not in releases), None):
        raise InputError(f"{path}, field starts: there is no release {other}")
    missing = [one for one in releases[1:] if one not in starts] if starts else []
    if missing:
        raise InputError(f"{path}, field starts: say the first day of {missing[0]} too")
    for one, next_one in pairwise(one for one in releases if one in starts):
        if starts[one] >= starts[next_one]:
            raise InputError(
                f"{path}, field starts: {next_one} does not start after {one}: list the releases oldest first"
            )


def declare_all(folder: Path | str) -> list[Declaration]:
    """Declares every NAME.toml of a folder; ``InputError`` where it holds none."""
    files: Iterable[Path] = sorted(Path(folder).glob("*.toml"))
    declared = [declare(file) for file in files]
    if not declared:
        raise InputError(f"{folder} holds no declaration of a code system (NAME.toml)")
    return declared


def withdraw(system: str) -> None:
    """Withdraws the declaration of a system of the user's own."""
    if system in SYSTEMS or system not in _known:
        return
    del _known[system]
    for called in [called for called, name in _called.items() if name == system]:
        del _called[called]
    _forget()
