"""Converts codes of ICD-10-CM to ICD-9-CM by CMS's general equivalence mappings (backward)."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from icdbridge.codes import crosswalk, load_system
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.starter.found import Found
from icdbridge.starter.stems import title_stems


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

    Of alternatives, the one that hospitals use most; among these the one with the most similar title. A code that the
    mappings lack, being newer, is mapped like most codes of its nearest category.
    """
    table, titles = crosswalk("icd10cm", "icd9cm"), load_system("icd9cm").titles
    if code not in table:
        for end in range(len(code) - 1, 2, -1):
            near = [
                targets[0].target.code
                for other, targets in table.items()
                if other.startswith(code[:end]) and targets
            ]
            if near:
                return (Counter(near).most_common(1)[0][0],)
        return ()
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


def _unlikely(ten: str, nine: str) -> tuple[int, float]:
    """Of several codes each of which may stand for one of ICD-10-CM: how seldom hospitals use it, how unlike it is."""
    often = {"frequent": 0, "seen": 1}.get(hospital_frequency("icd9cm").get(nine, ""), 2)
    titles = (load_system(system).title(code) for system, code in (("icd10cm", ten), ("icd9cm", nine)))
    one, other = (frozenset(title_stems(title or "")) for title in titles)
    return often, -len(one & other) / max(len(one | other), 1)
