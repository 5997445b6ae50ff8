"""How codes are written, the code systems and their releases, descriptions and crosswalks."""

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
from icdbridge.codes.code_tables import read_code_table
from icdbridge.codes.crosswalks import GemEntry, crosswalk, equivalents
from icdbridge.codes.declaration import Declaration
from icdbridge.codes.descriptions import Description, describe
from icdbridge.codes.names import Name, Terms, code_names, read_terms
from icdbridge.codes.packages import load_system, releases, whole_systems
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
    "declaration",
    "declare",
    "declare_all",
    "describe",
    "equivalents",
    "known_system",
    "known_systems",
    "load_system",
    "parse_code",
    "parse_key",
    "read_code_table",
    "read_terms",
    "releases",
    "system_named",
    "systems_of",
    "undotted",
    "version_named",
    "version_of",
    "whole_systems",
    "withdraw",
]

if _FOLDER := os.environ.get("ICDBRIDGE_SYSTEMS"):
    declare_all(_FOLDER)
