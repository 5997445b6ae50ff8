"""Further names of codes for training with matching: a table of the user's, or the index that is packed here."""

from pathlib import Path

from icdbridge.codes import Code, Terms, read_terms
from icdbridge.knowledge.terms import index_terms

PACKED = "knowledge"  # in place of a table's path


def further_terms(source: Path | str | None, system: str = "icd10cm") -> Terms:
    """The terms of the table ``source`` (``codes.read_terms``); none if it is None.

    ``knowledge`` is the packed alphabetic index of ICD-10-CM; other systems have none. Raises ``InputError`` for what
    is no table of terms.
    """
    if source is None:
        return {}
    if str(source) != PACKED:
        return read_terms(source, system)
    found: dict[Code, list[str]] = {}
    for term in index_terms() if system == "icd10cm" else ():
        found.setdefault(Code(system, term.code), []).append(term.text)
    return found
