"""What a FHIR operation is asked: parameters of a query or of a ``Parameters`` resource, and errors as FHIR says them.

Format: https://hl7.org/fhir/R4/parameters.html and https://hl7.org/fhir/R4/operationoutcome.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

# Parameters that clients send and that change nothing here.
_IGNORED = frozenset(
    {"_format", "_pretty", "displayLanguage", "property", "includeDesignations", "excludeNested", "activeOnly",
     "incomplete-ok", "includeDefinition", "excludeNotForUI", "abstract", "valueSetVersion", "context", "source",
     "conceptMapVersion"}
)  # fmt: skip
_CODING = ("system", "code", "version", "display")
LONGEST = 1_000  # characters of a parameter


class OperationOutcome(Exception):
    """An operation that cannot be carried out; ``issue`` is a code of FHIR's IssueType."""

    def __init__(self, status: int, issue: str, text: str) -> None:
        super().__init__(text)
        self.status, self.issue, self.text = status, issue, text

    def resource(self) -> dict[str, Any]:
        issue = {"severity": "error", "code": self.issue, "diagnostics": self.text}
        return {"resourceType": "OperationOutcome", "issue": [issue]}


@dataclass(frozen=True)
class Parameters:
    """The parameters of an operation by name, all as text."""

    values: Mapping[str, str]

    def text(self, name: str) -> str | None:
        return self.values.get(name) or None

    def needed(self, name: str, why: str) -> str:
        """Raises ``OperationOutcome`` where it is not given."""
        if value := self.text(name):
            return value
        raise OperationOutcome(400, "required", f"parameter {name} is missing: {why}")

    def number(self, name: str, default: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise OperationOutcome(400, "invalid", f"parameter {name} is no whole number of 0 or more")
        return min(int(text), most)

    def flag(self, name: str) -> bool:
        text = self.text(name) or "false"
        if text not in ("true", "false"):
            raise OperationOutcome(400, "invalid", f"parameter {name} is neither true nor false")
        return text == "true"

    def day(self, name: str) -> date | None:
        """The day of a date or dateTime; of a year or month its first."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return date.fromisoformat((text[:10] + "-01-01")[:10] if len(text) in (4, 7) else text[:10])
        except ValueError as error:
            told = f"parameter {name} is no date such as 2026-01-31"
            raise OperationOutcome(400, "invalid", told) from error


def from_query(pairs: Iterable[tuple[str, str]], known: Iterable[str]) -> Parameters:
    """Those of a URL. Raises ``OperationOutcome`` for one that the operation does not know, or that is given twice."""
    values: dict[str, str] = {}
    for name, value in pairs:
        _put(values, name, value, known)
    return Parameters(values)


def from_resource(body: Any, known: Iterable[str]) -> Parameters:
    """Those of a ``Parameters`` resource: of a ``coding``, or the first of a ``codeableConcept``, its parts."""
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise OperationOutcome(400, "structure", "send a Parameters resource as application/fhir+json")
    values: dict[str, str] = {}
    several = body.get("parameter", [])
    if not isinstance(several, list):
        raise OperationOutcome(400, "structure", "Parameters.parameter is no list")
    for one in several:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise OperationOutcome(400, "structure", "an entry of Parameters.parameter has no name")
        name = one["name"]
        value = next((value for key, value in one.items() if key.startswith("value")), None)
        if name == "codeableConcept" and isinstance(value, dict):
            codings = value.get("coding")
            name, value = "coding", codings[0] if isinstance(codings, list) and codings else None
        if name == "coding":
            if not isinstance(value, dict):
                raise OperationOutcome(
                    400, "structure", "parameter coding has no valueCoding of system and code"
                )
            for part in _CODING:
                if isinstance(value.get(part), str):
                    _put(values, part, value[part], known)
        elif isinstance(value, bool):
            _put(values, name, str(value).lower(), known)
        elif isinstance(value, (str, int)):
            _put(values, name, str(value), known)
        elif name not in _IGNORED:
            raise OperationOutcome(400, "structure", "an entry of Parameters.parameter has no simple value")
    return Parameters(values)


def _put(values: dict[str, str], name: str, value: str, known: Iterable[str]) -> None:
    if name in _IGNORED:
        return
    if name not in known:
        raise OperationOutcome(
            400, "not-supported", f"a parameter is unknown to this operation: it knows {', '.join(known)}"
        )
    if name in values:
        raise OperationOutcome(400, "invalid", f"parameter {name} is given twice")
    if len(value) > LONGEST:
        raise OperationOutcome(400, "too-long", f"parameter {name} has more than {LONGEST:,} characters")
    values[name] = value
