"""What /v1/desk/report answers: figures on people's decisions, none of a note's words."""

from pydantic import BaseModel, Field


class BandReport(BaseModel):
    """Suggestions of a band: how many of them stand; ``expected``: the share that the confidence promised."""

    band: str
    shown: int
    accepted: int
    rejected: int
    expected: float | None


class CodeReport(BaseModel):
    """Suggestions of a code; ``expected``: how many of them the confidence promised to be right."""

    key: str
    description: str
    shown: int
    accepted: int
    expected: float


class AddedReport(BaseModel):
    """A code that coders added by hand."""

    key: str
    description: str
    times: int


class CoderReport(BaseModel):
    """A person's decisions; ``overruled``: another changed them later; ``follows``: of an accepted and a rejected
    suggestion, how often the accepted one was the more confident; ``by_chance``: as if coins were tossed.
    """

    coder: str
    encounters: int
    decisions: int
    acceptance: dict[str, float | None] = Field(description="By band.")
    added: int
    overruled: int
    follows: float | None
    by_chance: bool
    minutes: float | None = Field(description="A chart, the median; pauses count as 5 minutes at most.")


class WeekReport(BaseModel):
    """Encounters done in a week; ``f1`` of what was predicted, ``likely``: the share of these that stand."""

    week: str = Field(examples=["2025-W45"])
    encounters: int
    f1: float
    likely: float | None
    added: float
    minutes: float | None


class AgreementReport(BaseModel):
    """Codes that two people decided on; ``kappa``: agreement beyond chance (Cohen 1960)."""

    first: str
    second: str
    codes: int
    same: float
    kappa: float | None


class DriftReport(BaseModel):
    """How far the words and codes of a month are from those before (Jensen-Shannon divergence, 0 to 1)."""

    month: str
    encounters: int
    words: float
    words_by_chance: float
    codes: float
    codes_by_chance: float


class ReportOut(BaseModel):
    """The report on encounters done in the last ``weeks_back`` weeks; no words of documents or comments."""

    weeks_back: int
    encounters: int
    decisions: int
    bands: list[BandReport]
    codes: list[CodeReport]
    added: list[AddedReport]
    coders: list[CoderReport]
    weeks: list[WeekReport]
    agreement: list[AgreementReport]
    drift: list[DriftReport]
    drift_from: str
