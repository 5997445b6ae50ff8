"""Gold notes: everyday notes that we wrote ourselves, with the codes that the official guidelines give them.

``tests/gold/README.md`` tells how they are written down and by which rules they are coded. The half "tune" is for
tuning; the half "report" is for reporting only. ``python -m benchmarks.gold tune`` lists codes with their titles.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from icdbridge.codes import load_system

FOLDER = Path(__file__).parents[1] / "tests" / "gold"
Half = Literal["tune", "report"]


@dataclass(frozen=True)
class GoldCode:
    """A code that the note must get: ``code`` or any of ``accept``. ``said``: words of the note that carry it."""

    code: str
    accept: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class GoldNote:
    """``may``: codes that a coder may give or leave out. ``must_not``: codes or beginnings of codes, and why not."""

    name: str
    text: str
    setting: Literal["inpatient", "outpatient"]
    kind: str
    codes: tuple[GoldCode, ...]
    may: tuple[str, ...]
    must_not: dict[str, str]


def gold_notes(half: Half) -> list[GoldNote]:
    """The notes of one half, sorted by name."""
    return [_read(file) for file in sorted((FOLDER / half).glob("*.json"))]


def _read(file: Path) -> GoldNote:
    labels = json.loads(file.read_text(encoding="utf-8"))
    return GoldNote(
        name=file.stem,
        text=file.with_suffix(".txt").read_text(encoding="utf-8"),
        setting=labels["setting"],
        kind=labels["kind"],
        codes=tuple(GoldCode(c["code"], tuple(c["accept"]), c["said"]) for c in labels["codes"]),
        may=tuple(c["code"] for c in labels["may"]),
        must_not={c["code"]: c["why"] for c in labels["must_not"]},
    )


def main() -> None:
    """Prints every note's codes with their titles, for a coder to check."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("half", choices=["tune", "report"])
    titles = load_system("icd10cm").titles
    for note in gold_notes(parser.parse_args().half):
        print(f"\n{note.name} ({note.setting}, {note.kind}, {len(note.text.split())} words)")
        for gold in note.codes:
            print(f"  {gold.code:9}{titles[gold.code]}  <- {gold.said}")
        for code, why in note.must_not.items():
            print(f"  not {code:9}{why}")


if __name__ == "__main__":
    main()
