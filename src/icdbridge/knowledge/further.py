"""Further names of codes for training with matching: a user's table, or the packed index."""

from functools import cache
from pathlib import Path

from icdbridge.codes import Code, Terms, read_terms
from icdbridge.codes.axes import LABELLED
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.terms import index_terms

PACKED = "knowledge"  # in place of a table's path


def further_terms(source: Path | str | None, system: str = "icd10cm") -> Terms:
    """The terms of the table ``source`` (``codes.read_terms``); none if it is None.

    ``knowledge`` stands for the packed ones: the alphabetic index of ICD-10-CM, and names of ICD-10-PCS procedures.
    Raises ``InputError`` for what is no table of terms.
    """
    if source is None:
        return {}
    return _packed(system) if str(source) == PACKED else read_terms(source, system)


@cache
def _packed(system: str) -> Terms:
    """Read once: a training asks for them several times."""
    found: dict[Code, list[str]] = {}
    for term in index_terms() if system == "icd10cm" else ():
        found.setdefault(Code(system, term.code), []).append(term.text)
    for row in read_csv("procedures"):
        # codes may be cut to what was done to which part: how it was done is mostly assumed here
        for code in (row["code"], row["code"][:LABELLED]):
            found.setdefault(Code("icd10pcs", code), []).append(row["term"])
    return found
