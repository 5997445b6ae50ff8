"""MultiResCNN (Li and Yu 2020, "ICD coding from clinical text using multi-filter residual CNN", section 3).

Six channels side by side, each a convolution of its own width (equation 1) and a residual block (equations 2 to 5) of
two further ones with a shortcut; their outputs, joined, go through the label attention of CAML (equations 6 to 8).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from icdbridge.models.dropout import NoteDropout
from icdbridge.models.encoders import length_mask
from icdbridge.models.fixed_label import FixedLabelModel
from icdbridge.models.model import NoteStates
from icdbridge.models.sizes import Dropout, Rows, Size

WIDTHS = (3, 5, 9, 15, 19, 25)


@dataclass(frozen=True)
class MultiResCNNSettings:
    """Sizes of a MultiResCNN for ``labels`` codes; ``hidden_size`` filters a channel."""

    vocabulary: Rows
    labels: Rows
    embedding_dim: Size
    hidden_size: Size
    dropout: Dropout


class Convolution(nn.Module):
    """A convolution of odd width (zeros where a note ends), batch-normalised over the positions of notes alone."""

    def __init__(self, inputs: int, outputs: int, width: int, normalise: bool = True) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, outputs, width, padding=width // 2, bias=False)
        self.norm = nn.BatchNorm1d(outputs) if normalise else None

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """[N, T, inputs] and [N, T] to [N, T, outputs], 0 in the padding."""
        found = self.convolution((states * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        if self.norm is None:
            return torch.mul(found, mask[..., None])
        normed = torch.zeros_like(found)
        normed[mask] = self.norm(found[mask]).to(found.dtype)
        return normed


class Channel(nn.Module):
    """One width: equations 1 to 5."""

    def __init__(self, size: int, filters: int, width: int, dropout: float) -> None:
        super().__init__()
        self.first = Convolution(size, size, width, normalise=False)
        self.second = Convolution(size, filters, width)
        self.third = Convolution(filters, filters, width)
        self.shortcut = Convolution(size, filters, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        base = torch.tanh(self.first(embedded, mask))
        residual = self.third(torch.tanh(self.second(base, mask)), mask)
        return self.dropout(torch.tanh(residual + self.shortcut(base, mask)))


class MultiResCNN(FixedLabelModel):
    """Channels of six widths, label attention, one output a code."""

    window = (0, 1)  # a state is centred on its word

    def __init__(self, settings: MultiResCNNSettings) -> None:
        size = len(WIDTHS) * settings.hidden_size
        super().__init__(settings.labels, size, size)
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_dim, padding_idx=0)
        self.dropout = NoteDropout(settings.dropout)
        self.channels = nn.ModuleList(
            Channel(settings.embedding_dim, settings.hidden_size, width, settings.dropout) for width in WIDTHS
        )

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """The joined channels [N, T, 6 · filters], squashed as CAML's states are."""
        mask = length_mask(lengths.clamp(min=1), notes.shape[1])
        embedded = self.dropout(self.embedding(notes), lengths)
        states = torch.tanh(torch.cat([channel(embedded, mask) for channel in self.channels], dim=2))
        return NoteStates(states, states[:, None], mask)
