"""Everything known about one code, as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from icdbridge.codes import Code, CodeSystem, crosswalks, describe, parse_code, releases
from icdbridge.codes.validity import validity
from icdbridge.errors import InputError
from icdbridge.knowledge.successors import Succession, predecessors, successors


def code_records(text: str, editions: Iterable[CodeSystem]) -> list[dict[str, Any]]:
    """The records of what a text is in each system of the ``editions``, the newest of a system first, that has it."""
    having: dict[Code, list[CodeSystem]] = {}
    for edition in editions:
        try:
            code = parse_code(text, edition.name)
        except InputError:
            continue
        if edition.title(code.code) or edition.below(code.code):
            having.setdefault(code, []).append(edition)
    return [code_record(code, several) for code, several in having.items()]


def code_record(code: Code, editions: Sequence[CodeSystem]) -> dict[str, Any]:
    """Title, kind, releases, validity, predecessors and successors, path, synonyms, crosswalk.

    ``editions``: the releases that have the code, the newest first. ``valid``: the ``first`` and ``last`` release that
    has it as a billable code, and the days ``start`` and ``end`` (ISO; None if no release tells); None for a category.
    """
    newest = editions[0]
    return {
        "system": code.system,
        "code": code.code,
        "title": newest.title(code.code) or describe(code).text,
        "kind": _kind(newest, code.code),
        "label": newest.label,
        "version": newest.version,
        "release": newest.release,
        "releases": {edition.release: _kind(edition, code.code) for edition in reversed(editions)},
        "valid": _valid(code),
        "successors": _succession(successors(code)),
        "predecessors": _succession(predecessors(code)),
        "ancestors": [{"code": above, "title": newest.title(above)} for above in newest.ancestors(code.code)],
        "children": newest.children(code.code),
        "synonyms": list(newest.synonyms.get(code.code, ())),
        "crosswalk": _crosswalk(code),
    }


def _valid(code: Code) -> dict[str, str | None] | None:
    known = validity(code)
    if known is None:
        return None
    # of what the oldest release has, none tells when it came
    start = None if known.first == releases(code.system)[0] else known.period.start
    return {
        "first": known.first,
        "last": known.last,
        "start": start.isoformat() if start else None,
        "end": known.period.end.isoformat() if known.period.end else None,
    }


def _succession(several: Iterable[Succession]) -> list[dict[str, Any]]:
    return [
        {"code": one.code.code, "title": describe(one.code).text, "inferred": one.inferred} for one in several
    ]


def _crosswalk(code: Code) -> list[dict[str, Any]]:
    return [
        {**entry.target._asdict(), "title": describe(entry.target).text, "approximate": entry.approximate}
        | {"scenario": entry.scenario, "choice_list": entry.choice_list}
        for entry in crosswalks(code)
    ]


def _kind(edition: CodeSystem, code: str) -> str:
    return "code" if edition.assigns(code) else "category" if edition.title(code) else "unlisted"
