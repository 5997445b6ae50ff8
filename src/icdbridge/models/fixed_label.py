"""Label attention over fixed labels: each code has a learned query and an output of its own.

For code l, with states h_t and keys k_t of a note (CAML, equations 2 to 5; LAAT, equations 5 to 7):
a_l = softmax_t(k_t · u_l), v_l = Σ_t a_lt h_t, logit_l = w_l · v_l + b_l.
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from icdbridge.models.kernels.word_contributions import Parts, contributions, whole_positions
from icdbridge.models.model import CodingModel, NoteStates


class FixedLabelModel(CodingModel):
    """Output row l stands for code l of one version; the queries of scoring are the row numbers [1, L]."""

    fixed_labels = True

    def __init__(self, labels: int, size: int, key_size: int) -> None:
        super().__init__()
        self.label_queries = nn.Parameter(torch.empty(labels, key_size))  # u
        self.output = nn.Linear(size, labels)  # w, b
        nn.init.xavier_uniform_(self.label_queries)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def encode_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Row numbers [1, L] of codes [L, 1]."""
        return codes.T

    def attention(self, notes: NoteStates, queries: Tensor) -> Tensor:
        """Weights [N, 1, L, T']."""
        return label_attention(self.label_queries[queries[0]], notes.keys[:, 0], notes.mask)[:, None]

    def score(self, notes: NoteStates, queries: Tensor, chunk: int | None = None) -> Tensor:
        """Logits [N, L]; a chunk is recomputed in the backward pass."""
        shared = self.note_features(notes)
        if chunk is None or queries.shape[1] <= chunk:
            return self._score(notes, queries, shared)
        parts = torch.split(queries, chunk, dim=1)  # type: ignore[no-untyped-call]
        if not torch.is_grad_enabled():
            return torch.cat([self._score(notes, part, shared) for part in parts], dim=1)
        scored = [checkpoint(self._score, notes, part, shared, use_reentrant=False) for part in parts]
        return torch.cat(scored, dim=1)

    def contributions(self, note: NoteStates, queries: Tensor, words: Tensor) -> Tensor:
        if self.note_features(note) is not None:  # which depend on the states too
            return super().contributions(note, queries, words)
        rows = queries[0]
        own, weights = self.label_queries[rows][None], self.output.weight[rows][None]
        parts = self.word_parts(note, words)
        return contributions(note.states[0], note.keys[0], own, lambda rows, _: weights[:, rows], parts)

    def word_parts(self, note: NoteStates, words: Tensor) -> Parts:
        """What each word [T] is of the positions of a note."""
        return whole_positions(note.states[0], note.keys[0], len(words))

    def note_features(self, notes: NoteStates) -> Tensor | None:
        """What scoring needs of a note for all codes alike [N, ...], made once; None where there is nothing."""
        return None

    def _score(self, notes: NoteStates, queries: Tensor, shared: Tensor | None) -> Tensor:
        context = torch.matmul(self.attention(notes, queries)[:, 0], notes.states)  # [N, L, d]
        rows = queries[0]
        return (context * self.output.weight[rows]).sum(dim=2) + self.output.bias[rows]


def label_attention(queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
    """softmax over positions of queries [L, s] · keys [N, T', s] where the mask [N, T'] is True: [N, L, T']."""
    scores = torch.matmul(queries, keys.transpose(1, 2)).masked_fill(~mask[:, None], -torch.inf)
    return torch.softmax(scores.float(), dim=-1).to(scores.dtype)
