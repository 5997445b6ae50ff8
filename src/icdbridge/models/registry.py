"""Every model by the name of its architecture, built from its sizes as config.json stores them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from icdbridge.errors import InputError
from icdbridge.models.caml import CAML, CAMLSettings
from icdbridge.models.corelation import CoRelation, CoRelationSettings
from icdbridge.models.dual_laat import DualLAAT, ModelSettings
from icdbridge.models.dual_laat_plm import DualLAATPLM, DualLAATPLMSettings
from icdbridge.models.laat import LAAT, LAATSettings
from icdbridge.models.model import CodingModel
from icdbridge.models.multi_res_cnn import MultiResCNN, MultiResCNNSettings
from icdbridge.models.plm_icd import PLMICD, PLMICDSettings

ARCHITECTURES: Mapping[str, tuple[type[CodingModel], type[Any]]] = {
    "duallaat": (DualLAAT, ModelSettings),
    "caml": (CAML, CAMLSettings),
    "laat": (LAAT, LAATSettings),
    "multirescnn": (MultiResCNN, MultiResCNNSettings),
    "corelation": (CoRelation, CoRelationSettings),
    "plm-icd": (PLMICD, PLMICDSettings),
    "duallaat-plm": (DualLAATPLM, DualLAATPLMSettings),
}


def build_model(architecture: str, sizes: Mapping[str, Any]) -> CodingModel:
    """A model with fresh weights; ``sizes`` may hold more than it needs.

    Raises ``InputError`` for an unknown architecture and for sizes that are missing, out of bounds or do not fit
    together.
    """
    if architecture not in ARCHITECTURES:
        raise InputError(f"unknown architecture {architecture!r}: known are {', '.join(ARCHITECTURES)}")
    model, settings = ARCHITECTURES[architecture]
    names = size_names(architecture)
    given = {name: sizes[name] for name in names if name in sizes}
    try:
        return model(TypeAdapter(settings).validate_json(json.dumps(given), strict=True))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise InputError(
            f"the sizes of a {architecture} model, {first['loc'][0]}: {first['msg']}: train again"
        ) from error
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"the sizes of a {architecture} model do not fit together: train again") from error


def size_names(architecture: str) -> list[str]:
    """The sizes that a model of a known architecture is built of."""
    return [field.name for field in fields(ARCHITECTURES[architecture][1])]


def describe_model(model: CodingModel) -> dict[str, Any]:
    """What config.json stores of a model: its architecture and its sizes."""
    architecture = next(name for name, (kind, _) in ARCHITECTURES.items() if type(model) is kind)
    return {"architecture": architecture, **asdict(model.settings)}
