"""What a file that others may have written must look like; a fault is one line that names the file and the field."""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from icdbridge.errors import InputError

Name = Annotated[str, Field(min_length=1, max_length=1_000)]
Share = Annotated[float, Field(ge=0, le=1)]  # also a probability; never NaN
Count = Annotated[int, Field(ge=0, le=10**12)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

T = TypeVar("T")


class Strict(BaseModel):
    """A JSON object without fields that it does not know, without numbers that are none, without conversions."""

    model_config = _STRICT


def checked(value: Any, kind: type[T], path: Path, advice: str = "make it again") -> T:
    """``value``, read from ``path``, as ``kind``, which may hold dataclasses; ``InputError`` names the first field at
    fault.
    """
    own = isinstance(kind, type) and issubclass(kind, BaseModel)
    try:
        # as JSON, for only so dataclasses are made of objects without conversions; TOML has days
        text = json.dumps(value, default=str)
        return TypeAdapter(kind, config=None if own else _STRICT).validate_json(text, strict=True)
    except (ValidationError, RecursionError) as error:
        raise InputError(f"{path}, {_fault(error)}: {advice}") from error


def _fault(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "the whole: too deep"
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    # a name of the file's own may hold anything
    place = ".".join(ascii(part)[1:-1] if isinstance(part, str) else str(part) for part in first["loc"])
    return f"field {place[:200] or '(the whole)'}: {first['msg'].partition(chr(10))[0][:200]}"
