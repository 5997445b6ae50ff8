"""Every model by its name, each a line: its class and its sizes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, NamedTuple

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


class Registered(NamedTuple):
    """A model that ``--model`` names.

    ``architecture`` is what run folders call the class; several models may share it. What settings a model has as
    published and in the preset ``small`` stands in ``training/presets.toml``.
    """

    architecture: str
    model: type[CodingModel]
    sizes: type[Any]


REGISTRY: Mapping[str, Registered] = {
    "duallaat-rnn": Registered("duallaat", DualLAAT, ModelSettings),
    "duallaat-cnn": Registered("duallaat", DualLAAT, ModelSettings),
    "duallaat-plm": Registered("duallaat-plm", DualLAATPLM, DualLAATPLMSettings),
    "caml": Registered("caml", CAML, CAMLSettings),
    "drcaml": Registered("caml", CAML, CAMLSettings),
    "laat": Registered("laat", LAAT, LAATSettings),
    "jointlaat": Registered("laat", LAAT, LAATSettings),
    "multirescnn": Registered("multirescnn", MultiResCNN, MultiResCNNSettings),
    "plm-icd": Registered("plm-icd", PLMICD, PLMICDSettings),
    "corelation": Registered("corelation", CoRelation, CoRelationSettings),
}
ARCHITECTURES: Mapping[str, tuple[type[CodingModel], type[Any]]] = {
    one.architecture: (one.model, one.sizes) for one in REGISTRY.values()
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
