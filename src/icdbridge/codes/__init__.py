"""Codes and code systems: how codes are written, what they mean and are called, where they lead, search.

``describe``, ``names``, ``crosswalks`` and ``search`` answer what people ask of a code; ``load_system`` gives a whole
code system, ``declare`` makes one of your own known.
"""

import os

from icdbridge.codes.code import (
    Code,
    category_of,
    known_system,
    parse_code,
    parse_key,
    system_named,
    undotted,
    version_named,
)
from icdbridge.codes.crosswalks import GemEntry, crosswalk, crosswalks, equivalents
from icdbridge.codes.declaration import Declaration
from icdbridge.codes.descriptions import Description, describe, whole_systems
from icdbridge.codes.gate import read_code_table
from icdbridge.codes.naming import Name, Terms, code_names, names, read_terms
from icdbridge.codes.packages import load_system, releases
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import (
    SYSTEMS,
    VERSIONS,
    declaration,
    declare,
    declare_all,
    known_systems,
    systems_of,
    version_of,
    withdraw,
)
from icdbridge.lazy import lazy_exports

__all__ = [
    "SYSTEMS",
    "VERSIONS",
    "Code",
    "CodeSystem",
    "Declaration",
    "Description",
    "GemEntry",
    "Name",
    "Terms",
    "category_of",
    "code_names",
    "crosswalk",
    "crosswalks",
    "declaration",
    "declare",
    "declare_all",
    "describe",
    "equivalents",
    "known_system",
    "known_systems",
    "load_system",
    "names",
    "parse_code",
    "parse_key",
    "read_code_table",
    "read_terms",
    "releases",
    "search",
    "system_named",
    "systems_of",
    "undotted",
    "version_named",
    "version_of",
    "whole_systems",
    "withdraw",
]

# for callers alone: what searches stands to the right of this package, and nothing here uses it
__getattr__, __dir__ = lazy_exports(__name__, {"search": "icdbridge.knowledge.search"})

if _FOLDER := os.environ.get("ICDBRIDGE_SYSTEMS"):
    declare_all(_FOLDER)
