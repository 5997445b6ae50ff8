"""Medicare Severity Diagnosis Related Groups, through drgpy."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any

from icdbridge.codes import Code
from icdbridge.rules.findings import Encounter
from icdbridge.rules.groupers.grouping import Group, Grouping, dotted, package_told

_COUNTED = (("MCC", "major complication or comorbidity"), ("CC", "complication or comorbidity"))


def ms_drg(diagnoses: dict[str, Code], procedures: dict[str, Code], about: Encounter) -> Grouping:
    """The DRG with the codes that drive it, then what counts as MCC and CC; codes are undotted -> code."""
    from drgpy.msdrg_allvers import get_version_for_date

    def told(edition: str, remarks: Iterable[str], groups: Iterable[Group] = ()) -> Grouping:
        return Grouping("MS-DRG", edition, package_told("drgpy"), tuple(groups), None, tuple(remarks))

    try:
        engine = _engine(get_version_for_date(about.day.isoformat()).name if about.day else None)
    except ValueError:
        return told("none", [f"no edition is installed for {about.day}"])
    sexes = [about.sex] if about.sex else ["female", "male"]

    def drg(without: Iterable[str] = (), sex: str = sexes[0]) -> str:
        gone = set(without)
        left, done = ([one for one in codes if one not in gone] for codes in (diagnoses, procedures))
        return str(engine.get_drg(left, done, gender=sex[0].upper()))

    def named(number: str) -> str:
        return f"{number} {_title(engine, number)}"

    whole = drg()
    if drg(sex=sexes[-1]) != whole:
        both = [f"{sex}: {named(drg(sex=sex))}" for sex in sexes]
        return told(engine.version, ["depends on the sex, which is not given", *both])
    levels = _levels(engine, list(diagnoses), sexes[0])
    driving = _driving(drg, diagnoses, procedures, levels)
    everything = {**diagnoses, **procedures}
    groups = [Group(whole, _title(engine, whole), dotted(driving, everything))]
    groups += [
        Group(level, what, dotted(levels[level], diagnoses)) for level, what in _COUNTED if levels[level]
    ]
    remarks = [
        f"without {everything[one].code}: {named(drg([one]))}" for one in driving[1:] if drg([one]) != whole
    ]
    if excluded := levels["excluded"]:
        first = next(iter(diagnoses.values())).code
        remarks.append(f"no CC or MCC beside {first}: {', '.join(dotted(excluded, diagnoses))}")
    if (
        about.day
        and (newest := _engine(None).version_info)
        and about.day >= _year_after(newest.effective_date)
    ):
        remarks.append(f"the newest edition that is installed came on {newest.effective_date}")
    return told(engine.version, remarks, groups)


def _year_after(day: date) -> date:
    """The first day of the fiscal year after the one that a day is in."""
    return date(day.year + (day.month >= 10), 10, 1)


def _title(engine: Any, number: str) -> str:
    return str(engine.drgmap.get(number, {}).get("desc", "not grouped"))


def _levels(engine: Any, diagnoses: Sequence[str], sex: str) -> dict[str, list[str]]:
    """The secondary diagnoses that count as MCC or CC beside the principal one, and those that it excludes."""
    principal, *others = diagnoses
    found: dict[str, list[str]] = defaultdict(list)
    for other in others:
        features = engine.get_features([principal, other], [], gender=sex[0].upper())
        level = next((level for level, _ in _COUNTED if features[f"_{level}"]), None)
        if level or other in engine.ccmap:
            found[level or "excluded"].append(other)
    return found


def _driving(
    drg: Callable[[Iterable[str]], str],
    diagnoses: dict[str, Code],
    procedures: dict[str, Code],
    levels: dict[str, list[str]],
) -> list[str]:
    """The codes without which, or without all of whose level, the DRG is another; the principal diagnosis first."""
    whole, principal = drg(()), next(iter(diagnoses))
    alone = [one for one in [*diagnoses, *procedures] if one != principal and drg([one]) != whole]
    together = [one for level, _ in _COUNTED if drg(levels[level]) != whole for one in levels[level]]
    return list(dict.fromkeys([principal, *alone, *together]))


@cache
def _engine(edition: str | None) -> Any:
    from drgpy.msdrg import DRGEngine

    return DRGEngine(edition)
