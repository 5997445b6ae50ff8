"""From when until when codes are valid, as far as the installed releases say."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from icdbridge.codes.code import Code
from icdbridge.codes.packages import load_system, releases
from icdbridge.codes.systems import declaration, kept_by_code, known_systems

LAST_DAY = {"icd9": date(2015, 9, 30)}  # of services coded in a version (45 CFR 162.1002)
FIRST_DAY = {"icd10": date(2015, 10, 1)}
_FISCAL = re.compile(r"FY([0-9]{4})")


class Period(NamedTuple):
    """The days, both included, for which a release is in force; None: no end on this side."""

    start: date | None
    end: date | None

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


class Validity(NamedTuple):
    """When a code may be used.

    ``first`` and ``last``: the oldest and newest installed release in which it is billable. ``period``: from the first
    day of the one to the last day of the other; a side is None where no older (newer) release is installed that would
    tell.
    """

    first: str
    last: str
    period: Period


def version_period(version: str) -> Period:
    """When services are coded in a version at all."""
    return Period(FIRST_DAY.get(version), LAST_DAY.get(version))


def release_period(system: str, release: str) -> Period:
    """When a release is in force: US fiscal years run from October to September, ICD-9-CM's last one to 2015-09-30, a
    release of one's own from the day that its declaration tells until the next one starts.
    """
    starts = declaration(system).starts
    if starts:
        after = [starts[one] for one in releases(system)[releases(system).index(release) + 1 :]]
        return Period(starts.get(release), after[0] - timedelta(days=1) if after else None)
    if fiscal := _FISCAL.fullmatch(release):
        year = int(fiscal[1])
        return Period(date(year - 1, 10, 1), date(year, 9, 30))
    return version_period(declaration(system).version)


@kept_by_code(100)
def later_codes(system: str) -> frozenset[str]:
    """The billable codes that came after the oldest installed release: no earlier note can carry them."""
    return frozenset(
        load_system(system).titles.keys() - load_system(system, releases(system)[0]).titles.keys()
    )


def release_on(system: str, day: date) -> tuple[str, bool]:
    """The last installed release that began by a day, else the oldest, and whether it is in force on that day."""
    known = releases(system)
    begun = [one for one in known if (start := release_period(system, one).start) is None or start <= day]
    release = begun[-1] if begun else known[0]
    return release, release_period(system, release).holds(day)


@kept_by_code(100_000)
def validity(code: Code) -> Validity | None:
    """When a code may be used; None where no installed release has it as a billable code."""
    if code.system not in known_systems():
        return None
    known = releases(code.system)
    having = [one for one in known if load_system(code.system, one).assigns(code.code)]
    if not having:
        return None
    start, end = version_period(code.declaration.version)
    if having[0] != known[0]:
        start = release_period(code.system, having[0]).start
    if having[-1] != known[-1]:
        end = release_period(code.system, having[-1]).end
    return Validity(having[0], having[-1], Period(start, end))
