"""What models and presets set of the settings, as tables; ``make_settings`` reads them."""

from collections.abc import Mapping
from typing import Any

from icdbridge.models.registry import REGISTRY

# Models of fixed labels learn as in the benchmark of Edin et al. (2023): the frequent codes of one version, each
# batch scored against all of them.
_FIXED = {
    "training_scope": "frequent",
    "validation_scope": "frequent",
    "validation_metric": "map",
    "label_space": 100_000,
    "batch_size": 8,
}
MODELS: Mapping[str, Mapping[str, Any]] = {
    name: {**(_FIXED if one.model.fixed_labels else {}), **one.published, "architecture": one.architecture}
    for name, one in REGISTRY.items()
}
# Small batches and label spaces: label attention learns nothing but code frequencies for its first few hundred
# steps, however large they are, and a small corpus has to get past them in minutes.
_SMALL = {
    "embedding_dim": 64,
    "heads": 2,
    "shared_dim": 64,
    "max_note_words": 1500,
    "max_code_words": 24,
    "describing_words": True,
    "reading": "folded",
    "label_space": 256,
    "negatives": "train",
    "vector_epochs": 20,
    "batch_size": 8,
    "epochs": 12,
    "learning_rate": 0.002,
    "warmup_steps": 100,
    "validation_metric": "map",
    "dropout": 0.2,
}
_SMALL_FIXED = {key: value for key, value in _SMALL.items() if key not in ("label_space", "negatives")}
_SMALL_PRESET: Mapping[str, Mapping[str, Any]] = {
    name: {**(_SMALL_FIXED if one.model.fixed_labels else _SMALL), **one.small}
    for name, one in REGISTRY.items()
}
_FEW_NOTES = {"lexical": "equivalents", "prior": True}
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "paper": {name: {} for name in MODELS},
    "small": _SMALL_PRESET,
    "few-notes": {name: {**_SMALL_PRESET[name], **_FEW_NOTES} for name in ("duallaat-rnn", "duallaat-cnn")},
}
