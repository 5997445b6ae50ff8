"""Looking up, validating, expanding and translating codes as FHIR R4 asks for it, over all known systems and releases.

Operations: https://hl7.org/fhir/R4/terminology-service.html
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from icdbridge.codes import Code, CodeSystem, crosswalk, declaration, known_systems, load_system
from icdbridge.codes.crosswalks import PAIRS, GemEntry, crosswalk_back
from icdbridge.codes.naming import names
from icdbridge.codes.validity import validity
from icdbridge.coding.fhir import EXTENSION
from icdbridge.errors import InputError
from icdbridge.knowledge.search import find
from icdbridge.knowledge.search.opening import indexed
from icdbridge.knowledge.successors import predecessors, successors
from icdbridge.server.searching import NOT_INDEXED
from icdbridge.server.terminology.entries import (
    coding,
    entry_asked,
    parameters,
    release_asked,
    systems_of_uri,
)
from icdbridge.server.terminology.parameters import OperationOutcome, Parameters

PAGE, MOST = 100, 1_000  # codes of an expansion, by default and at most
MOST_FOUND = 200  # codes that a filter finds
MAP = f"{EXTENSION}gem"
CODE_PARAMETERS = ("system", "url", "code", "version", "date", "display")
EXPAND_PARAMETERS = ("url", "filter", "count", "offset", "date", "system-version")
TRANSLATE_PARAMETERS = ("url", "system", "code", "version", "display", "target", "targetsystem", "reverse")


def lookup(asked: Parameters) -> dict[str, Any]:
    """``CodeSystem/$lookup``. Raises ``OperationOutcome`` where no release has the code."""
    found = entry_asked(asked)
    table, code = found.table, found.code
    known: list[tuple[str, str | bool]] = [("billable", found.billable), ("inactive", not found.current)]
    known.append(("kind", declaration(code.system).kind))
    if above := table.parent(code.code):
        known.append(("parent", above))
    known += [("child", child) for child in table.children(code.code)]
    if valid := validity(code):
        days = ("effectiveDate", valid.period.start), ("retirementDate", valid.period.end)
        known += [(name, day.isoformat()) for name, day in days if day]
    known += [("replacedBy", one.code.code) for one in successors(code)]
    known += [("replaces", one.code.code) for one in predecessors(code)]
    other = dict.fromkeys(name.text for name in names(code) if name.text != found.title)
    return parameters(
        ("name", "valueString", declaration(code.system).label),
        ("version", "valueString", table.release),
        ("display", "valueString", found.title),
        *(("designation", None, [("value", "valueString", text)]) for text in other),
        *(("property", None, [("code", "valueCode", name), _property_value(value)]) for name, value in known),
    )


def validate_code(asked: Parameters) -> dict[str, Any]:
    """``CodeSystem/$validate-code`` and ``ValueSet/$validate-code``: whether the release asked for has the code.

    A category is valid, and said to be one. A display is right where it is a name of the code.
    """
    try:
        found = entry_asked(asked)
    except OperationOutcome as refused:
        if refused.issue != "code-invalid":
            raise
        return parameters(("result", "valueBoolean", False), ("message", "valueString", refused.text))
    told = []
    display = asked.text("display")
    own = {_same(text) for text in (found.title, *(one.text for one in names(found.code)))}
    named = display is None or _same(display) in own
    if not found.current:
        last = f"the newest that does is {found.table.release}"
        told.append(f"release {release_asked(found.code.system, asked)} does not have this code: {last}")
    if not named:
        told.append("the display is no name of this code")
    if not found.billable:
        told.append("this is a category, not a billable code")
    result = found.current and named
    message = [("message", "valueString", "; ".join(told))] if told else []
    return parameters(("result", "valueBoolean", result), *message, ("display", "valueString", found.title))


def expand(asked: Parameters) -> dict[str, Any]:
    """``ValueSet/$expand``: codes found by ``filter`` as people type, or all of one system, a page at a time.

    ``url`` is that of a system, also with ``?fhir_vs`` or ``/vs`` behind it; without one a filter looks through all.
    """
    url = asked.text("url")
    systems = systems_of_uri(url, "url") if url else list(known_systems())
    count, offset = asked.number("count", PAGE, MOST), asked.number("offset", 0, 10**9)
    text = asked.text("filter")
    if text is None and url is None:
        raise OperationOutcome(422, "too-costly", "give a filter, or the url of one code system")
    tables = {name: load_system(name, release_asked(name, asked)) for name in systems}
    total = None
    if text is None:
        every = [(name, code) for name, table in tables.items() for code in table.listed]
        total, page = len(every), every[offset : offset + count]
    else:
        wanted = min(offset + count, MOST_FOUND)
        hits = _found(text, systems, max(wanted, 1))
        every = [(hit.system, hit.code) for hit in hits if tables[hit.system].title(hit.code)]
        page = every[offset:wanted]
    expansion: dict[str, Any] = {
        "identifier": f"urn:uuid:{uuid.uuid4()}",
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "offset": offset,
        "parameter": [
            {"name": "version", "valueUri": f"{uri}|{release}"}
            for uri, release in dict.fromkeys((declaration(n).uri, t.release) for n, t in tables.items())
        ],
        "contains": [_contained(tables[name], code) for name, code in page],
    }
    if total is not None:
        expansion["total"] = total
    given = {"url": url} if url else {}
    return {"resourceType": "ValueSet", **given, "status": "active", "expansion": expansion}


def translate(asked: Parameters) -> dict[str, Any]:
    """``ConceptMap/$translate``: by the General Equivalence Mappings. Codes that stand for the source only together
    are products of each other, with their scenario; ``reverse`` asks which codes lead to this one.
    """
    code = entry_asked(asked).code
    wanted = asked.text("targetsystem") or asked.text("target")
    targets = systems_of_uri(wanted, "targetsystem") if wanted else list(known_systems())
    entries: list[tuple[str, GemEntry]] = []
    for source, target in PAIRS:
        if asked.flag("reverse") and target == code.system and source in targets:
            entries += [
                (f"{MAP}-{source}-{target}", entry._replace(target=Code(source, written)))
                for written, entry in crosswalk_back(source, target).get(code.code, ())
            ]
        elif not asked.flag("reverse") and source == code.system and target in targets:
            entries += [
                (f"{MAP}-{source}-{target}", entry) for entry in crosswalk(source, target).get(code.code, ())
            ]
    told = [] if entries else [("message", "valueString", "the mappings lead nowhere from this code")]
    matches = [("match", None, _match(place, entry, entries)) for place, entry in entries]
    return parameters(("result", "valueBoolean", bool(entries)), *told, *matches)


def _match(place: str, entry: GemEntry, entries: Sequence[tuple[str, GemEntry]]) -> list[Any]:
    others = [
        other.target
        for _, other in entries
        if entry.combination and other.scenario == entry.scenario and other.choice_list != entry.choice_list
    ]
    flags = [("combination", "valueBoolean", True), ("scenario", "valueInteger", entry.scenario),
             ("choiceList", "valueInteger", entry.choice_list)] if entry.combination else []  # fmt: skip
    equivalence = "inexact" if entry.approximate or entry.combination else "equivalent"
    return [
        ("equivalence", "valueCode", equivalence),
        ("concept", "valueCoding", coding(entry.target)),
        *(("product", None, _product(other)) for other in others),
        ("source", "valueUri", place),
        *flags,
    ]


def _found(text: str, systems: Sequence[str], limit: int) -> list[Code]:
    if not indexed():
        raise OperationOutcome(503, "transient", NOT_INDEXED)
    try:
        return [hit.code for hit in find(text, systems, limit).hits]
    except InputError as error:
        told = "parameter filter has no word: give words of a title, or how a code begins"
        raise OperationOutcome(400, "invalid", told) from error


def _contained(table: CodeSystem, code: str) -> dict[str, Any]:
    return {
        "system": declaration(table.name).uri,
        "version": table.release,
        "code": code,
        "display": table.title(code),
        **({} if code in table.titles else {"abstract": True}),
    }


def _property_value(value: str | bool) -> tuple[str, str, Any]:
    return ("value", "valueBoolean", value) if isinstance(value, bool) else ("value", "valueString", value)


def _same(text: str) -> str:
    return " ".join(text.casefold().split())


def _product(code: Code) -> list[Any]:
    return [("element", "valueUri", declaration(code.system).uri), ("concept", "valueCoding", coding(code))]
