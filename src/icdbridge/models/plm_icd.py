"""PLM-ICD (Huang et al. 2022, "PLM-ICD: Automatic ICD coding with pretrained language models", section 3).

A pretrained transformer reads segments of 128 tokens (section 3.1); over the joined states H goes the label attention
of LAAT (section 3.2): Z = tanh(V H), A = softmax(W Z), D = H Aᵀ, an output for each code. The public code fills the
attention mask of padding with ones; here padding is masked, and each segment has the start and end token that there
only the note has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from icdbridge.models.fixed_label import FixedLabelModel
from icdbridge.models.model import NoteStates
from icdbridge.models.sizes import Rows, Size
from icdbridge.models.transformer import SegmentEncoder


@dataclass(frozen=True)
class PLMICDSettings:
    """A PLM-ICD for ``labels`` codes: ``transformer`` is the encoder's configuration, ``segment`` tokens a segment."""

    labels: Rows
    transformer: Mapping[str, Any]
    segment: Size


class PLMICD(FixedLabelModel):
    """Segments through a transformer, label attention over all of them."""

    def __init__(self, settings: PLMICDSettings) -> None:
        size = int(settings.transformer["hidden_size"])
        super().__init__(settings.labels, size, size)
        self.settings = settings
        self.encoder = SegmentEncoder(settings.transformer, settings.segment)
        self.note_projection = nn.Linear(size, size, bias=False)
        for weight in (self.note_projection.weight, self.label_queries, self.output.weight):
            nn.init.normal_(weight, std=0.03)

    @property
    def window(self) -> tuple[int, int]:
        return self.encoder.window

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """Tokens [N, T] to states [N, T, d] and keys tanh(V H)."""
        states, mask = self.encoder(notes, lengths.clamp(min=1))
        return NoteStates(states, torch.tanh(self.note_projection(states))[:, None], mask)
