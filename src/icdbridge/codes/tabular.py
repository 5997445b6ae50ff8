"""The tabular list of ICD-10-CM: categories, codes with their seventh characters, inclusion terms.

Read from the files of simple-icd-10-cm, the list as CDC publishes it; importing that package builds the same tree of
objects, which takes five times as long.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

_TABULAR = "data/icd10c-tabular-April-1-2026.xml"
_CODES = (
    "data/code-list-April-2026.txt"  # every code that exists: not each seventh character goes with each code
)
_SEVENTH = 7  # characters before the seventh, with the dot


class Tabular(NamedTuple):
    """By code, dotted: titles of ``headings`` (categories) and ``leaves`` (codes that may be assigned), inclusion
    terms, and what the categories say that they include.
    """

    headings: dict[str, str]
    leaves: dict[str, str]
    inclusion: dict[str, tuple[str, ...]]
    includes: dict[str, tuple[str, ...]]


def read_tabular(file: Callable[[str], Path]) -> Tabular:
    """The tabular list; ``file`` finds a file of the package."""
    existing = {line.split(" ")[0].replace(".", "") for line in file(_CODES).read_text("utf-8").splitlines()}
    found = Tabular({}, {}, {}, {})
    for chapter in ElementTree.parse(file(_TABULAR)).getroot().iterfind("chapter"):
        for section in chapter.iterfind("section"):
            for diagnosis in section.iterfind("diag"):
                _read(diagnosis, {}, existing, found)
    return found


def _read(node: ElementTree.Element, above: Mapping[str, str], existing: set[str], found: Tabular) -> None:
    """A code or category and what is below it; ``above``: the seventh characters that it inherits."""
    code, title = node.findtext("name", ""), _plain(node.findtext("desc", ""))
    for field, terms in (("inclusionTerm", found.inclusion), ("includes", found.includes)):
        if notes := [_plain(note.text) for part in node.iterfind(field) for note in part if note.text]:
            terms[code] = tuple(dict.fromkeys(notes))
    seventh = _seventh(node) or above
    below = node.findall("diag")
    stem = (code if "." in code else f"{code}.").ljust(_SEVENTH, "X")
    extended = [] if below else [c for c in seventh if stem.replace(".", "") + c in existing]
    (found.headings if below or extended else found.leaves)[code] = title
    for character in extended:
        found.leaves[stem + character] = f"{title}, {seventh[character]}"
    for diagnosis in below:
        _read(diagnosis, seventh, existing, found)


def _seventh(node: ElementTree.Element) -> dict[str, str]:
    return {
        extension.attrib["char"]: _plain(extension.text or "")
        for definition in node.iterfind("sevenChrDef")
        for extension in definition.iterfind("extension")
    }


def _plain(text: str) -> str:
    """A text with single blanks; some titles carry a tab and a second wording behind a stroke."""
    return " ".join(text.partition("/\t")[0].split())
