"""What models and presets set of the settings, as tables; ``make_settings`` reads them."""

from collections.abc import Mapping
from typing import Any

# Models of fixed labels learn as in the benchmark of Edin et al. (2023): the frequent codes of one version, each
# batch scored against all of them.
_FIXED = {
    "training_scope": "frequent",
    "validation_scope": "frequent",
    "validation_metric": "map",
    "label_space": 100_000,
    "batch_size": 8,
}
_CAML = _FIXED | {"architecture": "caml", "hidden_size": 50, "dropout": 0.2, "learning_rate": 0.005}
_TOKENS = {"max_note_words": 4000, "max_code_words": 64}  # of a pretrained encoder: parts of words
MODELS: Mapping[str, Mapping[str, Any]] = {
    "duallaat-rnn": {},
    "duallaat-cnn": {
        "encoder": "cnn",
        "hidden_size": 256,
        "shared_dim": 256,
        "dropout": 0.2,
        "weight_decay": 0.0,
    },
    "duallaat-plm": {"architecture": "duallaat-plm", "learning_rate": 5e-5, "weight_decay": 0.0} | _TOKENS,
    "caml": _CAML,
    "drcaml": _CAML | {"description_weight": 0.01},
    "laat": _FIXED | {"architecture": "laat"},
    "jointlaat": _FIXED | {"architecture": "laat", "category_dim": 128},
    "multirescnn": _FIXED
    | {
        "architecture": "multirescnn",
        "hidden_size": 50,
        "dropout": 0.2,
        "batch_size": 16,
        "learning_rate": 0.0005,
        "weight_decay": 0.0001,
    },
    "plm-icd": _FIXED
    | _TOKENS
    | {"architecture": "plm-icd", "batch_size": 16, "learning_rate": 5e-5, "weight_decay": 0.0},
    "corelation": _FIXED
    | {
        "architecture": "corelation",
        "training_scope": "full",
        "validation_scope": "full",
        "hidden_size": 256,
        "shared_dim": 256,
        "learning_rate": 0.0005,
        "weight_decay": 0.0,
    },
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
_SMALL_PLM = {"pretrained": "small", "layers": 2, "learning_rate": 0.001}
_SMALL_PRESET: Mapping[str, Mapping[str, Any]] = {
    "duallaat-rnn": _SMALL | {"hidden_size": 64},
    "duallaat-cnn": _SMALL | {"hidden_size": 128, "kernel_size": 5},
    "duallaat-plm": _SMALL | _SMALL_PLM,
    "caml": _SMALL_FIXED | {"hidden_size": 64, "kernel_size": 5},
    "drcaml": _SMALL_FIXED | {"hidden_size": 64, "kernel_size": 5},
    "laat": _SMALL_FIXED | {"hidden_size": 64},
    "jointlaat": _SMALL_FIXED | {"hidden_size": 64, "category_dim": 16},
    "multirescnn": _SMALL_FIXED | {"hidden_size": 16},
    "plm-icd": _SMALL_FIXED | _SMALL_PLM,
    "corelation": _SMALL_FIXED | {"hidden_size": 32},
}
_FEW_NOTES = {"lexical": "equivalents"}
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "paper": {name: {} for name in MODELS},
    "small": _SMALL_PRESET,
    "few-notes": {name: {**_SMALL_PRESET[name], **_FEW_NOTES} for name in ("duallaat-rnn", "duallaat-cnn")},
}
