"""How codes are written, the code systems and their releases, descriptions and crosswalks."""

from icdbridge.codes.code import (
    VERSIONS,
    Code,
    known_system,
    parse_code,
    parse_key,
    system_named,
    undotted,
    version_named,
    version_of,
)
from icdbridge.codes.code_tables import read_code_table
from icdbridge.codes.crosswalks import GemEntry, crosswalk, equivalents
from icdbridge.codes.descriptions import Description, describe
from icdbridge.codes.names import Name, Terms, code_names, read_terms
from icdbridge.codes.packages import SYSTEMS, load_system, releases
from icdbridge.codes.system import CodeSystem

__all__ = [
    "SYSTEMS",
    "VERSIONS",
    "Code",
    "CodeSystem",
    "Description",
    "GemEntry",
    "Name",
    "Terms",
    "code_names",
    "crosswalk",
    "describe",
    "equivalents",
    "known_system",
    "load_system",
    "parse_code",
    "parse_key",
    "read_code_table",
    "read_terms",
    "releases",
    "system_named",
    "undotted",
    "version_named",
    "version_of",
]
