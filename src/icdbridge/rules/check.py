"""Checks a set of codes against the release of the day and the rules of ICD-10-CM."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date as Day

from icdbridge.rules.code_set import CodeSet, Given, known_version, read_set, version_meant
from icdbridge.rules.excludes import check_excludes
from icdbridge.rules.existing import check_existing
from icdbridge.rules.findings import Encounter, Finding, encounter, finding
from icdbridge.rules.meaning import COMBINATION, SAID, check_meaning
from icdbridge.rules.patient import check_patient
from icdbridge.rules.sequencing import check_companions, check_principal
from icdbridge.rules.together import check_together

_POA = ("Y", "N", "U", "W", "1")
_UNCERTAIN = ("probable", "possible", "suspected", "likely", "questionable", "rule out", "compatible with")


def check(
    codes: Iterable[str | Given],
    *,
    date: Day | str | None = None,
    sex: str | None = None,
    age: float | None = None,
    setting: str | None = None,
    ordered: bool = True,
    version: str | None = None,
) -> list[Finding]:
    """Checks a set of codes: errors first, then warnings, then notes.

    ``codes`` are written with or without dot; a system may precede one (``icd9cm:428.0``). The first is the principal
    (first-listed) diagnosis unless ``ordered`` is False. ``date``: of discharge or service. ``version``: ``icd9``,
    ``icd10`` or one of your own. Its default is the version of your own systems that the codes name, else that of the
    date. ``age`` is in years. Texts that are no codes are findings. Raises ``InputError`` for an invalid date, age or
    setting.
    """
    about = encounter(date, sex, age, setting)
    given = [one if isinstance(one, Given) else Given(one) for one in codes]
    read = read_set(given, known_version(version) if version else version_meant(given, about.day), ordered)
    return sorted(set(_findings(read, about)), key=lambda one: one.rank)


def _findings(codes: CodeSet, about: Encounter) -> Iterator[Finding]:
    yield from check_existing(codes, about)
    meant = list(check_meaning(codes))
    combined = {frozenset(one.codes): one for one in meant if one.rule == COMBINATION}
    excluded = [_one_action(one, combined) for one in check_excludes(codes)]
    yield from excluded
    told = {code for one in excluded for code in one.codes}
    yield from (
        one for one in check_principal(codes) if one.severity == "error" or not told.issuperset(one.codes)
    )
    yield from check_companions(codes)
    yield from check_patient(codes, about)
    pairs = {frozenset(one.codes) for one in excluded}
    for one in meant:
        again = told.issuperset(one.codes) if one.rule == SAID else frozenset(one.codes) in pairs
        if not (again and one.rule in (SAID, COMBINATION)):
            yield one
    yield from (one for one in check_together(codes) if not told.issuperset(one.codes))
    yield from _said_beside(codes, about)


def _one_action(excluded: Finding, combined: Mapping[frozenset[str], Finding]) -> Finding:
    """An Excludes1 finding; of two codes that one code says together, with that code to choose."""
    if one := combined.get(frozenset(excluded.codes)):
        return replace(excluded, action=one.action, choices=one.choices)
    return excluded


def _said_beside(codes: CodeSet, about: Encounter) -> Iterator[Finding]:
    for given, code in zip(codes.given, codes.read, strict=True):
        if code is None:
            continue
        poa = (given.poa or "").strip().upper()
        if poa and poa not in _POA:
            yield finding("poa", code.code)
        certainty = (given.certainty or "").lower()
        if about.setting == "outpatient" and any(word in certainty for word in _UNCERTAIN):
            yield finding("uncertain", code.code)
