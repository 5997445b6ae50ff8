"""Findings about a set of codes, and facts of the encounter."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, cast

from icdbridge.errors import InputError
from icdbridge.packed import packed_rows

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
Setting = Literal["inpatient", "outpatient"]
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}
OLDEST = 130  # years


@dataclass(frozen=True)
class Finding:
    """``rule``: its name; ``codes``: which codes it is about; ``message``: what is wrong; ``action``: what to do;
    ``source``: where the rule stands; ``choices``: codes to choose from.
    """

    rule: str
    severity: Severity
    codes: tuple[str, ...]
    message: str
    action: str
    source: str
    choices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return asdict(self) | {"codes": list(self.codes), "choices": list(self.choices)}

    @property
    def rank(self) -> tuple[Any, ...]:
        """Findings are listed by this: errors first, then by rule and codes."""
        return (SEVERITIES.index(self.severity), self.rule, self.codes, self.message)


@cache
def _texts() -> dict[str, list[str]]:
    """The texts of each finding, as ``Finding`` has them: ``{code}`` is its first code, other gaps are filled in."""
    return {name: texts for name, *texts in packed_rows(__package__, "data/findings.csv")}


def finding(name: str, *codes: str, choices: Iterable[str] = (), **said: object) -> Finding:
    """The finding ``name`` of ``data/findings.csv`` about some codes; what is ``said`` fills the gaps of its texts."""
    rule, severity, *texts = _texts()[name]
    message, action, source = (text.format(code=codes[0], **said) for text in texts)
    return Finding(rule, cast(Severity, severity), codes, message, action, source, tuple(choices))


@dataclass(frozen=True)
class Encounter:
    """What is known of the encounter: day of discharge or service, sex, age in years, setting; None: not known."""

    day: date | None = None
    sex: Literal["female", "male"] | None = None
    age: float | None = None
    setting: Setting | None = None


def encounter(
    day: date | str | None = None,
    sex: str | None = None,
    age: float | None = None,
    setting: str | None = None,
) -> Encounter:
    """An encounter of what people give; ``InputError`` for what cannot be one.

    ``day``: as 2025-11-02. ``sex``: female, male, f or m; anything else said is taken for not known.
    """
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day.strip())
        except ValueError:
            raise InputError(f"{str(day)[:40]!r} is no date: give it as 2025-11-02") from None
    if age is not None and not 0 <= age <= OLDEST:
        raise InputError(f"the age {age} is none: give years from 0 to {OLDEST}")
    if setting not in (None, "inpatient", "outpatient"):
        raise InputError(f"unknown setting {setting[:40]!r}: expected inpatient or outpatient")
    known = _SEXES.get((sex or "").strip().lower())
    return Encounter(day, known, age, setting)  # type: ignore[arg-type]
