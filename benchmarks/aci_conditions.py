"""What ACI-Bench's metadata says in words of each visit (``cc``, ``2nd_complaints``), as ICD-10-CM categories.

``aci_conditions.csv``: ``phrase``; ``kind``: a ``disease`` or ``status`` that the codes must name, a ``symptom`` that
the diagnosis which explains it answers as well (knee pain: M25.5, or the sprain S83), a ``visit``, or ``none``;
``categories``: the beginnings of codes that answer it, joined by ``;``, or ``none``.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Condition:
    """One phrase. ``categories`` is empty where nothing can be coded."""

    phrase: str
    kind: str
    categories: tuple[str, ...]

    def answered_by(self, code: str) -> bool:
        """Whether ``code`` (dotted) lies in one of the categories."""
        return code.startswith(self.categories)


def aci_conditions() -> dict[str, Condition]:
    """Every known phrase."""
    with FILE.open(encoding="utf-8", newline="") as rows:
        return {
            row["phrase"]: Condition(
                row["phrase"],
                row["kind"],
                () if row["categories"] == "none" else tuple(row["categories"].split(";")),
            )
            for row in csv.DictReader(rows)
        }


def phrases(row: dict[str, str]) -> list[str]:
    """The phrases of one metadata row, in lower case, each once."""
    said = (" ".join(part.lower().split()) for part in f"{row['cc']};{row['2nd_complaints']}".split(";"))
    return list(dict.fromkeys(phrase for phrase in said if phrase))
