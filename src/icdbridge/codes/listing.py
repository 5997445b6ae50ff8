"""A code system as a table lists it: codes with descriptions, what lies above each, other wordings."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from icdbridge.codes.code import Code, parse_code
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import declaration
from icdbridge.errors import InputError
from icdbridge.tables import Column, Row, read_rows

_COLUMNS = [
    Column("code"),
    Column("description"),
    Column("synonyms", needed=False),
    Column("parent", needed=False),
]


def read_listing(path: Path, system: str, release: str, label: str) -> CodeSystem:
    """Reads any table (``read_rows``) with columns ``code``, ``description`` and, if wanted, ``synonyms``, ``parent``.

    Synonyms are separated by ``|``, or a list. Where rows name a ``parent``, that is the hierarchy: what is a parent
    is a category, all else may be assigned. Raises ``InputError`` naming file, row and column.
    """
    titles: dict[str, str] = {}
    synonyms: dict[str, tuple[str, ...]] = {}
    parents: dict[str, str] = {}
    rows: dict[str, Row] = {}
    for row in read_rows(path, _COLUMNS):
        code = code_in(row, "code", system).code
        if code in rows:
            raise row.refusal(f"{code} is already in row {rows[code].number}: keep one of them", "code")
        title = " ".join((row.text("description") or "").split())
        if not title:
            raise row.refusal(f"the description of {code} is empty", "description")
        rows[code] = row
        titles[code] = title
        if terms := tuple(" ".join(term.split()) for term in row.texts("synonyms", "|")):
            synonyms[code] = terms
        if (row.text("parent") or "").strip():
            parents[code] = code_in(row, "parent", system).code
    for code, above in parents.items():
        if above not in titles:
            raise rows[code].refusal(f"{above}, the parent of {code}, has no row of its own", "parent")
    try:
        TopologicalSorter({code: (above,) for code, above in parents.items()}).prepare()
    except CycleError as error:
        start = min(error.args[1], key=lambda code: rows[code].number)
        raise rows[start].refusal(f"{start} lies above itself, by its parents", "parent") from None
    headings = {above: titles.pop(above) for above in dict.fromkeys(parents.values())}
    version = declaration(system).version
    return CodeSystem(system, version, release, label, titles, headings, synonyms, parents)


def code_in(row: Row, column: str, system: str, ending: str = "") -> Code:
    """The code in a cell of a table, without some signs at its end; ``InputError`` with its place for what is none."""
    text = (row.text(column) or "").strip().rstrip(ending)
    try:
        return parse_code(text, system)
    except InputError as error:
        raise row.refusal(str(error), column) from error
