"""A transformer over segments of a note, as PLM-ICD reads (Huang et al. 2022, section 3.1)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from icdbridge.errors import InputError
from icdbridge.models.encoders import length_mask


class SegmentEncoder(nn.Module):
    """Reads each segment of ``segment`` tokens by itself: no token sees beyond its own, nor any padding.

    ``config`` is the transformer's own configuration as ``transformers`` writes it (with ``model_type``). Where it
    names ``bos_token_id`` and ``eos_token_id``, each segment stands between them, as the encoder was pretrained;
    they count among the ``segment`` tokens and have no state of their own.
    """

    def __init__(self, config: Mapping[str, Any], segment: int) -> None:
        super().__init__()
        try:
            from transformers import AutoConfig, AutoModel
        except ImportError as error:
            raise InputError(
                "a pretrained encoder needs the package transformers: install icdbridge[plm]"
            ) from error
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
