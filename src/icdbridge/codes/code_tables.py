"""A code system of the user's own, or another release of a known one, from a table."""

from pathlib import Path

from icdbridge.codes.code import parse_code, system_named, version_of
from icdbridge.codes.gate import check_version
from icdbridge.codes.packages import SYSTEMS
from icdbridge.codes.system import CodeSystem
from icdbridge.errors import InputError
from icdbridge.tables import Column, Fault, read_rows

_COLUMNS = [Column("code"), Column("description"), Column("synonyms", needed=False)]


def read_code_table(path: Path, system: str) -> CodeSystem:
    """Reads any table (``read_rows``) with columns ``code``, ``description`` and, if wanted, ``synonyms``.

    Synonyms are separated by ``|``, or a list. ``system`` is a known system (in any spelling), whose shape the codes
    then have to have, or any other name. The release is the file's name. Raises ``InputError`` naming file, row and
    column, and where the codes of a known system are rather those of another version.
    """
    path = Path(path)
    system = system_named(system)
    titles: dict[str, str] = {}
    synonyms: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    for row in read_rows(path, _COLUMNS):
        try:
            code = parse_code(row.text("code") or "", system).code
        except Fault:
            raise
        except InputError as error:
            raise row.refusal(str(error), "code") from error
        if code in rows:
            raise row.refusal(f"{code} is already in row {rows[code]}: keep one of them", "code")
        title = " ".join((row.text("description") or "").split())
        if not title:
            raise row.refusal(f"the description of {code} is empty", "description")
        rows[code] = row.number
        titles[code] = title
        if terms := tuple(" ".join(term.split()) for term in row.texts("synonyms", "|")):
            synonyms[code] = terms
    if system in SYSTEMS:
        check_version(titles, [system], version_of(system))
    return CodeSystem(system, version_of(system), path.name, f"{system} of {path.name}", titles, {}, synonyms)
