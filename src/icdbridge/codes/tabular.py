"""The tabular list of ICD-10-CM: categories, codes with their seventh characters, inclusion terms, instructions.

Read from the files of simple-icd-10-cm, the list as CDC publishes it; importing that package builds the same tree of
objects, which takes five times as long. As JSON in the cache folder it takes a tenth of the time.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from pydantic import TypeAdapter

from icdbridge.caches import cache_folder, cached_folder
from icdbridge.errors import InputError
from icdbridge.files import write_json

_FILE = "tabular.json"
_TABULAR = "data/icd10c-tabular-April-1-2026.xml"
# Every code that exists: not each seventh character goes with each code.
_CODES = "data/code-list-April-2026.txt"
_SEVENTH = 7  # characters before the seventh, with the dot
INSTRUCTIONS = ("excludes1", "codeFirst", "useAdditionalCode", "codeAlso", "notes")


class Block(NamedTuple):
    """A section (``I10-I1A``) or a chapter (``9``) with its title."""

    name: str
    title: str


class Tabular(NamedTuple):
    """By code, dotted: titles of ``headings`` (categories) and ``leaves`` (codes that may be assigned), inclusion
    terms, and what the categories say that they include. ``instructions``: code, category, section or chapter ->
    kind (``INSTRUCTIONS``) -> the lines of each note, as they stand. ``blocks``: category -> its section and chapter.
    ``sections``: those without categories of their own, which span others (``V00-V99``).
    """

    headings: dict[str, str]
    leaves: dict[str, str]
    inclusion: dict[str, tuple[str, ...]]
    includes: dict[str, tuple[str, ...]]
    instructions: dict[str, dict[str, list[tuple[str, ...]]]]
    blocks: dict[str, tuple[Block, Block]]
    sections: tuple[Block, ...]


def open_tabular(file: Callable[[str], Path]) -> Tabular:
    """``read_tabular``, from the cache folder where the disk has room for one."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for state in (file(name).stat() for name in (_TABULAR, _CODES)):
        digest.update(f"{state.st_size} {state.st_mtime_ns}\0".encode())
    try:
        folder = cached_folder(
            cache_folder() / f"tabular-{digest.hexdigest()[:16]}",
            _FILE,
            lambda folder: write_json(folder / _FILE, read_tabular(file)),
        )
    except InputError:
        return read_tabular(file)
    return TypeAdapter(Tabular).validate_json((folder / _FILE).read_bytes())


def read_tabular(file: Callable[[str], Path]) -> Tabular:
    """The tabular list; ``file`` finds a file of the package."""
    existing = {line.split(" ")[0].replace(".", "") for line in file(_CODES).read_text("utf-8").splitlines()}
    found = Tabular({}, {}, {}, {}, {}, {}, ())
    spanning = []
    for chapter in ElementTree.parse(file(_TABULAR)).getroot().iterfind("chapter"):
        chapter_block = Block(chapter.findtext("name", ""), _plain(chapter.findtext("desc", "")))
        _instruct(chapter, chapter_block.name, found)
        for section in chapter.iterfind("section"):
            block = Block(section.attrib["id"], _plain(section.findtext("desc", "")))
            _instruct(section, block.name, found)
            below = section.findall("diag")
            if not below:
                spanning.append(block)
            for diagnosis in below:
                found.blocks[diagnosis.findtext("name", "")] = (block, chapter_block)
                _read(diagnosis, {}, existing, found)
    return found._replace(sections=tuple(spanning))


def _instruct(node: ElementTree.Element, name: str, found: Tabular) -> None:
    for kind in INSTRUCTIONS:
        for part in node.iterfind(kind):
            if lines := tuple(" ".join(note.text.split()) for note in part if note.text):
                found.instructions.setdefault(name, {}).setdefault(kind, []).append(lines)


def _read(node: ElementTree.Element, above: Mapping[str, str], existing: set[str], found: Tabular) -> None:
    """A code or category and what is below it; ``above``: the seventh characters that it inherits."""
    code, title = node.findtext("name", ""), _plain(node.findtext("desc", ""))
    for field, terms in (("inclusionTerm", found.inclusion), ("includes", found.includes)):
        if notes := [_plain(note.text) for part in node.iterfind(field) for note in part if note.text]:
            terms[code] = tuple(dict.fromkeys(notes))
    _instruct(node, code, found)
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
