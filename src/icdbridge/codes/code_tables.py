"""A code system of the user's own, or another release of a known one, from a table."""

from pathlib import Path

from icdbridge.codes.code import system_named
from icdbridge.codes.gate import check_version
from icdbridge.codes.listing import read_listing
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import SYSTEMS


def read_code_table(path: Path | str, system: str) -> CodeSystem:
    """Reads any table (``read_rows``) with columns ``code``, ``description`` and, if wanted, ``synonyms``, ``parent``.

    Synonyms are separated by ``|``, or a list. Where rows name a ``parent``, that is the hierarchy: what is a parent
    is a category, all else may be assigned. ``system`` is a known system (in any spelling), whose shape the codes
    then have to have, or any other name. The release is the file's name. Raises ``InputError`` naming file, row and
    column, and where the codes of a known system are rather those of another version.
    """
    path, system = Path(path), system_named(system)
    table = read_listing(path, system, path.name, f"{system} of {path.name}")
    if system in SYSTEMS:
        check_version(table.titles, [system], table.version)
    return table
