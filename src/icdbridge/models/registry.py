"""Every model by the name of its architecture, built from its sizes as config.json stores them."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

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

    Raises ``InputError`` for an unknown architecture or a size that is missing.
    """
    if architecture not in ARCHITECTURES:
        raise InputError(f"unknown architecture {architecture!r}: known are {', '.join(ARCHITECTURES)}")
    model, settings = ARCHITECTURES[architecture]
    names = [field.name for field in fields(settings)]
    try:
        return model(settings(**{name: sizes[name] for name in names if name in sizes}))
    except TypeError as error:
        missing = ", ".join(name for name in names if name not in sizes)
        raise InputError(f"the sizes of a {architecture} model lack {missing}: train again") from error


def describe_model(model: CodingModel) -> dict[str, Any]:
    """What config.json stores of a model: its architecture and its sizes."""
    architecture = next(name for name, (kind, _) in ARCHITECTURES.items() if type(model) is kind)
    return {"architecture": architecture, **asdict(model.settings)}
