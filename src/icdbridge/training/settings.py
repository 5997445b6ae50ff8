"""One typed object for all settings; names that it does not know are refused."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from icdbridge.errors import InputError


class Settings(BaseModel):
    """Settings of a training run. The defaults are those of the paper (section B.3) and its released code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Literal[
        "duallaat", "duallaat-plm", "caml", "laat", "multirescnn", "plm-icd", "corelation"
    ] = "duallaat"
    encoder: Literal["gru", "lstm", "cnn"] = Field("gru", description="of notes and codes, in duallaat")
    embedding_dim: int = Field(100, ge=1, description="size of the word vectors")
    hidden_size: int = Field(
        512, ge=1, description="per direction (gru, lstm), or the number of filters (cnn)"
    )
    layers: int = Field(1, ge=1, description="recurrent layers")
    kernel_size: int = Field(10, ge=1, description="words a convolution sees")
    heads: int = Field(4, ge=1, description="attention heads")
    shared_dim: int = Field(512, ge=1, description="size in which notes and codes meet")
    dropout: float = Field(0.3, ge=0, lt=1, description="on the embedded words of notes")
    description_weight: float = Field(0.0, ge=0, description="λ of DR-CAML; 0: CAML")
    category_dim: int = Field(0, ge=0, description="what JointLAAT hands down from categories; 0: LAAT")
    pretrained: str = Field(
        "",
        description="encoder of plm-icd and duallaat-plm: its folder or name on the hub; "
        "small: a small one with fresh weights",
    )
    start_from: Path | None = Field(
        None,
        description="duallaat: a run of the same sizes to start from: its weights, and its words, which others join",
    )
    segment: int = Field(128, ge=8, description="tokens that a pretrained encoder reads at once")

    reading: Literal["benchmark", "folded"] = Field(
        "benchmark",
        description="which words a text has: the benchmark's, which drops numbers and letters beyond ASCII; or those "
        "of the folded text (accents, ligatures, hyphens at line ends), with numbers: type 1 is not type 2",
    )
    max_note_words: int = Field(4000, ge=1)
    max_code_words: int = Field(48, ge=1)
    min_word_notes: int = Field(3, ge=1, description="words in fewer training notes are unknown")
    describing_words: bool = Field(False, description="words of code descriptions join the vocabulary")
    vector_epochs: int = Field(5, ge=1)
    vector_workers: int = Field(1, ge=1, description="more than one is faster, and not reproducible")

    training_scope: Literal["full", "frequent"] = Field(
        "full", description="the codes to learn: all of the corpora, or those frequent in one of them"
    )
    matching: bool = Field(
        False, description="names of codes found in the note enter the scores, as features"
    )
    associations: bool = Field(
        False, description="with matching: what training notes with the same phrases were coded, too"
    )
    equivalents: bool = Field(
        False,
        description="with associations: what notes of the other versions with the same phrases were coded, by GEM, too",
    )
    withheld: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="with matching: the share of a batch's codes that are treated as if training had never seen them",
    )
    matching_steps: int = Field(
        2000,
        ge=1,
        description="with matching: steps in which the network of lexical features of a version learns",
    )
    weighted_negatives: bool = Field(
        True,
        description="with matching: to the network of lexical features a drawn negative counts for those that were "
        "not drawn",
    )
    terms: Path | None = Field(
        None,
        description="further names of codes, for matching: a table, or knowledge for the alphabetic index of "
        "ICD-10-CM that is packed",
    )

    label_space: int = Field(8192, ge=1, description="codes a batch is scored against, |L|")
    negatives: Literal["corpora", "train", "system"] = Field(
        "corpora",
        description="drawn from all codes of the version's corpora, from those of training notes, or from the "
        "newest releases of the code systems too",
    )
    label_chunk: int = Field(
        1024, ge=1, description="codes attending at once, and again in the backward pass"
    )
    batch_size: int = Field(32, ge=1)
    batch_words: int = Field(
        128_000,
        ge=1,
        description="words of a batch at most, padding included: long notes come in smaller batches",
    )
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.001, gt=0)
    warmup_steps: int = Field(2000, ge=0)
    weight_decay: float = Field(0.001, ge=0)
    patience: int = Field(5, ge=1, description="epochs without a better validation before stopping early")
    validation_metric: Literal["map", "f1_micro"] = "f1_micro"
    validation_scope: Literal["frequent", "full", "rare"] = "full"
    thresholds: Literal["frequency", "one"] = Field(
        "frequency",
        description="which codes the run predicts: by thresholds for frequent, rare and unseen codes, chosen "
        "on val, or by one for all",
    )
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = Field(0, ge=0)


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
_FEW_NOTES = {"matching": True, "associations": True, "equivalents": True}
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "paper": {name: {} for name in MODELS},
    "small": _SMALL_PRESET,
    "few-notes": {name: {**_SMALL_PRESET[name], **_FEW_NOTES} for name in ("duallaat-rnn", "duallaat-cnn")},
}


def make_settings(
    model: str = "duallaat-rnn",
    preset: str = "paper",
    file: Path | None = None,
    changes: Sequence[str] = (),
    **given: Any,
) -> Settings:
    """Settings of a model at a preset, then of a TOML ``file``, then of ``name=value`` changes, then of keywords.

    Raises ``InputError`` for an unknown model, preset or setting, and for a value that does not fit.
    """
    for what, name, known in (("model", model, MODELS), ("preset", preset, PRESETS)):
        if name not in known:
            raise InputError(f"unknown {what} {name!r}: known are {', '.join(known)}")
    if model not in PRESETS[preset]:
        raise InputError(f"preset {preset} is for {' and '.join(PRESETS[preset])}, not for {model}")
    values = {**MODELS[model], **PRESETS[preset][model]}
    if file is not None:
        values |= _read(file)
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"--set {change!r} is not of the form name=value")
        values[name.strip()] = value.strip()
    try:
        return Settings.model_validate(values | given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise InputError(
                f"unknown setting {name!r}: known are {', '.join(Settings.model_fields)}"
            ) from error
        raise InputError(f"setting {name!r}: {first['msg']}, got {first['input']!r}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not valid TOML: {error}") from error
