"""Codes that do not fit the patient's sex or age, by what titles and chapters say."""

import re
from collections.abc import Iterator
from functools import lru_cache

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.packed import packed_rows
from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Encounter, Finding, finding
from icdbridge.rules.tabular_notes import blocks, title_of

_PERINATAL, _PREGNANCY, _EXTERNAL = "16", "15", "20"
_FERTILE = (9, 65)  # years of age, as Medicare's code editor has them
_SEXES = packed_rows(__package__, "data/title_sexes.csv")
_EVER = "P07"  # prematurity at birth is coded at any age at which it matters (guideline I.C.16.d)
# Words of titles that only one sex has, and those that are said of relatives or of a mother.
_FEMALE, _MALE, _ANOTHERS = (
    re.compile("|".join(title for title, of in _SEXES if of == whose), re.IGNORECASE)
    for whose in ("female", "male", "another")
)
# A word of a title, and the ages in years that it leaves: from, to below.
_AGES = [
    (re.compile(row["title"], re.IGNORECASE), int(row["from"]), int(row["below"]))
    for row in read_csv("title_ages")
]


def check_patient(codes: CodeSet, encounter: Encounter) -> Iterator[Finding]:
    """Codes of the other sex, and of another age."""
    for code in codes.diagnoses:
        sex = sex_of(code)
        if sex and encounter.sex and sex != encounter.sex:
            yield finding("sex", code, title=title_of(code), sex=sex, patient=encounter.sex)
        if encounter.age is not None and (span := ages_of(code)) and not span[0] <= encounter.age < span[1]:
            yield finding("age", code, title=title_of(code), age=encounter.age)


@lru_cache(maxsize=50_000)
def sex_of(code: str) -> str | None:
    """The only sex that has such a code, by the titles of code, category and section; None: either has."""
    above = blocks(code)
    if not above or above[0].name in (_PERINATAL, _EXTERNAL):  # what befell the patient names others too
        return None
    if above[0].name == _PREGNANCY:
        return "female"
    return sex_in(f"{title_of(code)} {title_of(code[:3])}", above[-1].title)


def sex_in(*titles: str) -> str | None:
    """The only sex that titles are of: of a code with its category, and of its section; None: either, or another."""
    for text in titles if not _ANOTHERS.search(titles[0]) else ():
        female, male = _FEMALE.search(text), _MALE.search(text)
        if female and not male:
            return "female"
        if male and not female:
            return "male"
    return None


@lru_cache(maxsize=50_000)
def ages_of(code: str) -> tuple[int, int] | None:
    """The ages in years, from and to below, that the title of a code or its chapter leaves; None: any."""
    above = blocks(code)
    chapter = above[0].name if above else ""
    if chapter == _PERINATAL:
        return None if code.startswith(_EVER) else (0, 1)
    said = next(((low, high) for words, low, high in _AGES if words.search(title_of(code))), None)
    return said or (_FERTILE if chapter == _PREGNANCY else None)
