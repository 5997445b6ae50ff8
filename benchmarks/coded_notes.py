"""Notes with codes from each source that the starter is learnt from or measured on, in one form.

Gold notes are ours; CodiEsp, ACI-Bench and CMC 2007 are read from a folder that holds them as they are published
(``codiesp/train/trainD.tsv``, ``aci_bench/test1.csv``, ``cmc2007/cmc2007_icd9.jsonl``).
"""

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.aci_conditions import aci_conditions, phrases
from benchmarks.gold import Half, gold_notes
from icdbridge.errors import InputError
from icdbridge.knowledge.families import default_child


@dataclass(frozen=True)
class CodedNote:
    """``codes``: all that count as right. ``wanted``: what has to be found, each by any of its codes or beginnings of
    codes. ``may``: codes that count neither way. ``must_not``: beginnings of codes that are wrong.
    """

    source: str
    name: str
    text: str
    codes: frozenset[str]
    wanted: tuple[tuple[str, ...], ...]
    inpatient: bool | None = None
    may: frozenset[str] = field(default=frozenset())
    must_not: tuple[str, ...] = ()


def gold(half: Half) -> list[CodedNote]:
    """Our own notes."""
    return [
        CodedNote(
            "gold",
            note.name,
            note.text,
            frozenset(code for one in note.codes for code in (one.code, *one.accept)),
            tuple((one.code, *one.accept) for one in note.codes),
            note.setting == "inpatient",
            frozenset(note.may),
            tuple(note.must_not),
        )
        for note in gold_notes(half)
    ]


def codiesp(data: Path, part: str, *, in_force: bool = False) -> list[CodedNote]:
    """CodiEsp's notes in English (machine-translated), diagnoses of the release of 2018; those that have been split
    since, ``in_force``, as the code of today that says no more."""
    folder = data / "codiesp" / part
    codes: dict[str, set[str]] = defaultdict(set)
    with (folder / f"{part}D.tsv").open(encoding="utf-8", newline="") as handle:
        for name, code in csv.reader(handle, delimiter="\t"):
            codes[name].add(_in_force(code.upper()) if in_force else code.upper())
    return [
        CodedNote(
            "codiesp",
            file.stem,
            file.read_text("utf-8"),
            frozenset(codes[file.stem]),
            tuple((code,) for code in sorted(codes[file.stem])),
            True,
        )
        for file in sorted((folder / "text_files_en").glob("*.txt"))
    ]


def _in_force(code: str) -> str:
    try:
        return default_child(code)
    except InputError:
        return code


def aci(data: Path, parts: tuple[str, ...] = ("train", "valid", "test1")) -> list[CodedNote]:
    """ACI-Bench's visit notes; ``wanted`` are the categories of the conditions that its metadata lists."""
    conditions = aci_conditions()
    notes = []
    for part in parts:
        with (data / "aci_bench" / f"{part}.csv").open(encoding="utf-8", newline="") as handle:
            texts = {row["encounter_id"]: row["note"] for row in csv.DictReader(handle)}
        with (data / "aci_bench" / f"{part}_metadata.csv").open(encoding="utf-8", newline="") as handle:
            rows = [row for row in csv.DictReader(handle) if row["encounter_id"] in texts]
        for row in rows:
            found = [conditions[phrase] for phrase in phrases(row) if phrase in conditions]
            wanted = tuple(one.categories for one in found if one.categories)
            notes.append(
                CodedNote("aci", row["encounter_id"], texts[row["encounter_id"]], frozenset(), wanted, False)
            )
    return notes


def cmc(data: Path) -> list[CodedNote]:
    """CMC 2007: radiology reports with ICD-9-CM codes."""
    lines = (data / "cmc2007" / "cmc2007_icd9.jsonl").read_text("utf-8").splitlines()
    notes = [json.loads(line) for line in lines]
    return [
        CodedNote(
            "cmc",
            note["id"],
            note["text"],
            frozenset(note["codes"]),
            tuple((c,) for c in note["codes"]),
            False,
        )
        for note in notes
    ]
