"""Comorbidity indices of studies, through pycomorb."""

from collections.abc import Iterator
from datetime import date

from icdbridge.codes import Code
from icdbridge.rules.findings import Encounter
from icdbridge.rules.groupers.grouping import Group, Grouping, dotted, package_told

_NEWEST = date(2026, 9, 30)  # for which the conditions are read where no date is given


def comorbidities(diagnoses: dict[str, Code], about: Encounter) -> Iterator[Grouping]:
    """Charlson of all diagnoses; Elixhauser of the secondary ones, as it is defined."""
    day, package = about.day or _NEWEST, package_told("pycomorb")
    found = _indexed("Charlson", diagnoses, day, implementation="quan")
    edition = "conditions by Quan 2005, weights by Charlson 1987"
    yield Grouping("Charlson", edition, package, *found, ("age adds nothing here",))
    secondary = dict(list(diagnoses.items())[1:])
    found = _indexed("Elixhauser", secondary, day, implementation="ahrq_icd10", weights="ahrq")
    edition = "AHRQ Refined for ICD-10-CM v2026.1, its weights"
    remarks = ("the principal diagnosis is left out", "present on admission is not asked")
    yield Grouping("Elixhauser", edition, package, *found, remarks)


def _indexed(
    score: str, diagnoses: dict[str, Code], day: date, **options: str
) -> tuple[tuple[Group, ...], float]:
    """The conditions of all diagnoses together, each with the diagnoses that have it alone, and their index."""
    import polars
    from pycomorb import comorbidity

    if not diagnoses:
        return (), 0.0
    rows = [(together, one) for one in diagnoses for together in ("", one)]  # all in one, and each alone
    table = polars.DataFrame(
        {
            "id": [name for name, _ in rows],
            "code": [one for _, one in rows],
            "age": [0] * len(rows),
            "year": [day.year + (day.month >= 10)] * len(rows),  # fiscal
        }
    )
    answer = comorbidity(score.lower(), table, return_categories=True, **options)
    column = f"{score} Comorbidity Index"
    found = {row["id"]: row for row in answer.to_dicts()}
    conditions = [
        name
        for name in answer.columns
        if name not in ("id", "Age", column) and "Score" not in name and found[""][name]
    ]
    groups = tuple(
        Group(name, "", dotted([one for one in diagnoses if found[one][name]], diagnoses))
        for name in conditions
    )
    return groups, float(found[""][column])
