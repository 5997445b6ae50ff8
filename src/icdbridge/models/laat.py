"""LAAT and JointLAAT (Vu et al. 2020, "A label attention model for ICD coding from clinical text", section 3).

Equations 1 to 3: H, the states of a bidirectional LSTM over word vectors; equation 4: keys Z = tanh(W H);
equations 5 to 7: label attention A = softmax(U Z), V = H Aᵀ, and an output for each code. JointLAAT (section 3.3)
predicts the categories of the codes first, by attention of their own, and appends s = sigmoid(P · their
probabilities) to the vector v of each code; the loss is that of both levels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from icdbridge.models.dropout import NoteDropout
from icdbridge.models.encoders import RecurrentEncoder
from icdbridge.models.fixed_label import FixedLabelModel, label_attention
from icdbridge.models.model import Batch, Encode, NoteStates, label_loss
from icdbridge.models.sizes import Dropout, Extra, Few, Rows, Size


@dataclass(frozen=True)
class LAATSettings:
    """Sizes of a LAAT for ``labels`` codes of ``categories`` categories: ``hidden_size`` a direction, ``shared_dim``
    of keys and queries, ``category_dim`` of s in JointLAAT (0: LAAT).
    """

    vocabulary: Rows
    labels: Rows
    embedding_dim: Size
    hidden_size: Size
    layers: Few
    shared_dim: Size
    dropout: Dropout
    category_dim: Extra = 0
    categories: Extra = 0


class LAAT(FixedLabelModel):
    """Bidirectional LSTM, structured self-attention for each code."""

    def __init__(self, settings: LAATSettings) -> None:
        size = 2 * settings.hidden_size
        super().__init__(settings.labels, size + settings.category_dim, settings.shared_dim)
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_dim, padding_idx=0)
        self.dropout = NoteDropout(settings.dropout)
        self.note_encoder = RecurrentEncoder(
            "lstm", settings.embedding_dim, settings.hidden_size, settings.layers, settings.dropout
        )
        self.note_projection = nn.Linear(size, settings.shared_dim, bias=False)
        weights = [self.note_projection.weight, self.label_queries, self.output.weight]
        if settings.category_dim:
            self.category_projection = nn.Linear(size, settings.shared_dim, bias=False)
            self.category_queries = nn.Parameter(torch.empty(settings.categories, settings.shared_dim))
            self.category_output = nn.Linear(size, settings.categories)
            self.category_features = nn.Linear(settings.categories, settings.category_dim, bias=False)  # P
            self.register_buffer("category_of", torch.zeros(settings.labels, dtype=torch.long))
            weights += [self.category_projection.weight, self.category_queries, self.category_output.weight]
        for weight in weights:
            nn.init.normal_(weight, std=0.03)

    def describe_outputs(self, relations: Tensor, words: Tensor, lengths: Tensor) -> None:
        if self.settings.category_dim:
            self.get_buffer("category_of").copy_(relations.argmax(dim=1))

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """Equations 1 to 4."""
        states, mask = self.note_encoder(self.dropout(self.embedding(notes), lengths), lengths.clamp(min=1))
        return NoteStates(states, torch.tanh(self.note_projection(states))[:, None], mask)

    def category_logits(self, notes: NoteStates) -> Tensor:
        """The first level of JointLAAT: [N, categories]."""
        keys = torch.tanh(self.category_projection(notes.states))
        context = label_attention(self.category_queries, keys, notes.mask) @ notes.states
        return (context * self.category_output.weight).sum(dim=2) + self.category_output.bias

    def note_features(self, notes: NoteStates) -> Tensor | None:
        """s of JointLAAT [N, category_dim]."""
        if not self.settings.category_dim:
            return None
        return torch.sigmoid(self.category_features(torch.sigmoid(self.category_logits(notes))))

    def _score(self, notes: NoteStates, queries: Tensor, shared: Tensor | None) -> Tensor:
        weights, rows = self.output.weight[queries[0]], queries[0]
        size = notes.states.shape[2]
        context = torch.matmul(self.attention(notes, queries)[:, 0], notes.states)
        logits = (context * weights[:, :size]).sum(dim=2) + self.output.bias[rows]
        return logits if shared is None else logits + shared @ weights[:, size:].T

    def loss(self, batch: Batch, chunk: int | None = None, encode: Encode | None = None) -> Tensor:
        """The loss of the labels, in JointLAAT of both levels."""
        if not self.settings.category_dim:
            return super().loss(batch, chunk, encode)
        states = self.encode_notes(batch.notes, batch.note_lengths)
        logits = self.score(states, self.encode_codes(batch.codes, batch.code_lengths), chunk)
        first = self.category_logits(states).float()
        category = self.get_buffer("category_of")[batch.codes[:, 0]].expand_as(batch.labels)
        carried = torch.zeros_like(first).scatter_reduce(1, category, batch.labels.to(first.dtype), "amax")
        return label_loss(logits, batch.labels) + label_loss(first, carried)
