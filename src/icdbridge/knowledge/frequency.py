"""How common codes are in a hospital: from the label sets released for MIMIC-III and MIMIC-IV (Edin et al. 2023)."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from icdbridge.codes import declaration, parse_code, releases
from icdbridge.codes.systems import kept_by_code
from icdbridge.knowledge.packed_tables import rows

FREQUENT, SEEN = "frequent", "seen"
# ICD-9-CM's and ICD-10-PCS's; no diagnosis looks so.
_PROCEDURE = re.compile(r"[0-9]{2}(?:\.[0-9]+)?|[0-9A-Z]{7}")


@kept_by_code()
def hospital_frequency(system: str) -> Mapping[str, str]:
    """Code -> ``frequent`` (in at least 10 notes of a data set) or ``seen``; codes never seen are absent.

    ICD-10 codes come from MIMIC-IV, ICD-9 codes from MIMIC-III and MIMIC-IV. ``InputError`` for an unknown system.
    """
    releases(system)  # the error for a system that nobody knows
    known = declaration(system)
    found = {
        parse_code(written, system).code: FREQUENT if int(often) else SEEN
        for version, written, _, often in rows("frequency")
        if version == known.version and bool(_PROCEDURE.fullmatch(written)) == (known.kind == "procedure")
    }
    return MappingProxyType(found)
