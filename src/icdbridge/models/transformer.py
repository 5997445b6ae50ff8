"""A transformer over segments of a note, as PLM-ICD reads (Huang et al. 2022, section 3.1)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, ValidationError
from torch import Tensor, nn
from torch.nn.functional import pad

from icdbridge.errors import InputError
from icdbridge.extras import not_installed
from icdbridge.models.encoders import length_mask
from icdbridge.models.sizes import Dropout, Few, Rows, Size
from icdbridge.schema import Strict

TokenId = Annotated[int, Field(ge=0, le=50_000_000)]


class TransformerSettings(Strict):
    """All that a configuration may say, of encoders in BERT's shape. Nothing here names code, a kernel, a file or a
    host, which ``transformers`` would go and get.
    """

    model_type: Literal["bert", "roberta", "xlm-roberta", "camembert", "electra"]
    vocab_size: Rows
    hidden_size: Size
    num_hidden_layers: Few
    num_attention_heads: Few
    intermediate_size: Size
    embedding_size: Size | None = None
    hidden_act: Literal["gelu", "gelu_new", "relu", "silu", "tanh"] = "gelu"
    hidden_dropout_prob: Dropout = 0.1
    attention_probs_dropout_prob: Dropout = 0.1
    max_position_embeddings: Size
    type_vocab_size: Few
    initializer_range: Annotated[float, Field(ge=0, le=1)] = 0.02
    layer_norm_eps: Annotated[float, Field(gt=0, le=1)] = 1e-12
    position_embedding_type: Literal["absolute"] = "absolute"
    pad_token_id: TokenId | None = 0
    bos_token_id: TokenId | None = None
    eos_token_id: TokenId | None = None


# what configurations say of training, outputs or where they were made: read over
_IDLE = {
    "_name_or_path", "architectures", "transformers_version", "dtype", "torch_dtype", "use_cache", "classifier_dropout",
    "gradient_checkpointing", "id2label", "label2id", "problem_type", "output_past", "tie_word_embeddings",
    "summary_activation", "summary_last_dropout", "summary_type", "summary_use_proj", "is_decoder",
    "add_cross_attention",
}  # fmt: skip


def read_transformer(config: Mapping[str, Any]) -> dict[str, Any]:
    """What an encoder is built of, of a configuration as ``transformers`` writes it.

    Raises ``InputError`` for one of another kind, or that says what is not on the list.
    """
    given = {name: config[name] for name in config.keys() - _IDLE}
    refuse_unknown(given)
    try:
        return TransformerSettings.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(ascii(part)[1:-1] if isinstance(part, str) else str(part) for part in first["loc"])
        raise InputError(
            f"the configuration of the transformer, {name[:200]}: {first['msg']}; encoders in BERT's shape are known"
        ) from error


def refuse_unknown(config: Mapping[str, Any]) -> None:
    """Raises ``InputError`` where a configuration says anything that is not on the list."""
    unknown = sorted(config.keys() - TransformerSettings.model_fields.keys() - _IDLE)
    if unknown:
        raise InputError(
            f"the configuration of the transformer, {ascii(unknown[0])[1:201]}: unknown, and nothing unknown is read"
        )


class SegmentEncoder(nn.Module):
    """Reads each segment of ``segment`` tokens by itself: no token sees beyond its own, nor any padding.

    ``config`` is the transformer's own configuration (``read_transformer``). Where it
    names ``bos_token_id`` and ``eos_token_id``, each segment stands between them, as the encoder was pretrained;
    they count among the ``segment`` tokens and have no state of their own.
    """

    def __init__(self, config: Mapping[str, Any], segment: int) -> None:
        super().__init__()
        try:
            from transformers import AutoConfig, AutoModel
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        config = read_transformer(config)
        kind = str(config["model_type"])
        configuration = AutoConfig.for_model(kind, **{k: v for k, v in config.items() if k != "model_type"})
        self.transformer: nn.Module = AutoModel.from_config(configuration)  # type: ignore[no-untyped-call]
        if getattr(self.transformer, "pooler", None) is not None:
            self.transformer.pooler = None  # reads the first token only, and nothing here uses it
        self.size = int(configuration.hidden_size)
        self.segment = segment
        self.start: Any = config.get("bos_token_id")
        self.end: Any = config.get("eos_token_id")
        self.bounded = self.start is not None and self.end is not None
        self.window = (0, 1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T] and [N] to states [N, T, d] and their mask [N, T]."""
        notes, size = tokens.shape
        width = min(self.segment - 2 * self.bounded, size)
        segments = -(-size // width)
        tokens = pad(tokens, (0, segments * width - size)).view(notes * segments, width)
        mask = length_mask(lengths, segments * width).view(notes * segments, width)
        used = mask[:, 0]
        found = self._read(tokens[used], mask[used].sum(dim=1))
        states = found.new_zeros(notes * segments, width, self.size)
        states[used] = found
        return states.view(notes, segments * width, self.size)[:, :size], length_mask(lengths, size)

    def _read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Segments [S, W] of at least one token to states [S, W, d]."""
        if self.bounded:
            tokens = pad(tokens, (1, 1), value=self.start)
            tokens[torch.arange(len(tokens), device=tokens.device), lengths + 1] = self.end
            lengths = lengths + 2
        mask = length_mask(lengths, tokens.shape[1]).long()
        states: Tensor = self.transformer(input_ids=tokens, attention_mask=mask).last_hidden_state
        return states[:, 1:-1] if self.bounded else states

    def pool(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """[N, T] and [N] to [N, d], the mean of the states."""
        states, mask = self(tokens, lengths)
        total: Tensor = (states * mask[..., None]).sum(dim=1)
        return total / lengths[:, None]
