"""What a code is called: its title and the other wordings that code systems, GEM and the user's tables give."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from icdbridge.codes.code import Code, parse_key
from icdbridge.codes.crosswalks import equivalents
from icdbridge.codes.descriptions import describe
from icdbridge.codes.listing import code_in
from icdbridge.codes.packages import load_system
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import kept_by_code, known_systems
from icdbridge.errors import InputError
from icdbridge.tables import Column, read_rows

# Names that mean the code itself, and those that mean something wider.
OWN = ("title", "short", "inclusion", "index", "equivalent")
WIDER = ("approximate", "ancestor")
KINDS = (*OWN, *WIDER)
# What titles say and notes do not: what was not specified or is not there, and the encounter's number.
_UNSAID = re.compile(
    r",? *\b(?:unspecified whether|without|with no|not specified|not otherwise|not intractable|uncomplicated|sequela|"
    r"(?:initial|subsequent) encounter|elsewhere classified|not elsewhere|classified elsewhere|unspecified$)\b.*$",
    re.IGNORECASE,
)
_VISIT = re.compile(r"^encounter for (?=\w+ \w)", re.IGNORECASE)
_FOUND = re.compile(r"(?<= positive| negative) status$", re.IGNORECASE)
_EITHER = re.compile(
    r"(.*\b(?:of|in|on|to|from)\b(?: the)?) (\w+(?: \w+)?) (?:and|or|and/or) (\w+(?: \w+)?)", re.IGNORECASE
)
MAX_APPROXIMATE = 12  # a code with more approximate equivalents is too wide for them to be names of it


class Name(NamedTuple):
    """One wording of a code. ``kind``: ``title``, ``short`` (of the title, what a note would say), ``inclusion``
    (inclusion terms), ``index`` (the user's terms),
    ``equivalent`` or ``approximate`` (titles of the codes that GEM gives), ``ancestor`` (names of categories above).
    """

    text: str
    kind: str


Terms = Mapping[Code, Sequence[str]]


def code_names(
    keys: Sequence[str], descriptions: Sequence[str], terms: Terms | None = None
) -> list[list[Name]]:
    """The names of each code, its description first, each wording once.

    ``terms`` are further names of codes and categories, as ``read_terms`` gives them. Raises ``InputError`` for a
    key that is none.
    """
    terms = terms or {}
    every = []
    for key, description in zip(keys, descriptions, strict=True):
        code = parse_key(key)
        names = [Name(description, "title"), *(Name(text, "short") for text in shortened(description))]
        names += [*_own(code, terms), *_mapped(code)]
        table = _table(code.system)
        for above in (Code(code.system, one) for one in table.ancestors(code.code)) if table else ():
            names.append(Name(describe(above).text, "ancestor"))
            names += [Name(name.text, "ancestor") for name in _own(above, terms)]
        first: dict[str, Name] = {}
        for name in names:
            first.setdefault(name.text, name)
        every.append(list(first.values()))
    return every


def names(code: Code | str) -> list[Name]:
    """What a code (or its key) is called, without any table of the user's own: ``code_names`` of its description."""
    code = parse_key(code) if isinstance(code, str) else code
    return code_names([str(code)], [describe(code).text])[0]


def shortened(title: str) -> list[str]:
    """A title without what notes do not say ("without ...", ", unspecified", "Encounter for", "positive status"), and
    with each of two joined by "and".
    """
    said = _FOUND.sub("", _VISIT.sub("", _UNSAID.sub("", title).strip(" ,;")))
    found = [said] if said and said != title else []
    either = _EITHER.fullmatch(said)
    if either:
        found += [f"{either[1]} {either[part]}" for part in (2, 3)]
    return found


def _own(code: Code, terms: Terms) -> list[Name]:
    table = _table(code.system)
    inclusion = table.synonyms.get(code.code, ()) if table else ()
    return [Name(text, "inclusion") for text in inclusion] + [
        Name(text, "index") for text in terms.get(code, ())
    ]


@kept_by_code()
def _table(system: str) -> CodeSystem | None:
    return load_system(system) if system in known_systems() else None


def _mapped(code: Code) -> Iterable[Name]:
    """Titles of the codes that stand for this one, alone, in GEM's tables of either direction."""
    found = equivalents(code.system).get(code.code, {})
    approximate = [target for target, exact in found.items() if not exact]
    for target, exact in found.items():
        if exact or len(approximate) <= MAX_APPROXIMATE:
            yield Name(describe(target).text, "equivalent" if exact else "approximate")


def read_terms(path: Path | str, system: str = "icd10cm") -> dict[Code, list[str]]:
    """Further names of codes from any table (``read_rows``) with the columns ``code`` and ``full_term`` or ``term``.

    This is the layout in which the CDC's alphabetic index of ICD-10-CM is published, flattened (``full_term``,
    ``nonessential_modifiers``, ``code``); the words that it calls nonessential are left out. A code may end in ``-``
    (any code that begins so): the term then belongs to the category. Raises ``InputError`` naming file, row and column.
    """
    terms: dict[Code, list[str]] = {}
    for row in read_rows(
        path, [Column("code"), Column("full_term", needed=False), Column("term", needed=False)]
    ):
        column = "full_term" if "full_term" in row.cells else "term"
        if column not in row.cells and row.fault is None:
            raise InputError(f"{path} has no column term, nor full_term")
        text = (row.text(column) or "").strip()
        if not text:
            raise row.refusal("the term is empty", column)
        terms.setdefault(code_in(row, "code", system, "-"), []).append(text)
    return terms
