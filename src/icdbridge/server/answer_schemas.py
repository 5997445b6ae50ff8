"""The answers of /v1, as OpenAPI describes them. Examples are made up."""

import json
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, Field

from icdbridge.documents.document import Setting
from icdbridge.lexical.evidence import SPAN_CHARACTERS
from icdbridge.server.limits import ANSWER_BYTES

Context = Literal["negated", "family", "hypothetical", "uncertain", "integral", "replaced"]


class EvidenceOut(BaseModel):
    """Words of the note that spoke for a code: `start` (inclusive) and `end` (exclusive) count Unicode
    characters of the note as sent.
    """

    start: int = Field(examples=[14])
    end: int = Field(examples=[29])
    text: str = Field(examples=["dyspnea at rest"])
    cut: bool = Field(default=False, description=f"The words go on after {SPAN_CHARACTERS} characters.")
    weight: float = Field(description="Share of the attention, 0 to 1.", examples=[0.71])
    context: Context | None = Field(
        description="Where the words stand negated, are said of a relative, hypothetical or uncertain (English notes), "
        "are a symptom of a diagnosis that is coded (integral), or another code says it (replaced).",
        examples=[None],
    )
    axis: str | None = Field(
        default=None,
        description="Which axis of a procedure's code (ICD-10-PCS) the words name: `operation`, `body part`, "
        "`approach`, `device` or `qualifier`.",
        examples=[None],
    )


class AlternativeOut(BaseModel):
    system: str = Field(examples=["icd10cm"])
    code: str = Field(examples=["I50.9"])
    description: str = Field(examples=["Heart failure, unspecified"])


class CodeOut(AlternativeOut):
    kind: Literal["diagnosis", "procedure"] = Field(examples=["diagnosis"])


class SuggestedCode(CodeOut):
    """A code suggested for a note or an encounter."""

    rank: int = Field(examples=[1])
    probability: float = Field(examples=[0.83])
    confidence: float | None = Field(
        description="Share of right codes to expect among such suggestions, by calibration on validation "
        "notes; null where the model was not calibrated.",
        examples=[0.78],
    )
    band: str = Field(
        examples=["likely"],
        description="Confidence in words: /v1/models says what it was worth on validation notes.",
    )
    context: Context | None = Field(
        default=None,
        description="What all evidence that weighs says of the code; null: it stands for the patient, or no evidence "
        "was asked for.",
    )
    predicted: bool = Field(description="Above the threshold for such codes, tuned on validation notes.")
    reason: str | None = Field(
        default=None,
        description="The rule of the code system that it follows from.",
        examples=["hypertension with heart failure (I.C.9.a.1)"],
    )
    alternatives: list[AlternativeOut] = Field(
        default=[], description="Other codes that the same words may mean, to specify it by."
    )


class SuggestionOut(SuggestedCode):
    """A code suggested for a note."""

    train_notes: int | None = Field(
        description="Training notes that carried it; 0: known by its description alone; null: there are none."
    )
    evidence: list[EvidenceOut]


class NoteOut(BaseModel):
    """What was found for one note."""

    id: str = Field(examples=["n-17"])
    words: int = Field(description="Words of the note.", examples=[8])
    read_words: int = Field(description="How many of them, from the first, the model read.", examples=[8])
    caution: str | None = Field(
        default=None,
        description="Where the note is unlike those that the model learnt from: its confidence says little.",
    )
    suggestions: list[SuggestionOut]
    cut: bool = Field(
        description=f"True where evidence, or suggestions of the lowest ranks, had to be left out: an answer has at "
        f"most {ANSWER_BYTES:,} bytes, in equal shares for its notes. Ask for fewer notes or a smaller `top`."
    )


class CodeResponse(BaseModel):
    model: str = Field(examples=["mixed"])
    version: str | None = Field(description="Null where the request brought its codes.", examples=["icd10"])
    notes: list[NoteOut]


class ChoiceOut(BaseModel):
    """What may be said more of a code that was found, and the code that this leads to."""

    axis: str = Field(description="Such as `side`, `encounter` or `kind`.", examples=["side"])
    value: str = Field(examples=["left"])
    code: str = Field(examples=["S72.002A"])
    description: str


class HitOut(CodeOut):
    """A code found by search."""

    release: str = Field(examples=["FY2026"])
    billable: bool = Field(description="False for a category, which cannot be assigned.")
    matched_on: Literal["code", "title", "term", "abbreviation", "spelling"] = Field(
        description="`term`: a wording of the index, the inclusion terms and other tables."
    )
    term: str = Field(description="The wording that matched.", examples=["Heart failure, unspecified"])
    why: str | None = Field(
        description="What was taken for what; null where the words say it themselves.",
        examples=["chf: congestive heart failure"],
    )
    specify: list[ChoiceOut] = Field(description="What the codes of its family differ by.")


class SearchResponse(BaseModel):
    codes: list[HitOut]
    searched: str | None = Field(
        description="What was searched for where it is not what was typed.", examples=["hypertension"]
    )
    suggestions: list[str] = Field(description="Words that may have been meant.", examples=[["pneumonia"]])


class BandOut(BaseModel):
    """Of `suggestions` in this band on validation notes `right` were right; null: not calibrated."""

    name: str = Field(examples=["likely"])
    suggestions: int | None = Field(default=None, examples=[97])
    right: int | None = Field(default=None, examples=[81])


class VersionOut(BaseModel):
    name: str = Field(examples=["icd10"])
    systems: list[str] = Field(examples=[["icd10cm", "icd10pcs"]])
    codes: int = Field(description="Codes that the model chooses from.", examples=[7942])
    bands: list[BandOut]
    thresholds: dict[str, float] | None = Field(
        description="The probability above which a code is predicted, by how often training saw it; null: by the "
        "model's one threshold.",
        examples=[{"common": 0.44, "uncommon": 0.71, "unseen": 0.83}],
    )


class ModelOut(BaseModel):
    name: str = Field(examples=["mixed"])
    versions: list[VersionOut]
    threshold: float = Field(description="One for all codes, tuned on validation notes.", examples=[0.31])
    max_words: int = Field(description="Words of a note that the model reads.", examples=[4000])
    default_version: str | None = Field(description="Where a request names none; null: it has to.")
    measured: bool = Field(description="Whether its suggestions have a confidence.")
    basis: str = Field(description="What its confidence was measured on.")
    settings: list[Setting] = Field(description="Those that it tells apart; empty: a request may give none.")
    synthetic: bool = Field(description="Trained on synthetic notes: its figures say nothing of real ones.")


class ModelsResponse(BaseModel):
    icdbridge: str = Field(description="The server's version.", examples=["0.1.0"])
    models: list[ModelOut]
    store: bool = Field(description="Whether encounters are kept: the paths under /v1/desk.")


class Health(BaseModel):
    status: Literal["ok"]


BUNDLE_EXAMPLE: dict[str, Any] = json.loads((files(__package__) / "bundle_example.json").read_text("utf-8"))
