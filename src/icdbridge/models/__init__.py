"""Neural networks on tensors of words and masks; they know no files, codes or notes."""

from icdbridge.models.dual_laat import DualLAAT, ModelSettings
from icdbridge.models.model import Batch, CodingModel, NoteStates
from icdbridge.models.registry import ARCHITECTURES, build_model, describe_model, size_names

__all__ = [
    "ARCHITECTURES",
    "Batch",
    "CodingModel",
    "DualLAAT",
    "ModelSettings",
    "NoteStates",
    "build_model",
    "describe_model",
    "size_names",
]
