"""DualLAAT over a pretrained transformer, which the paper names as its natural next step ("Limitations").

One transformer reads both: notes in segments, as PLM-ICD does, and code descriptions, whose states are averaged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from icdbridge.models.dual_laat import DualLAAT
from icdbridge.models.sizes import Extra, Few, Size
from icdbridge.models.transformer import SegmentEncoder


@dataclass(frozen=True)
class DualLAATPLMSettings:
    """``transformer`` is the encoder's configuration, ``segment`` tokens a segment; the rest as in DualLAAT."""

    transformer: Mapping[str, Any]
    segment: Size
    heads: Few
    shared_dim: Size
    features: Extra = 0


class DualLAATPLM(DualLAAT):
    """Label attention whose notes and codes are read by one transformer."""

    def _add_encoders(self) -> int:
        self.encoder = SegmentEncoder(self.settings.transformer, self.settings.segment)
        return self.encoder.size

    def _fresh_encoders(self) -> tuple[()]:
        return ()

    @property
    def window(self) -> tuple[int, int]:
        return self.encoder.window

    def _read_notes(self, notes: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, mask = self.encoder(notes, lengths)
        return states, mask

    def _read_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        return self.encoder.pool(codes, lengths)
