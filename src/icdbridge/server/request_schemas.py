"""The requests of /v1, as OpenAPI describes them. Examples are made up."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from icdbridge.documents.document import Setting
from icdbridge.server.limits import CODES, NOTE_CHARACTERS, NOTES, SUGGESTIONS

DEFAULT_TOP = 10
_NOTE = "Presents with dyspnea at rest and oedema. Takes metformin."
SYSTEM = r"^[A-Za-z][A-Za-z0-9_ -]{0,31}$"  # of a known one any spelling is understood
Identifier = Annotated[
    str, Field(pattern=r"^[!-~]{1,64}$", description="1 to 64 printable ASCII characters, no blanks.")
]
FIELDS = 20  # of an object of a request: each unknown one would be an error to report


def read_as(shape: str, read: Callable[[str], date], called: str) -> BeforeValidator:
    """Reads a text of this shape; strictly, as all of a request is read: no number is taken for a time."""

    def reading(value: Any) -> date:
        try:
            if isinstance(value, str) and re.fullmatch(shape, value):
                return read(value)
        except (ValueError, OverflowError):  # such as the 30th of February
            pass
        raise PydanticCustomError("no_such_time", f"no such {called}: expected one such as 2025-11-02")

    return BeforeValidator(reading)


Day = Annotated[
    date,
    read_as(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat, "day"),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2025-11-02"]}),
]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > FIELDS:
            raise PydanticCustomError("too_many_fields", "an object of at most 20 fields is expected here")
        return value

    @classmethod
    def field_names(cls) -> set[str]:
        """The names of the fields of all requests: an error may quote these."""
        return set(cls.model_fields).union(*(one.field_names() for one in cls.__subclasses__()))


class NoteIn(Request):
    """A note to code."""

    text: str = Field(min_length=1, max_length=NOTE_CHARACTERS, examples=[_NOTE])
    id: Identifier | None = Field(
        default=None,
        description="Comes back with the result, no other note of the request may have it; the note's place, from 1, "
        "if absent.",
        examples=["n-17"],
    )
    patient: Identifier | None = Field(default=None, description="The subject in FHIR.", examples=["p-4"])


class GivenCode(Request):
    """A code as a request names it."""

    system: str = Field(pattern=SYSTEM, examples=["icd10cm"])
    code: str = Field(pattern=r"^[!-~]{1,32}$", examples=["I50.9"])


class CodeIn(GivenCode):
    """A code to choose from; training need not have seen it."""

    description: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="The title in the installed releases, if absent.",
        examples=["Heart failure, unspecified"],
    )


class CodeRequest(Request):
    """Notes, what to code them in, and how many suggestions to return."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"notes": [{"id": "n-17", "text": _NOTE}], "version": "icd10", "top": 5}]
        }
    )
    notes: list[NoteIn] = Field(min_length=1, max_length=NOTES)
    model: str | None = Field(default=None, max_length=100, description="Needed where several are served.")
    version: str | None = Field(
        default=None,
        max_length=100,
        description="Needed where the model has several and no `codes` are given.",
        examples=["icd10"],
    )
    codes: list[CodeIn] | None = Field(
        default=None,
        min_length=1,
        max_length=CODES,
        description="Choose among these instead of a version's codes.",
    )
    top: int | None = Field(
        default=None,
        ge=1,
        le=SUGGESTIONS,
        description=f"At most so many codes a note; {DEFAULT_TOP} if `threshold` is absent too, "
        f"else {SUGGESTIONS}.",
        examples=[5],
    )
    threshold: float | None = Field(
        default=None, ge=0, le=1, description="Only codes of at least this probability.", examples=[0.3]
    )
    setting: Setting | None = Field(
        default=None,
        description="For the starter: uncertain diagnoses are coded inpatient only; null: as the note looks.",
    )
    date: Day | None = Field(
        default=None,
        description="The day of discharge or service: only codes that are valid on it are offered, those among them "
        "that came after the model was trained too; null: the codes that the model learnt.",
    )
    evidence: bool = Field(default=True, description="Whether to return the words that spoke for each code.")
    candidates: bool = Field(
        default=False,
        description="Score only what the model's candidate search proposes: much faster for many codes, nearly the "
        "same; all codes where it would lose too many. For models that were indexed.",
    )


class ChosenCode(GivenCode):
    """A code that a person settled on; it has to exist in some installed release."""

    description: str | None = Field(
        default=None,
        max_length=1_000,
        description="The title in the installed releases, if absent or blank.",
        examples=["Heart failure, unspecified"],
    )


class BundleRequest(Request):
    """The codes of one note, as a person settled on them."""

    codes: list[ChosenCode] = Field(max_length=CODES)
    note: Identifier | None = Field(
        default=None,
        description="With the patient it makes the ids; random ones if absent.",
        examples=["n-17"],
    )
    patient: Identifier | None = Field(default=None, examples=["p-4"])
