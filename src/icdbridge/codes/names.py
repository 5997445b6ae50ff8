"""What a code is called: its title and the other wordings that code systems, GEM and the user's tables give."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from icdbridge.codes.code import Code, parse_code, parse_key
from icdbridge.codes.crosswalks import equivalents
from icdbridge.codes.descriptions import describe
from icdbridge.codes.packages import SYSTEMS, load_system
from icdbridge.codes.system import CodeSystem
from icdbridge.errors import InputError

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
        for above in _ancestors(code):
            names.append(Name(describe(above).text, "ancestor"))
            names += [Name(name.text, "ancestor") for name in _own(above, terms)]
        first: dict[str, Name] = {}
        for name in names:
            first.setdefault(name.text, name)
        every.append(list(first.values()))
    return every


def shortened(title: str) -> list[str]:
    """A title without what notes do not say ("without ...", ", unspecified"), and with each of two joined by "and"."""
    said = _UNSAID.sub("", title).strip(" ,;")
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


def _ancestors(code: Code) -> list[Code]:
    table = _table(code.system)
    return [Code(code.system, above) for above in table.ancestors(code.code)] if table else []


@cache
def _table(system: str) -> CodeSystem | None:
    return load_system(system) if system in SYSTEMS else None


def _mapped(code: Code) -> Iterable[Name]:
    """Titles of the codes that stand for this one, alone, in GEM's tables of either direction."""
    found = equivalents(code.system).get(code.code, {})
    approximate = [target for target, exact in found.items() if not exact]
    for target, exact in found.items():
        if exact or len(approximate) <= MAX_APPROXIMATE:
            yield Name(describe(target).text, "equivalent" if exact else "approximate")


def read_terms(path: Path | str, system: str = "icd10cm") -> dict[Code, list[str]]:
    """Further names of codes from a table (.csv or .tsv) with the columns ``code`` and ``full_term`` or ``term``.

    This is the layout in which the CDC's alphabetic index of ICD-10-CM is published, flattened (``full_term``,
    ``nonessential_modifiers``, ``code``); the words that it calls nonessential are left out. A code may end in
    ``-`` (any code that begins so): the term then belongs to the category. Raises ``InputError`` naming file,
    row and column.
    """
    path = Path(path)
    delimiter = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
    if delimiter is None or not path.is_file():
        raise InputError(f"{path} is no table of terms: expected a .csv or .tsv file with code and term")
    terms: dict[Code, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, delimiter=delimiter)
            header = reader.fieldnames or ()
            column = next((name for name in ("full_term", "term") if name in header), None)
            if column is None or "code" not in header:
                raise InputError(f"{path} has no columns code and term: its columns are {', '.join(header)}")
            for number, row in enumerate(reader, start=2):
                text, written = (row[column] or "").strip(), (row["code"] or "").strip().rstrip("-")
                if not text:
                    raise InputError(f"{path}, row {number}, column {column}: the term is empty")
                try:
                    terms.setdefault(parse_code(written, system), []).append(text)
                except InputError as error:
                    raise InputError(f"{path}, row {number}, column code: {error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a table of UTF-8 text: save it as one") from error
    return terms
