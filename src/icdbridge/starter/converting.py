"""Converts codes of ICD-10-CM to ICD-9-CM by CMS's general equivalence mappings (backward)."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from icdbridge.codes import Code, crosswalk, load_system
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.successors import predecessors
from icdbridge.starter.found import Found
from icdbridge.starter.stems import title_stems
from icdbridge.starter.tree import WITHOUT


def in_icd9(found: Sequence[Found]) -> list[Found]:
    """What was found in ICD-10-CM, in ICD-9-CM: each code once, with the highest confidence that leads to it.

    Codes without a counterpart (laterality, BMI of children, new concepts) are left out.
    """
    titles = load_system("icd9cm").titles
    kept: dict[str, Found] = {}
    for one in found:
        for code in counterparts(one.code):
            others = dict.fromkeys(
                other for ten, _ in one.alternatives for other in counterparts(ten) if other != code
            )
            alternatives = tuple((other, titles[other]) for other in others)
            converted = one._replace(code=code, title=titles[code], alternatives=alternatives)
            if code not in kept or (kept[code].doubted and not one.doubted):
                kept[code] = converted
    return sorted(kept.values(), key=lambda one: -one.confidence)


@cache
def counterparts(code: str) -> tuple[str, ...]:
    """The ICD-9-CM codes for one of ICD-10-CM, several if they must stand together.

    Of alternatives, the one that ``icd9_choices.csv`` names, else the one that hospitals use most; among these the one
    with the most similar title. A code that the mappings lack, being newer, is mapped like the code that it was divided
    from, else like the codes of its nearest category.
    """
    if chosen := _chosen(code):
        return (chosen,)
    table, titles = crosswalk("icd10cm", "icd9cm"), load_system("icd9cm").titles
    if code not in table:
        return _of_older(code)
    entries = table[code]
    alone = [entry.target.code for entry in entries if not entry.combination]
    if alone:
        return (min(alone, key=lambda nine: _unlikely(code, nine)),)
    together = {
        entry.choice_list: entry.target.code
        for entry in reversed(entries)
        if entry.scenario == entries[0].scenario
    }
    return tuple(code for _, code in sorted(together.items()) if code in titles)


def _chosen(code: str) -> str | None:
    """The ICD-9-CM code that ``icd9_choices.csv`` names for a code of ICD-10-CM, or for the longest beginning of it."""
    ends = (code[:end] for end in range(len(code), 2, -1))
    return next((_choices()[end] for end in ends if end in _choices()), None)


@cache
def _choices() -> dict[str, str]:
    return {row["icd10cm"]: row["icd9cm"] for row in read_csv("icd9_choices")}


def _of_older(code: str) -> tuple[str, ...]:
    """The ICD-9-CM codes for a code that is newer than the mappings."""
    table = crosswalk("icd10cm", "icd9cm")
    for one in predecessors(Code("icd10cm", code)):
        if one.code.code in table:
            return counterparts(one.code.code)
    for end in range(len(code) - 1, 2, -1):
        # of the same encounter: an injury that is new is no aftercare
        near = Counter(
            entry.target.code
            for other, targets in table.items()
            if other.startswith(code[:end]) and other[7:] in (code[7:], "")
            for entry in targets
        )
        if near:
            return (min(near, key=lambda nine: (*_unlikely(code, nine), -near[nine])),)
    return ()


def _unlikely(ten: str, nine: str) -> tuple[bool, int, float]:
    """Of several codes each of which may stand for one of ICD-10-CM: whether it is of childbirth where that is of a
    trimester, how seldom hospitals use it, how unlike its title is.
    """
    title, other = (
        load_system(system).title(code) or "" for system, code in (("icd10cm", ten), ("icd9cm", nine))
    )
    often = {"frequent": 0, "seen": 1}.get(hospital_frequency("icd9cm").get(nine, ""), 2)
    one, two = (frozenset(title_stems(WITHOUT.sub(" ", text))) for text in (title, other))
    delivered = ten.startswith("O") and "childbirth" not in title and "delivered" in other
    return delivered, often, -len(one & two) / max(len(one | two), 1)
