"""One typed object for all settings; names that it does not know are refused."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from icdbridge.errors import InputError
from icdbridge.models import ARCHITECTURES, size_names
from icdbridge.training.presets import MODELS, PRESETS

# what is read only where words of a note count
_OF_LEXICAL = {"prior", "withheld", "matching_steps", "weighted_negatives", "terms"}
_OF_TRANSFORMERS = {"pretrained", "segment", "embedding_dim", "layers"}  # the last two of a small one


class Settings(BaseModel):
    """Settings of a training run. The defaults are those of the paper (section B.3) and its released code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str = "duallaat"
    encoder: Literal["gru", "lstm", "cnn"] = "gru"  # of notes and codes, in duallaat
    embedding_dim: int = Field(100, ge=1)  # size of the word vectors
    hidden_size: int = Field(512, ge=1)  # per direction (gru, lstm), or the number of filters (cnn)
    layers: int = Field(1, ge=1)  # recurrent layers
    kernel_size: int = Field(10, ge=1)  # words a convolution sees
    heads: int = Field(4, ge=1)  # attention heads
    shared_dim: int = Field(512, ge=1)  # size in which notes and codes meet
    dropout: float = Field(0.3, ge=0, lt=1)  # on the embedded words of notes
    description_weight: float = Field(0.0, ge=0)  # λ of DR-CAML; 0: CAML
    category_dim: int = Field(0, ge=0)  # what JointLAAT hands down from categories; 0: LAAT
    # encoder of plm-icd and duallaat-plm: its folder or name on the hub; small: a small one with fresh weights
    pretrained: str = ""
    # duallaat: a run of the same sizes to start from: its weights, and its words, which others join
    start_from: Path | None = None
    segment: int = Field(128, ge=8)  # tokens that a pretrained encoder reads at once

    # which words a text has: the benchmark's, which drops numbers and letters beyond ASCII; or those of the folded text
    # (accents, ligatures, hyphens at line ends), with numbers: type 1 is not type 2
    reading: Literal["benchmark", "folded"] = "benchmark"
    max_note_words: int = Field(4000, ge=1)
    max_code_words: int = Field(48, ge=1)
    min_word_notes: int = Field(3, ge=1)  # words in fewer training notes are unknown
    describing_words: bool = False  # words of code descriptions join the vocabulary
    vector_epochs: int = Field(5, ge=1)
    vector_workers: int = Field(1, ge=1)  # more than one is faster, and not reproducible

    # the codes to learn: all of the corpora, or those frequent in one of them
    training_scope: Literal["full", "frequent"] = "full"
    # how words of a note count beside attention: not, by names of codes found in it, by what training notes with the
    # same phrases were coded too, by what notes of the other versions were coded (GEM) too
    lexical: Literal["none", "names", "associations", "equivalents"] = "none"
    # with lexical evidence: the share of a batch's codes that are treated as if never seen
    withheld: float = Field(0.2, ge=0, lt=1)
    # with lexical evidence: steps in which the network of lexical features of a version learns
    matching_steps: int = Field(2000, ge=1)
    # with lexical evidence: boosted trees weigh what words say of a code against what is known of it; thresholds hold
    # for all codes of the code systems
    prior: bool = False
    # with lexical evidence: to its network a drawn negative counts for those that were not drawn
    weighted_negatives: bool = True
    # further names of codes, for lexical evidence: a table, or knowledge for the alphabetic index of ICD-10-CM that is
    # packed
    terms: Path | None = None

    label_space: int = Field(8192, ge=1)  # codes a batch is scored against, |L|
    # drawn from all codes of the version's corpora, from those of training notes, or from the newest releases of the
    # code systems too
    negatives: Literal["corpora", "train", "system"] = "corpora"
    label_chunk: int = Field(1024, ge=1)  # codes attending at once, and again in the backward pass
    batch_size: int = Field(32, ge=1)
    # words of a batch at most, padding included: long notes come in smaller batches
    batch_words: int = Field(128_000, ge=1)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.001, gt=0)
    warmup_steps: int = Field(2000, ge=0)
    weight_decay: float = Field(0.001, ge=0)
    patience: int = Field(5, ge=1)  # epochs without a better validation before stopping early
    validation_metric: Literal["map", "f1_micro"] = "f1_micro"
    validation_scope: Literal["frequent", "full", "rare"] = "full"
    # which codes the run predicts: by thresholds for common, uncommon and unseen codes, chosen on val, or by one for
    # all
    thresholds: Literal["frequency", "one"] = "frequency"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Settings that contradict each other, or that nothing reads, are refused."""
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"unknown architecture {self.architecture!r}: known are {', '.join(ARCHITECTURES)}"
            )
        idle = sorted(self.model_fields_set & unread(self.architecture, self.encoder))
        if idle:
            encoder = f" with encoder={self.encoder}" if self.architecture == "duallaat" else ""
            raise ValueError(f"{self.architecture}{encoder} reads no {idle[0]}: leave it out")
        if self.architecture != "duallaat" and self.lexical != "none":
            raise ValueError(
                f"lexical evidence goes into the scores of duallaat, not of {self.architecture}: set lexical=none"
            )
        if self.architecture != "duallaat" and self.start_from is not None:
            raise ValueError(f"only duallaat can start from a run, not {self.architecture}: it learns anew")
        idle = sorted(self.model_fields_set & _OF_LEXICAL)
        if idle and self.lexical == "none":
            raise ValueError(
                f"{idle[0]} is for lexical evidence: set lexical=names, associations or equivalents"
            )
        return self

    @property
    def counts_phrases(self) -> bool:
        """Whether associations count (the codes of training notes with the same phrases)."""
        return self.lexical in ("associations", "equivalents")


def unread(architecture: str, encoder: str) -> set[str]:
    """The settings of models that a known architecture does not read."""
    read = set(size_names(architecture))
    of_models = {name for one in ARCHITECTURES for name in size_names(one)} | _OF_TRANSFORMERS
    if "transformer" in read:
        read |= _OF_TRANSFORMERS
    if architecture == "duallaat":
        read -= {"layers"} if encoder == "cnn" else {"kernel_size"}
    # descriptions are cut for every model
    return (of_models & set(Settings.model_fields)) - read - {"max_code_words"}


def reads(model: str, name: str) -> bool:
    """Whether a setting means anything to a model of ``MODELS``; what is no setting is left to ``make_settings``."""
    values = Settings.model_construct(**MODELS[model])
    return name not in unread(values.architecture, values.encoder)


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
    wanted = _read(file) if file is not None else {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"--set {change!r} is not of the form name=value")
        wanted[name.strip()] = value.strip()
    wanted |= given
    chosen = {"architecture": "duallaat", "encoder": "gru", **MODELS[model], **PRESETS[preset][model]}
    architecture, encoder = (str(wanted.get(name, chosen[name])) for name in ("architecture", "encoder"))
    if architecture in ARCHITECTURES:  # a preset may set what this model does not read, a person may not
        chosen = {name: value for name, value in chosen.items() if name not in unread(architecture, encoder)}
    try:
        return Settings.model_validate(chosen | wanted)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if not name:  # several that do not agree
            raise InputError(first["msg"].removeprefix("Value error, ")) from error
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
