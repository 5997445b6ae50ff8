"""Codes that contradict each other though no Excludes1 note says so."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from icdbridge.packed import packed_rows
from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, Severity, finding
from icdbridge.rules.tabular_notes import title_of

# whole weeks, as at chapter 15
_TRIMESTERS = {"first": range(14), "second": range(14, 28), "third": range(28, 50)}
_TRIMESTER = re.compile(r"\b(first|second|third) trimester\b")
_WEEKS = re.compile(r"Z3A\.([1-4][0-9]|08|09)")
_INJURY = re.compile(r"[ST]\S{7}|M(?:80|84)\S{5}")  # of seven characters, the last of which is the encounter


def check_together(codes: CodeSet) -> Iterator[Finding]:
    """All of this module's rules."""
    yield from _not_beside(codes)
    yield from _one_at_once(codes)
    yield from _trimesters(codes)
    yield from _encounters(codes)


@cache
def _table(name: str) -> list[list[str]]:
    return packed_rows(__package__, f"data/{name}.csv")


def _matching(pattern: str, codes: CodeSet) -> list[str]:
    return sorted(code for code in codes.diagnoses if pattern and re.match(pattern, code))


def _not_beside(codes: CodeSet) -> Iterator[Finding]:
    for here, there, unless, rule, severe, *texts, source in _table("not_beside"):
        one, other = _matching(here, codes), _matching(there, codes)
        if one and other and not _matching(unless, codes):
            said = {"codes": ", ".join(one), "beside": ", ".join(other)}
            message, action = (text.format(**said) for text in texts)
            severity: Severity = "error" if severe == "error" else "warning"
            yield Finding(rule, severity, (*one, *other), message, action, source)


def _one_at_once(codes: CodeSet) -> Iterator[Finding]:
    for pattern, value in _table("one_at_once"):
        several = _matching(pattern, codes)
        if len(several) > 1:
            yield finding("several values", *several, several=", ".join(several), value=value)


def _trimesters(codes: CodeSet) -> Iterator[Finding]:
    weeks = [int(match[1]) for code in codes.diagnoses if (match := _WEEKS.fullmatch(code))]
    for code in codes.diagnoses if len(weeks) == 1 else ():
        said = set(_TRIMESTER.findall(title_of(code))) if code.startswith(("O", "Z34")) else set()
        if len(said) == 1 and weeks[0] not in _TRIMESTERS[trimester := said.pop()]:
            yield finding("trimester", code, weeks=weeks[0], trimester=trimester)


def _encounters(codes: CodeSet) -> Iterator[Finding]:
    """One injury in two encounters, such as initial and subsequent."""
    injuries: dict[str, list[str]] = defaultdict(list)
    for code in codes.diagnoses:
        if _INJURY.fullmatch(code):
            injuries[code[:-1]].append(code)
    for several in injuries.values():
        if len(several) > 1:
            yield finding("two encounters", *sorted(several), several=", ".join(sorted(several)))
