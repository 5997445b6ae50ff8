"""Rules that are rows of a table: patterns of codes, then the rule, severity, message, action and source."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

from icdbridge.packed import packed_rows
from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, Severity


@cache
def table(name: str) -> list[list[str]]:
    return packed_rows(__package__, f"data/{name}.csv")


def matching(pattern: str, codes: CodeSet) -> list[str]:
    """The diagnoses of a set that begin as a pattern says; none for an empty one."""
    return sorted(code for code in codes.diagnoses if pattern and re.match(pattern, code))


def of_table(texts: Sequence[str], about: Iterable[str], **said: str) -> Finding:
    """The finding of a row, whose message and action have gaps for what is ``said``."""
    rule, severity, message, action, source = texts
    return Finding(
        rule, cast(Severity, severity), tuple(about), message.format(**said), action.format(**said), source
    )
