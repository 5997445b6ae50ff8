"""Reads and writes checkpoints in the layout of the paper's authors (github.com/JHLiu7/Dual-LAAT).

`config.json` has the sizes, named as in ``ReleasedConfig``; `token2id.json` maps a word to its row of the embedding,
the last two being `<UNK>` and `<PAD>`; `pytorch_model.bin` is a pickled state dict, read with ``weights_only``, so
nothing in it is run.

Their code masks nothing, so an imported model reads padding as theirs does (``ModelSettings.padded_words``).
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.files import Kind, atomic_folder, read_json, write_json, write_manifest
from icdbridge.models import DualLAAT, ModelSettings
from icdbridge.models.shapes import only_shapes
from icdbridge.schema import checked
from icdbridge.text import Tokenizer

CONFIG, TOKENS, WEIGHTS = "config.json", "token2id.json", "pytorch_model.bin"
CHECKPOINT = Kind("a checkpoint made by icdbridge", WEIGHTS)
UNKNOWN, PADDING = "<UNK>", "<PAD>"
_SPECIAL = 2  # rows 0 and 1 of our embedding: padding and the unknown word


class ReleasedConfig(BaseModel):
    """config.json; names that are not here are not read. Defaults are those of the released code."""

    vocab_size: int = Field(gt=2)
    embedding_dim: int = Field(100, gt=0)
    encoder_type: Literal["rnn", "cnn"] = "rnn"
    rnn_type: Literal["gru", "lstm"] = "lstm"
    rnn_hidden_size: int = Field(128, gt=0)
    rnn_num_layers: Literal[1] = 1  # with more, the released code itself fails
    kernel_size: int = Field(10, gt=0)
    num_filters: int = Field(128, gt=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    num_mha_heads: int = Field(1, gt=0)
    projection_dim: int = Field(128, gt=0)
    max_note_length: int = Field(4000, gt=0)
    max_code_length: int = Field(48, gt=0)

    def model_settings(self) -> ModelSettings:
        cnn = self.encoder_type == "cnn"
        return ModelSettings(
            vocabulary=self.vocab_size,
            embedding_dim=self.embedding_dim,
            encoder="cnn" if cnn else self.rnn_type,
            hidden_size=self.num_filters if cnn else self.rnn_hidden_size,
            layers=1,
            kernel_size=self.kernel_size,
            heads=self.num_mha_heads,
            shared_dim=self.projection_dim,
            dropout=self.dropout,
            padded_words=self.max_note_length,
        )


@dataclass(frozen=True)
class Released:
    """A checkpoint that was read: the model with its embedding in the order of the tokenizer, and its limits."""

    model: DualLAAT
    tokenizer: Tokenizer
    max_note_words: int
    max_code_words: int


def read_released(folder: Path) -> Released:
    """Reads a released checkpoint.

    Raises ``InputError`` when a file is missing or holds anything but what it should, a tensor is missing,
    unknown or of the wrong shape, or the token table does not number the rows of the embedding.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: expected one with {CONFIG}, {TOKENS} and {WEIGHTS}")
    config = checked(
        read_json(folder / CONFIG), ReleasedConfig, folder / CONFIG, "is it of the paper's release?"
    )
    rows = _read_tokens(folder / TOKENS, config.vocab_size)
    state = _read_weights(folder / WEIGHTS)
    settings = config.model_settings()
    with only_shapes():
        wanted = DualLAAT(settings).state_dict()
    _check_tensors(folder / WEIGHTS, state, _renamed(wanted, settings))
    model = DualLAAT(settings)
    model.load_state_dict(_own_names(state, wanted, settings, list(rows.values())))
    tokenizer = Tokenizer.from_words(list(rows)[_SPECIAL:], "benchmark")
    return Released(model, tokenizer, config.max_note_length, config.max_code_length)


def write_released(
    released: Released, folder: Path, inputs: Sequence[Path] = (), *, force: bool = False
) -> None:
    """Writes a model in the released layout.

    Raises ``InputError`` when that layout cannot hold the model, ``folder`` exists (unless ``force``), or it is not
    apart from ``inputs``.
    """
    settings = released.model.settings
    if settings.layers != 1:
        raise InputError(f"the released layout holds encoders of one layer, this one has {settings.layers}")
    cnn = settings.encoder == "cnn"
    config: dict[str, Any] = {
        "vocab_size": settings.vocabulary,
        "embedding_dim": settings.embedding_dim,
        "encoder_type": "cnn" if cnn else "rnn",
        "dropout": settings.dropout,
        "num_mha_heads": settings.heads,
        "projection_dim": settings.shared_dim,
        "max_note_length": released.max_note_words,
        "max_code_length": released.max_code_words,
    }
    if cnn:
        config |= {"kernel_size": settings.kernel_size, "num_filters": settings.hidden_size}
    else:
        config |= {"rnn_type": settings.encoder, "rnn_hidden_size": settings.hidden_size, "rnn_num_layers": 1}
    state = _renamed(released.model.state_dict(), settings)
    embedding = state["embedding.weight"]
    state["embedding.weight"] = torch.cat([embedding[_SPECIAL:], embedding[1:2], embedding[0:1]])
    words = [*released.tokenizer.words[_SPECIAL:], UNKNOWN, PADDING]
    with atomic_folder(folder, CHECKPOINT, inputs, replace=force) as partial:
        write_json(partial / CONFIG, dict(sorted(config.items())))
        write_json(partial / TOKENS, {word: row for row, word in enumerate(words)})
        torch.save({name: tensor.detach().cpu().clone() for name, tensor in state.items()}, partial / WEIGHTS)
        write_manifest(partial, [CONFIG, TOKENS, WEIGHTS])


