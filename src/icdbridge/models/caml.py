"""CAML and DR-CAML (Mullenbach et al. 2018, "Explainable prediction of medical codes from clinical text", section 2).

Equation 1: h_t = tanh(W ∗ x_{t : t+k-1} + b), a convolution over word vectors; equations 2 to 5: label attention and an
output for each code. DR-CAML (section 2.5) pulls the output weights w_l of a note's codes towards z_l, a max-pooled
convolution of the code's description: the loss of a note with n codes grows by λ/n Σ_l ‖z_l - w_l‖.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from icdbridge.models.dropout import NoteDropout
from icdbridge.models.encoders import ConvolutionEncoder
from icdbridge.models.fixed_label import FixedLabelModel
from icdbridge.models.kernels.word_contributions import Parts, seen_by
from icdbridge.models.model import Batch, Encode, NoteStates
from icdbridge.models.sizes import Dropout, Extra, Few, Rows, Size, Weight


@dataclass(frozen=True)
class CAMLSettings:
    """Sizes of a CAML for ``labels`` codes; ``hidden_size`` is the number of filters, ``description_weight`` λ."""

    vocabulary: Rows
    labels: Rows
    embedding_dim: Size
    hidden_size: Size
    kernel_size: Few
    dropout: Dropout
    description_weight: Weight = 0.0
    max_code_words: Extra = 0


class CAML(FixedLabelModel):
    """Convolution, label attention, one output a code."""

    def __init__(self, settings: CAMLSettings) -> None:
        super().__init__(settings.labels, settings.hidden_size, settings.hidden_size)
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_dim, padding_idx=0)
        self.dropout = NoteDropout(settings.dropout)
        sizes = (settings.embedding_dim, settings.hidden_size, settings.kernel_size)
        self.note_encoder = ConvolutionEncoder(*sizes)
        nn.init.xavier_uniform_(self.note_encoder.convolution.weight)
        if settings.description_weight:
            self.description_encoder = ConvolutionEncoder(*sizes)
            shape = (settings.labels, settings.max_code_words)
            self.register_buffer("description_words", torch.zeros(shape, dtype=torch.long))
            self.register_buffer("description_lengths", torch.ones(settings.labels, dtype=torch.long))

    def describe_outputs(self, relations: Tensor, words: Tensor, lengths: Tensor) -> None:
        if self.settings.description_weight:
            self.get_buffer("description_words")[:, : words.shape[1]] = words
            self.get_buffer("description_lengths").copy_(lengths)

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """Equation 1; the states are their own keys."""
        states, mask = self.note_encoder(self.dropout(self.embedding(notes), lengths), lengths.clamp(min=1))
        states = torch.tanh(states)
        return NoteStates(states, states[:, None], mask)

    def word_parts(self, note: NoteStates, words: Tensor) -> Parts:
        weights, before = self.note_encoder.word_weights()
        slope = 1 - note.states[0] ** 2  # of tanh
        # [W, T, d]
        parts = self.embedding(words) @ weights * seen_by(slope, len(words), before, len(weights))

        def by_states(vectors: Tensor) -> Tensor:
            return (vectors @ parts.flatten(0, 1).T).view(-1, *parts.shape[:2])

        return Parts(by_states, torch.arange(len(words), device=words.device), parts[None], before)

    def loss(self, batch: Batch, chunk: int | None = None, encode: Encode | None = None) -> Tensor:
        """The loss of the labels, and in DR-CAML the distance of outputs from descriptions, averaged over notes."""
        loss = super().loss(batch, chunk, encode)
        if not self.settings.description_weight:
            return loss
        carried = batch.labels.any(dim=0)
        carried[0] |= ~carried.any()  # where no note has a code, of one that counts nothing
        rows, labels = batch.codes[carried, 0], batch.labels[:, carried]
        words, lengths = (self.get_buffer(f"description_{name}")[rows] for name in ("words", "lengths"))
        described = self.description_encoder.pool(self.embedding, words, lengths)
        distance = (described - self.output.weight[rows]).norm(dim=1)
        of_notes = (labels @ distance) / labels.sum(dim=1).clamp(min=1)
        return torch.add(loss, of_notes.mean(), alpha=self.settings.description_weight)
