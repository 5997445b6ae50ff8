"""Groups a set of codes for payers and studies: MS-DRG, risk categories, comorbidities.

Each scheme is computed by a package of the extra ``groupers``, on this machine. Groups are for people to read after
coding: no code is proposed, ranked or checked by them.
"""

from collections.abc import Iterable
from datetime import date as Day

from icdbridge.codes import undotted
from icdbridge.codes.gate import assignable
from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.rules.code_set import Given, read_set
from icdbridge.rules.findings import encounter
from icdbridge.rules.groupers.comorbidities import comorbidities
from icdbridge.rules.groupers.grouping import Group, Grouping
from icdbridge.rules.groupers.ms_drg import ms_drg
from icdbridge.rules.groupers.risk_categories import hcc, rxhcc

__all__ = ["Group", "Grouping", "group"]


def group(
    codes: Iterable[str], *, date: Day | str | None = None, sex: str | None = None, age: float | None = None
) -> list[Grouping]:
    """MS-DRG, HCC V28, RxHCC V08, Charlson and Elixhauser of billable ICD-10-CM and ICD-10-PCS codes.

    The first code is the principal diagnosis. ``date``: of discharge, the newest edition where none is given; ``age``
    in years. Raises ``InputError`` for a code that cannot be grouped, and where the extra is not installed.
    """
    about = encounter(date, sex, age)
    texts = list(codes)
    read = read_set([Given(text) for text in texts], "icd10", ordered=True).read
    for text, code in zip(texts, read, strict=True):
        if code is None or not code.system.startswith("icd10") or not assignable(code):
            raise InputError(f"{text[:20]!r} is no billable ICD-10 code: icdbridge check says more")
    given = [code for code in dict.fromkeys(read) if code]
    diagnoses = {undotted(code): code for code in given if code.system == "icd10cm"}
    procedures = {undotted(code): code for code in given if code.system == "icd10pcs"}
    if not diagnoses:
        raise InputError("give at least one diagnosis, the principal one first")
    try:
        return [
            ms_drg(diagnoses, procedures, about),
            hcc(diagnoses, about),
            rxhcc(diagnoses, about),
            *comorbidities(diagnoses, about),
        ]
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
