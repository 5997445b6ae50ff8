"""Groups and groupings."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import metadata, version
from typing import Any

from icdbridge.codes import Code


@dataclass(frozen=True)
class Group:
    """A group that codes fall into; ``codes``: those that drive it; ``weight``: what it adds to the score."""

    name: str
    title: str
    codes: tuple[str, ...]
    weight: float | None = None


@dataclass(frozen=True)
class Grouping:
    """What one scheme makes of a set of codes; ``score``: of all groups together, None where it has none."""

    scheme: str
    edition: str
    package: str
    groups: tuple[Group, ...] = ()
    score: float | None = None
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The grouping as JSON has it."""
        return asdict(self)


def dotted(several: Iterable[str], codes: dict[str, Code]) -> tuple[str, ...]:
    """The codes as people write them, of those without dot."""
    return tuple(codes[one].code for one in several)


@cache
def package_told(name: str) -> str:
    """Name, version and licence, as the package itself gives them."""
    told = metadata(name).json
    classified = [line.rpartition(" :: ")[2] for line in told.get("classifier", []) if "License" in line]
    licence = told.get("license_expression") or (classified[0] if classified else told.get("license"))
    return f"{name} {version(name)}, {licence}"
