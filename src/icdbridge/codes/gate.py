"""The gate for codes from outside: which code is meant, whether any release has it, and what version a column is of.

That a text has the shape of a code does not make it one: ICD-9's V45.81 (bypass) has the shape of an ICD-10 code, 8.45
is what a spreadsheet leaves of 008.45, and 250.0 is a category, or what it leaves of 250.00.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from icdbridge.codes.code import Code, parse_code, shorter, system_named
from icdbridge.codes.listing import read_listing
from icdbridge.codes.packages import load_system, releases
from icdbridge.codes.respelling import NUMBER, parsed, variants
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import (
    SYSTEMS,
    VERSION_LABELS,
    VERSIONS,
    declaration,
    kept_by_code,
    known_systems,
    systems_of,
    version_of,
)
from icdbridge.errors import InputError

Standing = Literal["billable", "retired", "category", "unlisted", "unknown", "own"]
_WORST: tuple[Standing, ...] = ("billable", "retired", "category", "unlisted", "unknown")
EXAMPLES = 3  # codes named in a message


@kept_by_code(200_000)
def standing(code: Code) -> Standing:
    """Where a code stands in the installed releases of its system.

    ``billable`` in the newest one; ``retired``: billable in an earlier one; ``category``: listed, but not billable;
    ``unlisted``: it has no entry, but codes begin with it; ``unknown``: no release has it; ``own``: of a system that no
    package brings.
    """
    if code.system not in known_systems():
        return "own"
    if len(parts := code.declaration.parts(code.code)) > 1:  # it stands as the worst of its parts
        return max((standing(Code(code.system, part)) for part in parts), key=_WORST.index)
    editions = [load_system(code.system, release) for release in reversed(releases(code.system))]
    if code.code in editions[0].titles:
        return "billable"
    if any(code.code in edition.titles for edition in editions):
        return "retired"
    if any(code.code in edition.headings for edition in editions):
        return "category"
    return "unlisted" if any(edition.below(code.code) for edition in editions) else "unknown"


def assignable(code: Code) -> bool:
    """Whether a code can be assigned, now or in an earlier release; a category cannot."""
    return standing(code) in ("billable", "retired")


def nearest(text: str, system: str) -> Code | None:
    """The existing code nearest to a text that is no existing code; None where nothing is near.

    It is the text with its zeros put back or letters read as digits, else the longest beginning of it that exists.
    """
    for _, code in variants(text, system):
        if standing(code) != "unknown":
            return code
    above = parsed(text, system)
    while above is not None and standing(above) == "unknown":
        above = shorter(above)
    return above


def existing(text: str, system: str) -> Code:
    """Reads one code that a person gives; ``InputError`` where it has another shape or no release has it.

    Codes of a system of the user's own exist.
    """
    try:
        code = parse_code(text, system)
    except InputError as error:
        near = nearest(text, system) if system in known_systems() else None
        raise InputError(f"{error}{f'; did you mean {near.code}?' if near else ''}") from error
    if standing(code) == "unknown":
        near = nearest(text, code.system)
        raise InputError(
            f"no release of {code.system} has {code.code}" + (f": did you mean {near.code}?" if near else "")
        )
    return code


class Spelling(NamedTuple):
    """A text as ``written`` in a column, how many times, and the code that it is read as or is nearest to."""

    written: str
    times: int
    code: Code | None


@dataclass
class ReadColumn:
    """What a column of codes was found to be.

    ``codes``: what each text that is let in means. ``repaired``: those of them whose zeros were put back; ``unknown``:
    those that no release has (retired long ago, or of a newer one), with the nearest that exists. Left out:
    ``foreign``, which exist only in the other version, and ``malformed``. ``ambiguous``: what may be two codes.
    """

    codes: dict[str, Code] = field(default_factory=dict)
    repaired: list[Spelling] = field(default_factory=list)
    unknown: list[Spelling] = field(default_factory=list)
    foreign: list[Spelling] = field(default_factory=list)
    malformed: list[Spelling] = field(default_factory=list)
    ambiguous: list[tuple[str, list[Code]]] = field(default_factory=list)


def let_in(written: Mapping[str, int], version: str, system: str | None = None) -> ReadColumn:
    """Reads all codes of a column at once: each text, and how often it stands there.

    ``version`` says of which systems they may be, ``system`` narrows that to one. Zeros that a spreadsheet took away
    are put back where the column shows that it did (no code has such zeros, codes that do not exist otherwise exist
    with them) and only one code is meant. Raises ``InputError`` where more of the codes exist in another version.
    """
    systems = (system,) if system else systems_of(version)
    column = ReadColumn()
    if not any(name in known_systems() for name in systems):
        for text, count in written.items():
            _sort(column, text, count, [code for name in systems if (code := parsed(text, name))])
        return column
    check_version(written, systems, version)
    others = [name for name in known_systems() if version_of(name) != version_of(systems[0])]
    dotted = any("." in text for text in written)
    eaten = _eaten(written, systems)
    for text, count in written.items():
        found = _readings(text, systems, dotted)
        repaired = _put_back(text, systems, eaten, found)
        if repaired:
            if len(repaired) == 1:
                column.repaired.append(Spelling(text, count, repaired[0]))
            found = repaired
        exists = any(standing(code) != "unknown" for code in found)
        other = None if exists else next((c for name in others if (c := _exists(text, name))), None)
        if other is not None:
            column.foreign.append(Spelling(text, count, other))
            continue
        _sort(column, text, count, found)
        if found and not exists:
            column.unknown.append(Spelling(text, count, nearest(text, found[0].system)))
    column.malformed = [
        one._replace(code=next((near for name in systems if (near := nearest(one.written, name))), None))
        for one in column.malformed
    ]
    return column


def check_version(written: Iterable[str], systems: Iterable[str], version: str) -> None:
    """Raises ``InputError`` where more of some codes exist in another version than in ``systems``, with counts."""
    here, there, examples = 0, dict.fromkeys((name for name in VERSIONS if name != version), 0), []
    texts = list(written)
    for text in texts:
        if any(_exists(text, name) for name in systems):
            here += 1
            continue
        for other in there:
            if found := [code for name in VERSIONS[other] if (code := _exists(text, name))]:
                there[other] += 1
                examples.append(f"{text} is {other} {found[0].code}")
    other, count = max(there.items(), key=lambda pair: pair[1], default=("", 0))
    if count > here:
        named = " and ".join(declaration(name).label for name in systems)
        raise InputError(
            f"of {len(texts):,} different codes {here:,} are in {named} and {count:,} only in {VERSION_LABELS[other]}, "
            f"such as {', '.join(text.partition(' ')[0] for text in examples[:EXAMPLES])}: "
            f"did you mean version {other}?"
        )


def read_code_table(path: Path | str, system: str) -> CodeSystem:
    """A code system of the user's own, or another release of a known one, from a table (``read_listing``).

    ``system`` is a known system (in any spelling), whose shape the codes then have to have, or any other name. The
    release is the file's name. Raises ``InputError`` as ``read_listing`` does, and where the codes of a known system
    are rather those of another version.
    """
    path, system = Path(path), system_named(system)
    table = read_listing(path, system, path.name, f"{system} of {path.name}")
    if system in SYSTEMS:
        check_version(table.titles, [system], table.version)
    return table


def named(spellings: Iterable[Spelling], means: str) -> str:
    """Some spellings as the end of a message: ``250.0 (8 times), nearest 250.00``."""
    shown = sorted(spellings, key=lambda one: (-one.times, one.written))
    parts = []
    for written, times, code in shown[:EXAMPLES]:
        text = written if len(written) <= 10 else f"({len(written)} characters)"
        often = f" ({times:,} times)" if times > 1 else ""
        parts.append(f"{text}{often}" + (f" {means} {code.code}" if code else ""))
    return "; ".join(parts) + (f"; and {len(shown) - EXAMPLES:,} more" if len(shown) > EXAMPLES else "")


def _sort(column: ReadColumn, text: str, count: int, found: list[Code]) -> None:
    if len(found) == 1:
        column.codes[text] = found[0]
    elif found:
        column.ambiguous.append((text, found))
    else:
        column.malformed.append(Spelling(text, count, None))


def _exists(text: str, system: str) -> Code | None:
    code = parsed(text, system)
    return code if code is not None and standing(code) != "unknown" else None


def _readings(text: str, systems: Iterable[str], dotted: bool) -> list[Code]:
    """The codes that a text may be. Where it has the shape of several, existing ones, codes before categories."""
    found = [code for name in systems if (code := parsed(text, name))]
    if len(found) < 2:
        return found
    # Where a column writes dots, 486 is a diagnosis, not the procedure 48.6.
    as_written = [code for code in found if code.code == text.strip().upper()]
    if dotted and len(as_written) == 1 and standing(as_written[0]) != "unknown":
        return as_written
    # A code that is cut off, of a system whose codes are of one length, needs its system's name.
    whole = [code for code in found if code.declaration.length in (None, len(code.code))] or found
    for kept in ([c for c in whole if assignable(c)], [c for c in whole if standing(c) != "unknown"]):
        if kept:
            return kept
    return whole[:1]


class _Eaten(NamedTuple):
    """Which zeros the column has lost."""

    leading: bool
    trailing: bool


def _eaten(written: Iterable[str], systems: Iterable[str]) -> _Eaten:
    numbers = [text for text in map(str.strip, written) if NUMBER.fullmatch(text)]
    leading = trailing = False
    if not any(text.startswith("0") for text in numbers):
        leading = any(
            not any(_exists(text, name) for name in systems) and _padded(text, systems) for text in numbers
        )
    if not any(re.fullmatch(r"[0-9]+\.[0-9]0", text) for text in numbers):
        lost = [text for text in numbers if _lengthened(text, systems)]
        others = [text for text in numbers if "." in text and text not in lost]
        whole = sum(
            any(map(assignable, _readings(t, systems, True))) or bool(_padded(t, systems)) for t in others
        )
        trailing = bool(lost) and whole >= 0.9 * len(others)
    return _Eaten(leading, trailing)


def _put_back(text: str, systems: Iterable[str], eaten: _Eaten, found: list[Code]) -> list[Code]:
    """The codes that a number may mean in a column that lost zeros; none where nothing was lost.

    Where it is a code as written too, that one is among them.
    """
    text = text.strip()
    if not NUMBER.fullmatch(text):
        return []
    if eaten.leading and (padded := _padded(text, systems)):
        return list(dict.fromkeys([*(code for code in found if assignable(code)), *padded]))
    return _lengthened(text, systems) if eaten.trailing else []


def _padded(text: str, systems: Iterable[str]) -> list[Code]:
    """The codes that a number becomes with zeros put in front."""
    pairs = (pair for name in systems for pair in variants(text, name))
    return [code for kind, code in pairs if kind == "leading" and assignable(code)]


def _lengthened(text: str, systems: Iterable[str]) -> list[Code]:
    """The codes that a number with one decimal becomes with a zero put behind, if it is no code as written."""
    if not re.fullmatch(r"[0-9]+\.[0-9]", text) or any(
        (code := parsed(text, name)) and assignable(code) for name in systems
    ):
        return []
    pairs = (pair for name in systems for pair in variants(text, name))
    return [code for kind, code in pairs if kind == "trailing" and assignable(code)]
