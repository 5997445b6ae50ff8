"""Codes that contradict each other though no Excludes1 note says so."""

import re
from collections import defaultdict
from collections.abc import Iterator

from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, finding
from icdbridge.rules.rule_tables import matching, of_table, table
from icdbridge.rules.tabular_notes import title_of

# whole weeks, as at chapter 15
_TRIMESTERS = {"first": range(14), "second": range(14, 28), "third": range(28, 50)}
_TRIMESTER = re.compile(r"\b(first|second|third) trimester\b")
_WEEKS = re.compile(r"Z3A\.([1-4][0-9]|08|09)")
_INJURY = re.compile(r"[ST]\S{7}|M(?:80|84)\S{5}")  # of seven characters, the last of which is the encounter
_BURN = re.compile(r"(T2[0-5])\.[1-3](\w\w[ADS])")  # the fourth character is the degree


def check_together(codes: CodeSet) -> Iterator[Finding]:
    """All of this module's rules."""
    yield from _not_beside(codes)
    yield from _one_at_once(codes)
    yield from _trimesters(codes)
    yield from _encounters(codes)
    yield from _needed(codes)
    yield from _burns(codes)


def _not_beside(codes: CodeSet) -> Iterator[Finding]:
    for here, there, unless, *texts in table("not_beside"):
        one, other = matching(here, codes), matching(there, codes)
        if one and other and not matching(unless, codes):
            yield of_table(texts, (*one, *other), codes=", ".join(one), beside=", ".join(other))


def _needed(codes: CodeSet) -> Iterator[Finding]:
    for here, there, *texts in table("needed"):
        one = matching(here, codes)
        if one and not matching(there, codes):
            yield of_table(texts, one, codes=", ".join(one))


def _burns(codes: CodeSet) -> Iterator[Finding]:
    """Burns of one site in more than one degree."""
    burns: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for code in codes.diagnoses:
        if burn := _BURN.fullmatch(code):
            burns[burn.groups()].append(code)
    for several in burns.values():
        *lower, highest = sorted(several)
        if lower:
            yield finding("degrees", *lower, highest, highest=highest, lower=", ".join(lower))


def _one_at_once(codes: CodeSet) -> Iterator[Finding]:
    """What a group of a pattern finds is one thing, such as one eye: codes that agree in it contradict each other."""
    for pattern, value in table("one_at_once"):
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for code in matching(pattern, codes):
            if match := re.match(pattern, code):
                alike[match.groups()].append(code)
        for several in alike.values():
            if len({code[:-1] if _INJURY.fullmatch(code) else code for code in several}) > 1:
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
