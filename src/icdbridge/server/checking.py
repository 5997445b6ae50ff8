"""``POST /v1/check``: what is wrong with a set of codes."""

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter
from pydantic import BaseModel, Field

from icdbridge.documents.document import Setting, Sex
from icdbridge.rules import Given, check
from icdbridge.rules.code_set import known_version
from icdbridge.rules.findings import OLDEST
from icdbridge.server.problems import WITH_BODY, refusing
from icdbridge.server.request_schemas import Day, Request

CODES = 100  # of a set


class CheckedCode(Request):
    """A code of the set, with what was said beside it."""

    code: str = Field(
        min_length=1,
        max_length=64,
        description="With or without dot; its system may stand before it.",
        examples=["I50.9"],
    )
    poa: Annotated[str, Field(max_length=8)] | None = Field(
        default=None, description="Present on admission: Y, N, U, W or 1.", examples=["Y"]
    )
    certainty: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="What the note says of it, such as probable.", examples=[None]
    )


class CheckRequest(Request):
    """A set of codes, the principal diagnosis first, and what is known of the encounter."""

    codes: list[CheckedCode] = Field(max_length=CODES)
    date: Day | None = Field(default=None, description="Of discharge or service.")
    sex: Sex | None = None
    age: float | None = Field(default=None, ge=0, le=OLDEST, description="In years.", examples=[67])
    setting: Setting | None = None
    ordered: bool = Field(default=True, description="Whether the first code is the principal one.")
    version: Annotated[str, Field(max_length=64)] | None = Field(
        default=None,
        description="What the set is coded in: icd10, icd9 or a system of one's own; null: what the date asks for.",
        examples=[None],
    )


class FindingOut(BaseModel):
    """One thing that is wrong, or to be looked at."""

    rule: str = Field(examples=["Excludes1"])
    severity: Literal["error", "warning", "note"]
    codes: list[str] = Field(examples=[["E10.9", "E11.9"]])
    message: str = Field(description="What is wrong.")
    action: str = Field(description="What to do.")
    source: str = Field(description="Where the rule stands.", examples=["Excludes1 note at E10"])
    choices: list[str] = Field(description="Codes to choose from.")


class CheckResponse(BaseModel):
    findings: list[FindingOut] = Field(description="Errors first, then warnings, then notes.")


def make_check_router() -> APIRouter:
    """The path for checking codes; it needs no model."""
    router = APIRouter(prefix="/v1")

    @router.post("/check", summary="Check codes", responses=WITH_BODY)
    def checked(request: CheckRequest) -> CheckResponse:
        """Whether codes exist, are billable, valid on the date and fit each other, the patient and their order.

        Texts that are no codes are findings too.
        """
        given = [Given(one.code, one.poa, one.certainty) for one in request.codes]
        facts: dict[str, Any] = request.model_dump(exclude={"codes"})
        with refusing("body.version"):
            facts["version"] = request.version and known_version(request.version)
        return CheckResponse(findings=[cast(FindingOut, one.to_dict()) for one in check(given, **facts)])

    return router
