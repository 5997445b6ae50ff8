"""How good a find a wording is before anything is asked: what its words tell, who says it, how common its code is."""

import math
import re
from collections.abc import Collection, Mapping, Sequence

from icdbridge.codes import CodeSystem
from icdbridge.knowledge.frequency import FREQUENT
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search.wordforms import LIGHT

# How far a source is believed: what coders take by default before titles, these before what tables list.
BELIEVED = {
    "default": 1.6, "clinical": 1.6, "procedure": 1.6, "any": 1.4, "index": 0.9, "inclusion": 0.8, "title": 0.6,
    "short": 0.6, "neoplasm": 0.7, "lay": 0.7, "mesh": 0.5, "equivalent": 0.2, "external": 0.2, "drug": -0.2,
    "medications": 1.0, "allergies": 1.0, "history": 1.0, "family": 1.0, "own": 1.0,
}  # fmt: skip
CONTEXTS = ("medications", "allergies", "history", "family")
# What makes a code a rare meaning of its words.
_RARE = [(re.compile(row["title"], re.IGNORECASE), float(row["points"])) for row in read_csv("rare_titles")]
_CHAPTERS = {
    "P": -0.6, "O": -0.6, "Q": -0.3, "V": -0.4, "W": -0.3, "X": -0.5, "Y": -0.5, "Z": -0.2, "U": -0.2,
}  # fmt: skip


def weights(rows: Collection[tuple[str, Sequence[str]]]) -> dict[str, float]:
    """How much each root tells, of wordings (code, roots): the fewer codes' categories have it the more."""
    counts: dict[str, set[str]] = {}
    for code, several in rows:
        for one in several:
            counts.setdefault(one, set()).add(code[:3])
    many = len({code[:3] for code, _ in rows}) + 1
    return {
        one: 0.3 if one in LIGHT else round(0.6 + 0.4 * math.log(many / len(categories)), 3)
        for one, categories in counts.items()
    }


def worth(source: str, weight: float, likely: float) -> float:
    """How good a find a wording is: of its source, the weight of its words (the fewer the better), its code's prior."""
    return BELIEVED[source] + likely - 0.35 * weight


def prior(table: CodeSystem, code: str, often: Mapping[str, str]) -> float:
    """How likely a code is what its words mean: used in hospitals, no rare meaning."""
    title = table.title(code) or ""
    points = sum(cost for pattern, cost in _RARE if pattern.search(title))
    points += _CHAPTERS.get(code[0], 0.0) if table.name == "icd10cm" else 0.0
    return round(points + (1.0 if often.get(code) == FREQUENT else 0.5 if code in often else 0.0), 2)
