"""The paper's model written straightforwardly, to measure icdbridge against: appendix B, equation by equation.

Notes are padded to 4,000 words and descriptions to the longest of their batch, nothing is masked, everything is
fp32, each head's attention is held for all notes, codes and words, and label spaces are drawn from lists.
"""

import random

import numpy as np
import torch
from torch import Tensor, nn

from icdbridge.models import DualLAAT

NOTE_WORDS = 4_000


class Reference(nn.Module):
    """Equations 1 to 6, with the weights of a ``DualLAAT``."""

    def __init__(self, model: DualLAAT) -> None:
        super().__init__()
        sizes = model.settings
        self.embedding, self.dropout = model.embedding, nn.Dropout(sizes.dropout)
        self.kind = sizes.encoder
        self.note_encoder = model.note_encoder.convolution if self.kind == "cnn" else model.note_encoder.rnn
        self.code_encoder = model.code_encoder.convolution if self.kind == "cnn" else model.code_encoder.rnn
        self.note_projections = _heads(model.note_projection, sizes.heads)
        self.code_projections = _heads(model.code_projection, sizes.heads)
        first, _, last = model.classifier
        self.classifier = nn.Sequential(first, nn.ReLU(), last)

    def encode_notes(self, notes: Tensor) -> Tensor:
        embedded = self.dropout(self.embedding(notes))
        if self.kind == "cnn":
            return self.note_encoder(embedded.transpose(1, 2)).transpose(1, 2)
        return self.note_encoder(embedded)[0]

    def encode_codes(self, codes: Tensor) -> Tensor:
        embedded = self.embedding(codes)
        if self.kind == "cnn":
            return self.code_encoder(embedded.transpose(1, 2)).amax(dim=2)
        return self.code_encoder(embedded)[1].transpose(0, 1).flatten(1)

    def forward(self, notes: Tensor, codes: Tensor) -> Tensor:
        """Logits [N, L] of notes [N, T] for codes [L, T']."""
        states, pooled = self.encode_notes(notes), self.encode_codes(codes)
        contexts = []
        for note_projection, code_projection in zip(
            self.note_projections, self.code_projections, strict=True
        ):
            keys = torch.tanh(note_projection(states))
            queries = torch.tanh(code_projection(pooled))
            attention = torch.softmax(queries @ keys.transpose(1, 2), dim=2)
            contexts.append(attention @ states)
        return self.classifier(torch.cat(contexts, dim=2)).squeeze(2)


def _heads(projection: nn.Linear, heads: int) -> nn.ModuleList:
    parts = nn.ModuleList()
    for weight, bias in zip(projection.weight.chunk(heads), projection.bias.chunk(heads), strict=True):
        part = nn.Linear(weight.shape[1], weight.shape[0])
        part.load_state_dict({"weight": weight, "bias": bias})
        parts.append(part)
    return parts


def pad_to(sequences: list[np.ndarray], size: int) -> Tensor:
    """Word ids [N, size], padded with 0."""
    ids = np.zeros((len(sequences), size), dtype=np.int64)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence[:size])] = sequence[:size]
    return torch.from_numpy(ids)


def draw_batch(
    notes: list[np.ndarray],
    carried: list[list[int]],
    descriptions: dict[int, np.ndarray],
    label_space: int,
    rng: random.Random,
) -> tuple[Tensor, Tensor, Tensor]:
    """Notes [N, 4000], codes [L, T'] and labels [N, L]: negatives drawn one code at a time (paper, B.2)."""
    positives = list({code for codes in carried for code in codes})
    negatives = [code for code in list(descriptions) if code not in positives]
    space = positives + rng.sample(negatives, label_space - len(positives))
    labels = torch.zeros(len(notes), len(space))
    for row, codes in enumerate(carried):
        for code in codes:
            labels[row, space.index(code)] = 1.0
    longest = max(len(words) for words in descriptions.values())
    return pad_to(notes, NOTE_WORDS), pad_to([descriptions[code] for code in space], longest), labels
