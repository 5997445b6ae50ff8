"""What codes are called, from every source that knows: the list that coding without training and search build on."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from icdbridge.codes import load_system, parse_code
from icdbridge.codes.crosswalks import exact_equivalents
from icdbridge.codes.descriptions import describe
from icdbridge.codes.naming import shortened
from icdbridge.codes.packages import tabular
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.validity import later_codes
from icdbridge.errors import InputError
from icdbridge.garbage import no_collection
from icdbridge.knowledge.packed_tables import DATA, LEVEL, read_csv, rows
from icdbridge.knowledge.wording import neoplasms, spoken, substances, with_modifiers
from icdbridge.knowledge.words import split, stem, stems

TITLE = "title"
SHORT = "short"
INCLUSION = "inclusion"
INDEX = "index"
EXTERNAL = "external"
NEOPLASM = "neoplasm"
DRUG = "drug"
EQUIVALENT = "equivalent"
LAY = "lay"
MESH = "mesh"
CLINICAL = "clinical"
DEFAULT = "default"
SOURCES = (DEFAULT, CLINICAL, TITLE, SHORT, INCLUSION, INDEX, EXTERNAL, NEOPLASM, DRUG, EQUIVALENT, LAY, MESH)


class Term(NamedTuple):
    """One wording of a code. ``code`` is dotted and may be a category or any beginning of assignable codes.

    ``source`` is one of ``SOURCES``: ``default`` (what a coder takes where a note says no more), ``clinical`` (what
    clinicians call it and no published table does), ``title``, ``short`` (a title or other term without what notes
    leave out: "without ...", ", unspecified", what stands in brackets), ``inclusion`` (inclusion terms), ``index``
    (the alphabetic index), ``external`` (the index to external causes), ``neoplasm``, ``drug`` (those tables),
    ``equivalent`` (the title of its exact equivalent in the other version), ``lay``, ``mesh`` (other names, of the
    Human Phenotype Ontology, many of them a layperson's, and of MeSH).
    """

    text: str
    code: str
    source: str


class Dropped(NamedTuple):
    """Rows of a source whose code is neither a code of the newest release nor the beginning of one."""

    source: str
    rows: int
    example: Term


@cache
def terms(system: str) -> list[Term]:
    """All terms of the newest release of ``icd10cm``, ``icd9cm``, ``icd9proc`` or ``icd10pcs``, ordered as ``SOURCES``.

    A wording of a code is there once, from the first source that has it. Do not change the list: it is kept. Raises
    ``InputError`` for another system.
    """
    return _kept(system)[0]


def dropped(system: str) -> list[Dropped]:
    """What ``terms`` left out, by source."""
    return _kept(system)[1]


@cache
def _kept(system: str) -> tuple[list[Term], list[Dropped]]:
    with no_collection():
        return _collected(system)


def _collected(system: str) -> tuple[list[Term], list[Dropped]]:
    table = load_system(system)
    known = {**dict.fromkeys(table.headings, True), **dict.fromkeys(table.titles, True)}
    seen: set[str] = set()
    kept: list[Term] = []
    left: dict[str, list[Term]] = {}
    every = list(_every(table))
    for term in (*every, *_by_siblings(table, every)):
        code = term.code
        if code not in known:  # any other beginning of codes
            known[code] = bool(table.below(code))
        wording = f"{code} {term.text}".lower()
        if not known[code]:
            left.setdefault(term.source, []).append(term)
        elif wording not in seen:
            seen.add(wording)
            kept.append(term)
    return kept, [Dropped(source, len(several), several[0]) for source, several in left.items()]


_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])")
_UNENDED = re.compile(r"(?:\b(?:or|and|of|to|by|with|in)|,)$")
_AGREEING = 2  # siblings
_LONG = 12  # words, from which on what a category says that it includes is an instruction
_NON = re.compile(r"\b([Nn]on)-(?=[a-z])")  # which notes write as one word with what follows
_LATER = re.compile(r"\b(?:subsequent encounter|open fracture|sequela|classified elsewhere)\b", re.IGNORECASE)


def _every(table: CodeSystem) -> Iterator[Term]:
    """The terms of a system, each followed by what notes say of it."""
    for term in _named(table):
        yield term
        if term.source in (TITLE, INCLUSION, EQUIVALENT) and not _LATER.search(term.text):
            plain = _BRACKETS.sub("", term.text).strip()
            shorter = shortened(plain) if term.source == TITLE and term.code in table.titles else []
            for text in (plain, *shorter, _NON.sub(r"\1", plain)):
                if text and text != term.text and not _UNENDED.search(text):
                    yield Term(text, term.code, SHORT)


def _by_siblings(table: CodeSystem, every: list[Term]) -> Iterator[Term]:
    """Titles of newer codes without the words that names of several siblings leave out too: an abscess of the abdominal
    wall need not be called cutaneous, so one of the flank need not either.
    """
    named: dict[str, list[frozenset[str]]] = {}
    later = later_codes(table.name)
    families = {table.parent(code) for code in later}
    siblings = {above: table.children(above) for above in families if above}
    wanted = {code for family in siblings.values() for code in family} - later
    for term in every:
        if term.code in wanted:
            named.setdefault(term.code, []).append(frozenset(stems(term.text)))
    for code in sorted(later):
        own = frozenset(stems(table.titles[code]))
        left_out: Counter[frozenset[str]] = Counter()
        for other in siblings.get(table.parent(code) or "", ()):
            title = frozenset(stems(table.title(other) or ""))
            left_out.update(
                {title - name for name in named.get(other, ()) if name < title and title - name < own}
            )
        for words in (words for words, often in left_out.items() if often >= _AGREEING):
            kept = [word for word, _, _ in split(table.titles[code]) if stem(word) not in words]
            yield Term(" ".join(kept), code, SHORT)


def _named(table: CodeSystem) -> Iterator[Term]:
    yield from _table("defaults", DEFAULT, table.name)
    yield from _table("clinical", CLINICAL, table.name)
    for titles in (table.titles, table.headings):
        for code, title in titles.items():
            yield Term(title, code, TITLE)
    for several in (table.synonyms, tabular().includes if table.name == "icd10cm" else {}):
        for code, texts in several.items():
            for text in texts:
                if text.count(" ") < _LONG:
                    yield Term(text, code, INCLUSION)
    if table.name == "icd10cm":
        yield from _published()
    for code, other in exact_equivalents(table.name):
        yield Term(describe(other).text, code, EQUIVALENT)
    for source in (LAY, MESH) if table.name == "icd10cm" else ():
        for text, code in rows(source):
            yield Term(text, code, source)


def index_terms() -> Iterator[Term]:
    """The terms of the alphabetic index of ICD-10-CM, also those that another source has too."""
    for path, modifiers, code in rows("index"):
        texts = spoken(path.split(", "))
        for text in (*texts, *with_modifiers(texts, modifiers)):
            yield Term(text, code, INDEX)


def _published() -> Iterator[Term]:
    yield from index_terms()
    for path, code in rows("external"):
        for text in spoken(path.split(LEVEL)):
            yield Term(text, code, EXTERNAL)
    for path, *codes in rows("neoplasm"):
        for code, texts in zip(codes, neoplasms(path.split(LEVEL)), strict=True):
            for text in texts if code else ():
                yield Term(text, code, NEOPLASM)
    for path, *codes in rows("drug"):
        for code, texts in zip(codes, substances(path.split(LEVEL), medicinal=bool(codes[4])), strict=True):
            for text in texts if code else ():
                yield Term(text, code, DRUG)


def _table(name: str, source: str, system: str) -> Iterator[Term]:
    """Rows of a table of our own in ``data``: ``term``, ``code`` and, where it is not icd10cm, ``system``."""
    for number, row in enumerate(read_csv(name), start=2):
        try:
            if (row.get("system") or "icd10cm") == system:
                yield Term(row["term"].strip(), parse_code(row["code"].rstrip("-"), system).code, source)
        except (KeyError, AttributeError, InputError) as error:
            raise InputError(f"{DATA / name}.csv, row {number}: {error}") from error
