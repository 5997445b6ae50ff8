"""The interface of all models: notes and codes are encoded apart, then scored together.

Shapes: N notes, T words (T' positions), L codes, M heads, d state size, s query size.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from icdbridge.models.kernels.label_attention import chunks
from icdbridge.models.kernels.word_contributions import CODES

Encode = Callable[[Tensor, Tensor], Tensor]  # as ``CodingModel.encode_codes``


class Batch(NamedTuple):
    """Word ids of notes [N, T] and of the label space's codes [L, T'], their lengths, and labels [N, L]."""

    notes: Tensor
    note_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in self))


class NoteStates(NamedTuple):
    """Encoded notes: ``states`` [N, T', d] (values), ``keys`` [N, M, T', s], ``mask`` [N, T'] (True: a position)."""

    states: Tensor
    keys: Tensor
    mask: Tensor


class CodingModel(nn.Module, ABC):
    """A model that scores notes against codes. Its ``settings``, a dataclass of sizes, rebuild it.

    A code is given as numbers: the words of its description or, if ``fixed_labels``, the number of its output row. A
    score depends only on its note and its code.
    """

    fixed_labels: ClassVar[bool] = False
    settings: Any
    note_encoder: Any

    @property
    def padded_words(self) -> int:
        """0: padding is masked. Else each note is padded to so many words, and padding is read like words."""
        return 0

    @property
    def window(self) -> tuple[int, int]:
        """The first word that position t sees directly, relative to t, and how many words it sees."""
        return self.note_encoder.window

    @abstractmethod
    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """Notes [N, T] (word ids, padded with 0; lengths [N]); an empty note counts as one padding word."""

    @abstractmethod
    def encode_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Queries [M, L, ...] of codes [L, T'] (lengths [L]): all that scoring needs of a code."""

    @abstractmethod
    def attention(self, notes: NoteStates, queries: Tensor) -> Tensor:
        """Weights [N, M, L, T'] over each note's positions; they sum to 1, padding has none."""

    @abstractmethod
    def score(self, notes: NoteStates, queries: Tensor, chunk: int | None = None) -> Tensor:
        """Logits [N, L]; ``chunk`` codes at a time, recomputed in the backward pass, so memory is bounded."""

    def contributions(self, note: NoteStates, queries: Tensor, words: Tensor) -> Tensor:
        """How much each word of one note adds to each logit: gradient x input [L, T]. ``words`` [T] are the word ids
        that ``note`` was encoded from.

        A word is represented by its vector where positions see several words, else by its state, both as value and as
        key. This default uses a backward pass for all codes at once; models whose logits depend on their contexts alone
        have a closed form. Do not call it in ``torch.inference_mode``.
        """
        parts = [self._by_gradients(note, queries[:, rows]) for rows in chunks(queries.shape[1], CODES)]
        return torch.cat(parts)[:, : len(words)]

    def _by_gradients(self, note: NoteStates, queries: Tensor) -> Tensor:
        with torch.enable_grad():
            states, keys = (tensor.detach().clone().requires_grad_() for tensor in note[:2])
            logits = self.score(NoteStates(states, keys, note.mask.clone()), queries.clone())[0]
            by_state, by_key = torch.autograd.grad(
                logits,
                (states, keys),
                torch.eye(len(logits), dtype=logits.dtype, device=logits.device),
                is_grads_batched=True,
                materialize_grads=True,
            )
        found = (by_state * states.detach()).sum(dim=-1) + (by_key * keys.detach()).sum(dim=(2, 4))
        return found[:, 0]

    def describe_outputs(self, relations: Tensor, words: Tensor, lengths: Tensor) -> None:
        """What a model of fixed labels may know of its codes before training.

        ``relations`` [L, G]: 0 to 2 leading characters shared by code and category, 3: the code's own category;
        ``words`` [L, T'] and ``lengths`` [L]: the codes' descriptions.
        """

    def lexical_logits(self, features: Tensor, version: int) -> Tensor:
        """Logits [N, L] of lexical features [N, L, F] alone, for models that read such.

        ``version`` is the number of the one whose notes and codes they are.
        """
        raise NotImplementedError(f"{type(self).__name__} reads no lexical features")

    def attends(self, version: int) -> bool:
        """Whether attention has a weight in ``stack`` for a version."""
        return True

    def stack(self, attention: Tensor, lexical: Tensor, version: int) -> Tensor:
        """Logits of attention and those of lexical features together, for models that read such."""
        raise NotImplementedError(f"{type(self).__name__} reads no lexical features")

    def forward(
        self,
        notes: Tensor,
        note_lengths: Tensor,
        codes: Tensor,
        code_lengths: Tensor,
        chunk: int | None = None,
        encode: Encode | None = None,
    ) -> Tensor:
        """Logits [N, L] of notes [N, T] for codes [L, T']; ``encode`` is asked instead of ``encode_codes``."""
        states = self.encode_notes(notes, note_lengths)
        return self.score(states, (encode or self.encode_codes)(codes, code_lengths), chunk)

    def loss(self, batch: Batch, chunk: int | None = None, encode: Encode | None = None) -> Tensor:
        """Loss of a batch's labels (``label_loss``), a mean over its notes; models with a term of their own add it.

        ``encode`` is asked for the codes' queries instead of ``encode_codes``: processes may share that work.
        """
        return label_loss(self(*batch[:4], chunk, encode), batch.labels)


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean binary cross entropy of logits [N, L] for labels [N, L], in fp32.

    With ``weights`` [L] the mean is weighted: a column then stands for so many codes.
    """
    if weights is None:
        return binary_cross_entropy_with_logits(logits.float(), labels)
    costs = binary_cross_entropy_with_logits(logits.float(), labels, weights, reduction="sum")
    return costs / (weights.sum() * len(logits))
