"""The answers of /v1/desk, as OpenAPI describes them. Examples are made up."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from icdbridge.documents.document import Setting, Sex
from icdbridge.server.answer_schemas import CodeOut, Context, SuggestedCode
from icdbridge.server.desk_api.desk_request_schemas import Role, State


class Stored(BaseModel):
    """What is made of a row of the store, by the names of its columns."""

    model_config = ConfigDict(from_attributes=True)


class EncounterRow(Stored):
    """An encounter on the worklist."""

    id: int = Field(examples=[12])
    number: str = Field(examples=["E-1001"])
    patient: str | None
    sex: Sex | None
    setting: Setting | None
    admission: datetime.date | None
    discharge: datetime.date | None
    due: datetime.date | None
    state: State
    assignee: str | None
    version: int
    document_count: int
    code_count: int = Field(description="Accepted codes.")
    principal: str | None = Field(description="The first accepted code, a key.", examples=["icd10cm:I50.9"])
    need: float | None = Field(
        description="How many codes would be wrong or missing, by the confidence, if the suggestions were taken "
        "unread; null: none are made yet.",
        examples=[2.4],
    )
    coded: bool = Field(description="False while suggestions are being made.")
    updated: datetime.datetime
    updated_by: str


class WorklistResponse(Stored):
    encounters: list[EncounterRow]
    total: int = Field(description="Encounters that fit.")
    states: dict[str, int] = Field(description="How many of those that fit all else have each state.")


class DocumentHead(BaseModel):
    """A document without its text: `GET /v1/desk/documents/{id}` has it, and the trail says who read it."""

    id: int
    source_id: str | None
    title: str | None
    kind: str | None
    status: Literal["final", "preliminary", "superseded"]
    date: datetime.datetime | None
    characters: int
    added: datetime.datetime
    deleted: Annotated[bool, BeforeValidator(bool)] = Field(
        description="The time to keep it is over: it has no text any more."
    )


class Repeated(BaseModel):
    """Characters of a document, `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int


class DeskDocument(DocumentHead):
    encounter: int
    text: str | None
    repeats: list[Repeated] = Field(
        description="What repeats another document of the encounter, which is read first; not coded twice."
    )


class DeskSpan(BaseModel):
    """Words of a document that speak for a code."""

    document: int
    start: int
    end: int
    text: str | None = Field(description="Null once the document is deleted.")
    weight: float | None = None
    context: Context | None = None


class DeskSuggestion(SuggestedCode):
    """A suggestion for the encounter, as it was made."""

    id: int
    evidence: list[DeskSpan]


class DeskCode(CodeOut):
    """A code that somebody decided on."""

    verdict: Literal["accepted", "rejected"]
    position: int | None = Field(description="Of an accepted code, from 1.")
    principal: bool = Field(description="The first accepted diagnosis.")
    poa: str | None
    suggested: bool = Field(description="Whether it was suggested, or added by hand.")
    instead_of: str | None
    evidence: list[DeskSpan]
    by: str
    at: datetime.datetime


class CommentOut(BaseModel):
    id: int
    code: str | None
    text: str | None
    by: str
    at: datetime.datetime


class CodingOut(Stored):
    """What made the suggestions, and when."""

    model: str
    code_version: str
    release: str = Field(description="The release that the codes are of, by the date of discharge.")
    documents: list[int] = Field(validation_alias="document_ids", description="What was read, in this order.")
    at: datetime.datetime


class EncounterOut(EncounterRow):
    """An encounter with all that is shown of it; the texts of its documents are fetched one by one."""

    birth_date: datetime.date | None
    age: float | None = Field(description="In years, on admission or else discharge.")
    coding: CodingOut | None
    documents: list[DocumentHead] = Field(description="Final ones first, of these the newest.")
    suggestions: list[DeskSuggestion]
    codes: list[DeskCode] = Field(description="Accepted codes in their order, then the rejected ones.")
    comments: list[CommentOut]


class Received(BaseModel):
    """What became of an encounter and documents that were sent."""

    id: int
    version: int
    added: list[int] = Field(description="The documents that are new; what was there already is not.")


class FileEncounter(BaseModel):
    """An encounter of a file, and its documents that are new."""

    id: int
    added: list[int]


class FileRefused(BaseModel):
    """A document of a file that was not taken, and why."""

    document: str
    why: str


class FileTakenIn(BaseModel):
    """What became of a file."""

    encounters: list[FileEncounter]
    refused: list[FileRefused]


class TrailOut(Stored):
    """What somebody did; no words of documents or comments."""

    number: int
    at: datetime.datetime
    by: str
    action: str = Field(examples=["decided"])
    encounter: int | None = Field(validation_alias="encounter_id")
    document: int | None = Field(validation_alias="document_id")
    version: int | None
    details: dict[str, Any]


class TrailResponse(BaseModel):
    entries: list[TrailOut] = Field(description="The newest first.")


class Me(BaseModel):
    """Who is signed in."""

    name: str
    role: Role
    account: bool = Field(description="False for the one local user and for the server's own token.")


class SessionOut(BaseModel):
    """A session; send its token as the bearer token from now on."""

    token: str
    expires: datetime.datetime
    idle_minutes: int = Field(description="It ends sooner when it is not used for so long.")


class UserOut(Stored):
    name: str
    role: Role
    active: bool


class UsersResponse(BaseModel):
    users: list[UserOut]


class UserAdded(UserOut):
    token: str = Field(description="Shown once, kept nowhere.")
