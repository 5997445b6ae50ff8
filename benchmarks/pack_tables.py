"""Packs the published tables of ICD-10-CM into the files that ship with the package.

``python -m benchmarks.pack_tables SOURCE`` reads the folder SOURCE and writes the ``data/*.tsv.gz`` of
``icdbridge.knowledge``, with ``data/sources.json``: what each file came from and how many rows it has. The rows are
those of the tables; how they become terms is decided when they are read. SOURCE holds

- ``icd10cm_index/*fullterm.tsv``: the alphabetic index, flattened (columns ``full_term``, ``nonessential_modifiers``,
  ``code``), CDC,
- ``icd10cm_tables/icd10cm-{eindex,neoplasm,drug}-*.xml``: the index to external causes, the neoplasm table and the
  table of drugs and chemicals, CDC,
- ``mimic_splits/code_scopes.json``: the label sets released with Edin et al. (2023), MIT.
"""

import csv
import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from icdbridge.errors import InputError
from icdbridge.files import atomic_file, read_json, write_json
from icdbridge.knowledge.packed_tables import DATA, LEVEL

_CODE = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")
_COLUMNS = [str(column) for column in range(2, 8)]
_SEE_ELSEWHERE = re.compile(
    r"\bby (?:type|site)|\bcategor|Table of Drugs|Index to|7th character", re.IGNORECASE
)


class Entry(NamedTuple):
    """A row of a nested table: its titles from the outermost in, its codes by column, where it says to look."""

    path: tuple[str, ...]
    codes: tuple[str, ...]
    see: str


def pack(source: Path, target: Path = DATA) -> dict[str, dict[str, object]]:
    """Writes the packed files to ``target``; returns what ``sources.json`` says. ``InputError`` for a missing table."""
    index, year = _index_rows(_only(source, "icd10cm_index/*fullterm.tsv"))
    said: dict[str, dict[str, object]] = {
        "index": write_rows(
            target / "index.tsv.gz", index, "ICD-10-CM alphabetic index, flattened (CDC)", year
        )
    }
    for name, label in (
        ("external", "ICD-10-CM index to external causes (CDC)"),
        ("neoplasm", "ICD-10-CM neoplasm table (CDC)"),
        ("drug", "ICD-10-CM table of drugs and chemicals (CDC)"),
    ):
        file = _only(source, f"icd10cm_tables/icd10cm-{'eindex' if name == 'external' else name}-*.xml")
        entries = list(_entries(file))
        rows, unresolved = _resolved(entries)
        entry = write_rows(target / f"{name}.tsv.gz", rows, label, file.stem.split("-", 2)[2])
        said[name] = {
            **entry,
            "cross_references_followed": len(rows) - _own(entries),
            "not_followed": unresolved,
        }
    scopes = read_json(_only(source, "mimic_splits/code_scopes.json"))
    said["frequency"] = write_rows(
        target / "frequency.tsv.gz",
        _frequency_rows(scopes),
        "code scopes of Edin et al. (2023), MIMIC-III and MIMIC-IV (MIT)",
        "2023",
    )
    # The entries of other packings stay.
    sources = target / "sources.json"
    write_json(sources, {**(read_json(sources) if sources.is_file() else {}), **said})
    return said


def _only(source: Path, pattern: str) -> Path:
    found = sorted(Path(source).glob(pattern))
    if len(found) != 1:
        raise InputError(f"{source}: expected one file {pattern}, found {len(found)}")
    return found[0]


def write_rows(file: Path, rows: Iterable[tuple[str, ...]], label: str, release: str) -> dict[str, object]:
    """Writes a packed table; returns what ``sources.json`` says of it."""
    lines = ["\t".join(row) + "\n" for row in rows]
    # No name and no time in the archive: the same rows give the same bytes.
    with atomic_file(file) as partial:
        partial.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    return {"source": label, "release": release, "rows": len(lines)}


def _index_rows(file: Path) -> tuple[list[tuple[str, ...]], str]:
    """Term, the words that it may have or not, code."""
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows: list[tuple[str, ...]] = [
            (
                " ".join(row["full_term"].split()),
                " ".join(row["nonessential_modifiers"].split()),
                row["code"].strip().rstrip("-"),
            )
            for row in csv.DictReader(handle, delimiter="\t")
        ]
    return rows, re.sub(r"\D", "", file.stem.removeprefix("ICD10CM"))


def _entries(file: Path) -> Iterator[Entry]:
    for term in ElementTree.parse(file).getroot().iterfind("letter/mainTerm"):
        yield from _nested(term, ())


def _nested(term: ElementTree.Element, above: tuple[str, ...]) -> Iterator[Entry]:
    title = term.find("title")
    text = (
        ""
        if title is None
        else " ".join("".join((title.text or "", *(part.tail or "" for part in title))).split())
    )
    if text.startswith("Note:"):
        return
    path = (*above, text)
    cells = {cell.get("col"): (cell.text or "").strip() for cell in term.iterfind("cell")}
    codes = [cells.get(column, "") for column in _COLUMNS] if cells else [term.findtext("code", "")]
    see = term.findtext("see") or term.findtext("seeAlso") or ""
    yield Entry(path, tuple(_code(code) for code in codes), " ".join(see.split()))
    for below in term.iterfind("term"):
        yield from _nested(below, path)


def _code(text: str) -> str:
    plain = text.strip().rstrip("-.")
    return plain if _CODE.fullmatch(plain) else ""


def _own(entries: list[Entry]) -> int:
    return sum(any(entry.codes) for entry in entries)


def _resolved(entries: list[Entry]) -> tuple[list[tuple[str, ...]], int]:
    """Rows with codes, and how many references lead nowhere; a row that only says "see ..." has that row's codes."""
    by_path: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        if any(entry.codes):
            by_path.setdefault(_folded(LEVEL.join(entry.path)), entry)
    rows, unresolved = [], 0
    for entry in entries:
        codes = entry.codes
        if not any(codes) and entry.see:
            target = None if _SEE_ELSEWHERE.search(entry.see) else by_path.get(_folded(entry.see))
            if target is None:
                target = by_path.get(_folded(f"Neoplasm, {entry.see}"))
            if target is None:
                unresolved += 1
                continue
            codes = target.codes
        if any(codes):
            rows.append((LEVEL.join(entry.path), *codes))
    return rows, unresolved


def _folded(path: str) -> tuple[str, ...]:
    """A path without case and without the other forms of its words ("Fall, falling"), for comparing references."""
    parts = [part.strip().lower().removesuffix(" nec") for part in re.split(r"[,|]", path)]
    kept: list[str] = []
    for part in parts:
        if part and not (kept and part[:3] == kept[-1][:3] and " " not in part + kept[-1]):
            kept.append(part)
    return tuple(kept)


def _frequency_rows(scopes: dict[str, dict[str, dict[str, int]]]) -> list[tuple[str, ...]]:
    """Version, code as written, in how many of its datasets it is there and in how many of them frequent."""
    counts: dict[tuple[str, str], list[int]] = {}
    for dataset, sets in scopes.items():
        version = dataset.rpartition("_")[2]
        for place, scope in enumerate(("full", "frequent")):
            for code in sets[f"code_scope:{scope}"]:
                counts.setdefault((version, code), [0, 0])[place] += 1
    return [
        (version, code, str(there), str(often)) for (version, code), (there, often) in sorted(counts.items())
    ]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.pack_tables SOURCE")
    try:
        for name, entry in pack(Path(sys.argv[1])).items():
            print(name, *(f"{key}={value}" for key, value in entry.items()), sep="  ")
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
