"""What models and presets set of the settings, as tables; ``make_settings`` reads them."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from icdbridge.models.registry import REGISTRY

_TABLES: dict[str, dict[str, Any]] = tomllib.loads((files(__package__) / "presets.toml").read_text("utf-8"))
_FIXED, _SMALL = _TABLES["fixed-labels"], _TABLES["small"]
_PUBLISHED, _SMALL_OF = _TABLES["published"], _TABLES["small-of"]  # by model: where it differs from its kind
MODELS: Mapping[str, Mapping[str, Any]] = {
    name: {
        **(_FIXED if one.model.fixed_labels else {}),
        **_PUBLISHED.get(name, {}),
        "architecture": one.architecture,
    }
    for name, one in REGISTRY.items()
}
_SMALL_FIXED = {key: value for key, value in _SMALL.items() if key not in ("label_space", "negatives")}
_SMALL_PRESET: Mapping[str, Mapping[str, Any]] = {
    name: {**(_SMALL_FIXED if one.model.fixed_labels else _SMALL), **_SMALL_OF.get(name, {})}
    for name, one in REGISTRY.items()
}
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "paper": {name: {} for name in MODELS},
    "small": _SMALL_PRESET,
    "few-notes": {
        name: {**_SMALL_PRESET[name], **_TABLES["few-notes"]} for name in ("duallaat-rnn", "duallaat-cnn")
    },
}
