"""How common codes are in a hospital: from the label sets released for MIMIC-III and MIMIC-IV (Edin et al. 2023)."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from icdbridge.codes import declaration, parse_code, releases
from icdbridge.knowledge.packed_tables import rows

FREQUENT, SEEN = "frequent", "seen"
_PROCEDURE = re.compile(
    r"[0-9]{2}(?:\.[0-9]+)?|[0-9A-Z]{7}"
)  # ICD-9-CM's and ICD-10-PCS's; no diagnosis looks so


@cache
def hospital_frequency(system: str) -> Mapping[str, str]:
    """Code -> ``frequent`` (in at least 10 notes of a data set) or ``seen``; a code never seen is not there.

    ICD-10 codes come from MIMIC-IV, ICD-9 codes from MIMIC-III and MIMIC-IV. ``InputError`` for an unknown system.
    """
    return MappingProxyType({code: FREQUENT if often else SEEN for code, often in _counts(system).items()})


@cache
def frequent_in(system: str) -> Mapping[str, int]:
    """Code -> in how many of the data sets (ICD-9: 2, ICD-10: 1) it is frequent; without codes frequent in none."""
    return MappingProxyType({code: often for code, often in _counts(system).items() if often})


@cache
def _counts(system: str) -> dict[str, int]:
    """Code -> in how many data sets it is frequent, for every code that any data set has."""
    releases(system)  # the error for a system that nobody knows
    known = declaration(system)
    return {
        parse_code(written, system).code: int(often)
        for found, written, _, often in rows("frequency")
        if found == known.version and bool(_PROCEDURE.fullmatch(written)) == (known.kind == "procedure")
    }
