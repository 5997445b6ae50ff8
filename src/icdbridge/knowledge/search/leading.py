"""Equivalents and successors, in a system, of codes of other systems and earlier releases."""

from collections.abc import Iterator

from icdbridge.codes import CodeSystem, crosswalk, load_system, releases, undotted
from icdbridge.codes.code import Code
from icdbridge.codes.crosswalks import PAIRS
from icdbridge.knowledge.successors import successors


def leading(table: CodeSystem) -> Iterator[tuple[str, str, str, int, bool]]:
    """Codes of other systems and earlier releases, with the codes of this one that stand for them."""
    number = {code: place for place, code in enumerate(table.listed)}
    for source, target in (*PAIRS, ("icd10pcs", "icd9proc")):
        if target == table.name:
            here = load_system(source)
            for code, several in _targets(source, target).items():
                for other, exact in several.items():
                    if other in number:
                        title = here.title(code) or ""
                        yield source, undotted(Code(source, code)), title, number[other], exact
    for release in releases(table.name)[:-1]:
        old = load_system(table.name, release)
        for code, title in old.titles.items():
            if code not in table.titles:
                for one in successors(Code(table.name, code)):
                    yield table.name, undotted(Code(table.name, code)), title, number[one.code.code], False


def _targets(source: str, target: str) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    if (source, target) == ("icd10pcs", "icd9proc"):
        for code, entries in crosswalk(target, source).items():
            for entry in entries:
                found.setdefault(entry.target.code, {})[code] = not entry.approximate
        return found
    for code, entries in crosswalk(source, target).items():
        found[code] = {entry.target.code: not entry.approximate for entry in entries}
    return found