def _read_tokens(path: Path, size: int) -> dict[str, int]:
    """Word to row of the released embedding, in the order of our ids: padding, the unknown word, the words."""
    table = read_json(path)
    if not isinstance(table, dict) or not all(type(row) is int for row in table.values()):
        raise InputError(f"{path} is no table of words and numbers")
    for word in (PADDING, UNKNOWN):
        if word not in table:
            raise InputError(f"{path} has no word {word}: it is not the token table of a released checkpoint")
    if sorted(table.values()) != list(range(size)):
        raise InputError(
            f"{path} does not match the embedding: its {len(table):,} words should be numbered from 0 to "
            f"{size - 1:,} (vocab_size in {CONFIG}), each number once"
        )
    words = sorted(table.keys() - {PADDING, UNKNOWN}, key=table.__getitem__)
    return {word: table[word] for word in (PADDING, UNKNOWN, *words)}


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(f"{path} is missing")
    with path.open("rb") as handle:
        if handle.read(40).startswith(b"version https://git-lfs"):
            raise InputError(f"{path} only points to the weights: run `git lfs pull` where it was cloned")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on the pickle's protocol
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever reading arbitrary bytes as a pickle ends in
        raise InputError(
            f"{path} is damaged or holds more than weights: refused, and nothing in it was run"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path} is no state dict (names and tensors)")
    # the classes that train call the encoders rnn_text and cnn_text, the published files encoder_text
    aliases = {"rnn_text": "encoder_text", "cnn_text": "encoder_text"}
    aliases |= {"rnn_code": "encoder_code", "cnn_code": "encoder_code"}
    named = ((str(name).partition("."), tensor) for name, tensor in state.items())
    return {aliases.get(first, first) + dot + rest: tensor for (first, dot, rest), tensor in named}


def _check_tensors(path: Path, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    for name, tensor in wanted.items():
        if name not in state:
            raise InputError(f"{path} lacks the tensor {name}, which {CONFIG} asks for")
        found = state[name]
        if found.shape != tensor.shape or not found.is_floating_point():
            raise InputError(f"{path}, tensor {name}: {_kind(found)} where {CONFIG} asks for {_kind(tensor)}")
        if not torch.isfinite(found).all():
            raise InputError(f"{path}, tensor {name}: not all values are finite numbers")
    more = sorted(state.keys() - wanted.keys())
    if more:
        raise InputError(f"{path} has a tensor {more[0]} that a model of this {CONFIG} has not")


def _kind(tensor: Tensor) -> str:
    return f"{' x '.join(map(str, tensor.shape)) or 'a single'} {str(tensor.dtype).removeprefix('torch.')}"


def _modules(settings: ModelSettings) -> dict[str, str]:
    """Our modules and theirs, but for the projections, of which they have one a head and we one for all."""
    inner = "convolution" if settings.encoder == "cnn" else "rnn"
    return {
        "embedding": "embedding",
        f"note_encoder.{inner}": "encoder_text",
        f"code_encoder.{inner}": "encoder_code",
        "classifier": "final_layer",
    }


_PROJECTIONS = {"note_projection": "projection_text_layers", "code_projection": "projection_code_layers"}


def _their_names(name: str, settings: ModelSettings) -> list[str]:
    """The released names that one of our tensors is made of, side by side along its first dimension."""
    module, _, kind = name.rpartition(".")
    if module in _PROJECTIONS:
        return [f"{_PROJECTIONS[module]}.{head}.{kind}" for head in range(settings.heads)]
    for ours, theirs in _modules(settings).items():
        if name.startswith(f"{ours}."):
            return [theirs + name.removeprefix(ours)]
    raise InputError(f"the released layout has no place for the tensor {name}")


def _renamed(state: Mapping[str, Tensor], settings: ModelSettings) -> dict[str, Tensor]:
    """Our state dict under their names; the embedding keeps our order."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        names = _their_names(name, settings)
        renamed |= dict(zip(names, tensor.chunk(len(names)), strict=True))
    return renamed


def _own_names(
    state: Mapping[str, Tensor], wanted: Iterable[str], settings: ModelSettings, rows: list[int]
) -> dict[str, Tensor]:
    """Their state dict under our names, the embedding in the order ``rows``."""
    own = {
        name: torch.cat([state[theirs].float() for theirs in _their_names(name, settings)]) for name in wanted
    }
    own["embedding.weight"] = own["embedding.weight"][rows]
    return own
