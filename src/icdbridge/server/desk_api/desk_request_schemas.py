"""The requests of /v1/desk, as OpenAPI describes them. Examples are made up."""

import datetime
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from icdbridge.documents.document import Setting, Sex
from icdbridge.server.limits import NOTE_CHARACTERS
from icdbridge.server.request_schemas import Day, GivenCode, Identifier, Request, read_as
from icdbridge.server.store.records import in_utc

State = Literal["new", "in work", "question", "done", "audited"]
Role = Literal["coder", "auditor", "admin"]
MOST_DOCUMENTS = 64  # of a request
MOST_DECISIONS = 200


_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
_A_MOMENT = "A day, or a time of a day; in UTC where no time zone is said."
Moment = Annotated[
    datetime.datetime,
    read_as(_MOMENT, lambda text: in_utc(datetime.datetime.fromisoformat(text)), "time"),
    WithJsonSchema(
        {"type": "string", "pattern": _MOMENT, "description": _A_MOMENT, "examples": ["2025-11-02T14:30:00Z"]}
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=64, examples=["bea"])]
Key = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}:[!-~]{1,32}$", description="System and code.",
          examples=["icd10cm:I50.9"]),
]  # fmt: skip
Version = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="Of the encounter, as you saw it: another one is answered 409.",
               examples=[7])
]  # fmt: skip


class DocumentIn(Request):
    """A document as text; markup and other formats are converted before."""

    text: str = Field(min_length=1, max_length=NOTE_CHARACTERS, examples=["Presents with dyspnea at rest."])
    source_id: Identifier | None = Field(
        default=None, description="What the sender calls it: sent again, it takes the place of the older one."
    )
    title: str | None = Field(default=None, max_length=200, examples=["Discharge summary"])
    kind: str | None = Field(default=None, max_length=64, examples=["discharge summary"])
    status: Literal["final", "preliminary"] = "final"
    date: Moment | None = None


class FactsIn(Request):
    """What is known of an encounter."""

    patient: Identifier | None = Field(default=None, examples=["p-4"])
    sex: Sex | None = None
    birth_date: Day | None = None
    setting: Setting | None = None
    admission: Day | None = None
    discharge: Day | None = None
    due: Day | None = Field(default=None, description="When it should be coded.")


class EncounterIn(FactsIn):
    """An encounter with its documents, or more documents of one that is known by its number."""

    number: Identifier = Field(examples=["E-1001"])
    documents: list[DocumentIn] = Field(default=[], max_length=MOST_DOCUMENTS)


class EncounterChange(FactsIn):
    """What to change; what is left out stays. Null empties a fact, and gives the encounter back to nobody."""

    version: Version
    state: State | None = None
    assignee: Name | None = Field(default=None, description="A user; null: nobody.")


class SpanIn(Request):
    """Words of a document: `start` (inclusive) and `end` (exclusive) count its Unicode characters."""

    document: int = Field(ge=1, le=2**31 - 1, examples=[31])
    start: int = Field(ge=0, le=NOTE_CHARACTERS, examples=[14])
    end: int = Field(ge=1, le=NOTE_CHARACTERS, examples=[29])


class DecisionIn(GivenCode):
    """A decision on one code; it takes the place of an earlier one on the same code."""

    verdict: Literal["accepted", "rejected", "undecided"] = Field(
        description="`accepted` for a code that was not suggested adds it; `undecided` takes a decision back."
    )
    poa: Literal["Y", "N", "U", "W", "1"] | None = Field(default=None, description="Present on admission.")
    instead_of: Key | None = Field(default=None, description="The suggestion whose place this code took.")
    evidence: list[SpanIn] = Field(
        default=[], max_length=50, description="The words that the coder confirmed or marked for it."
    )


class DecisionsIn(Request):
    """Decisions that are saved together, or none of them."""

    version: Version
    decisions: list[DecisionIn] = Field(default=[], max_length=MOST_DECISIONS)
    order: list[Key] | None = Field(
        default=None,
        max_length=1_000,
        description="The accepted codes in order, the principal diagnosis first; those left out follow.",
    )


class CommentIn(Request):
    text: str = Field(min_length=1, max_length=4_000, examples=["Which side? Please ask Dr. Lind."])
    code: Key | None = None


class WorklistRequest(Request):
    """Which encounters to list. A POST, so that no patient's number stands in a URL."""

    states: list[State] = Field(default=[], max_length=5, description="Empty: all.")
    assignee: str | None = Field(
        default=None, max_length=64, description="A user, `me`, or empty for those of nobody; null: all.",
        examples=["me"],
    )  # fmt: skip
    setting: Setting | None = None
    words: str | None = Field(
        default=None,
        max_length=64,
        description="Part of the encounter's or patient's number.",
        examples=["E-10"],
    )
    sort: Literal["need", "trust", "due", "discharge", "updated", "number"] = Field(
        default="need",
        description="`need`: first those whose suggestions are likely wrong in most codes; `trust`: first those "
        "that need a person least.",
    )
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class TokenIn(Request):
    """A new account."""

    name: Name
    role: Role
