"""A pretrained transformer from a folder or, by name, from the Hugging Face hub."""

from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.files import read_json
from icdbridge.models.transformer import read_transformer, refuse_unknown
from icdbridge.schema import checked
from icdbridge.text import Reading, Tokenizer


class Pretrained(NamedTuple):
    """What training takes from a pretrained encoder; ``weights`` are those of the transformer alone."""

    tokenizer: Tokenizer
    config: dict[str, Any]
    weights: dict[str, Tensor]


def load_pretrained(name: str, segment: int, reading: Reading = "folded") -> Pretrained:
    """Loads the encoder in the folder ``name``, or of that name on the hub (this downloads it).

    Its tokenizer reads text that is normalised as for all models. Raises ``InputError`` when there is none, when
    it has no tokenizer.json, or when it cannot read ``segment`` tokens at once.
    """
    if not name:
        raise InputError(
            "this model needs a pretrained encoder: --set pretrained=FOLDER (or a name on the hub, or small)"
        )
    try:
        from transformers import AutoModel, AutoTokenizer
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    config_file = Path(name) / "config.json"
    if config_file.is_file():  # before transformers reads it
        refuse_unknown(checked(read_json(config_file), dict[str, Any], config_file))
    try:
        transformer = AutoModel.from_pretrained(name, trust_remote_code=False, attn_implementation="sdpa")
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{name} is no pretrained encoder: give a folder with config.json, model.safetensors and tokenizer.json, "
            "or its name on the hub"
        ) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise InputError(f"{name} has no tokenizer.json: save it by transformers' save_pretrained first")
    positions = getattr(transformer.config, "max_position_embeddings", segment + 2)
    if segment > positions - 2:
        raise InputError(
            f"{name} reads at most {positions - 2} tokens at once: --set segment={positions - 2}"
        )
    weights = {
        key: tensor for key, tensor in transformer.state_dict().items() if not key.startswith("pooler.")
    }
    config = transformer.config.to_diff_dict() | {key: getattr(transformer.config, key) for key in _SIZES}
    config |= {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    config = read_transformer(config)
    return Pretrained(Tokenizer.of_words_parts(tokenizer.backend_tokenizer, reading), config, weights)


# a configuration leaves out what its kind has by default
_SIZES = (
    "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "hidden_act",
)  # fmt: skip


def small_transformer(shape: tuple[int, ...], layers: int, segment: int) -> dict[str, Any]:
    """A small RoBERTa over whole words with vectors of ``shape`` [words, size], for a small machine or corpus."""
    vocabulary, size = shape
    return {
        "model_type": "roberta",
        "vocab_size": vocabulary,
        "hidden_size": size,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 2 * size,
        "max_position_embeddings": segment + 2,
        "type_vocab_size": 1,
        "pad_token_id": 0,
    }
