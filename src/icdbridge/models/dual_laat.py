"""DualLAAT (paper, appendix B): label attention whose labels are encoded from their descriptions.

Shapes: N notes, T words (T' positions), L codes, M heads, d state size, s shared size.
"""

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from icdbridge.models.combiner import Combiner
from icdbridge.models.dropout import NoteDropout
from icdbridge.models.encoders import ConvolutionEncoder, RecurrentEncoder
from icdbridge.models.kernels.classifier import classify
from icdbridge.models.kernels.gpu_attention import batch_contexts
from icdbridge.models.kernels.gpu_scoring import batch_logits, fits_half
from icdbridge.models.kernels.half_recurrence import halves_allowed
from icdbridge.models.kernels.label_attention import label_contexts, score_note
from icdbridge.models.kernels.products import ALIGNED, fast_products, product_dtype
from icdbridge.models.kernels.word_contributions import Parts, contributions, seen_by, whole_positions
from icdbridge.models.model import CodingModel, NoteStates
from icdbridge.models.sizes import Dropout, Extra, Few, Rows, Size

READ_IN_HALF = ("gru", "cnn")  # encoders whose states fp16 was seen to hold well enough


@dataclass(frozen=True)
class ModelSettings:
    """Sizes of a DualLAAT; ``hidden_size`` is per direction for ``gru`` and ``lstm``, the filters for ``cnn``.

    ``padded_words`` is 0 in our own models: padding is masked everywhere. A larger value gives the arithmetic of the
    paper's released code, which masks nothing: each note is padded to so many words, code descriptions to the longest
    of one call, and padding is read like words.
    """

    vocabulary: Rows
    embedding_dim: Size
    encoder: Literal["gru", "lstm", "cnn"]
    hidden_size: Size
    layers: Few
    kernel_size: Few
    heads: Few
    shared_dim: Size
    dropout: Dropout
    padded_words: Extra = 0
    features: Extra = 0  # lexical features of a note and a code, 0: none
    versions: Few = 1  # each has its own network of these features


class DualLAAT(CodingModel):
    """Scores any notes against any codes, both given as words; padding is masked in every step.

    A score depends only on the note and the code's own description, so codes may be scored in chunks. (Not with
    ``padded_words``: there the length of the other descriptions of a call matters too.)
    """

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.settings = settings
        size, heads = self._add_encoders(), settings.heads
        # the M projections of the paper side by side, one matrix product for all heads
        self.note_projection = nn.Linear(size, heads * settings.shared_dim)
        self.code_projection = nn.Linear(size, heads * settings.shared_dim)
        self.classifier = nn.Sequential(
            nn.Linear(heads * size, heads * size), nn.ReLU(inplace=True), nn.Linear(heads * size, 1)
        )
        self._initialise()
        self.combiner = Combiner(settings.features, settings.versions) if settings.features else None

    def _initialise(self) -> None:
        for module in (*self._fresh_encoders(), self.classifier):
            for name, parameter in module.named_parameters():
                if "weight" in name:
                    nn.init.xavier_uniform_(parameter)
        for projection in (self.note_projection, self.code_projection):
            for head in projection.weight.chunk(self.settings.heads):
                nn.init.xavier_uniform_(head)

    def _add_encoders(self) -> int:
        """Adds what reads words, and returns the size of its states."""
        settings = self.settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_dim, padding_idx=0)
        self.dropout = NoteDropout(settings.dropout)
        self.note_encoder = _encoder(settings)
        self.code_encoder = _encoder(settings)
        return int(self.note_encoder.size)

    def _fresh_encoders(self) -> tuple[nn.Module, ...]:
        return self.note_encoder, self.code_encoder

    @property
    def padded_words(self) -> int:
        return int(getattr(self.settings, "padded_words", 0))  # those over a transformer have none

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """Equation 1 and the note's side of equation 3; an empty note counts as one padding word."""
        if self.padded_words:
            notes = functional.pad(notes, (0, self.padded_words - notes.shape[1]))
            lengths = torch.full_like(lengths, notes.shape[1])
        lengths = lengths.clamp(min=1)
        if notes.is_cuda:
            notes = functional.pad(notes, (0, -notes.shape[1] % ALIGNED))
            if halves_allowed() and getattr(self.settings, "encoder", None) in READ_IN_HALF:
                with torch.autocast("cuda", torch.float16):
                    found = self._encode_notes(notes, lengths)
                if fits_half(found.states, cast(nn.Linear, self.classifier[0])):
                    return found
        return self._encode_notes(notes, lengths)

    def _encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        states, mask = self._read_notes(notes, lengths)
        # what a GPU holds, it is not asked: all it has to do would come first
        if notes.is_cuda or mask.all():
            keys = torch.tanh(self.note_projection(states))
        else:  # padding is not multiplied
            inside = mask.flatten().nonzero()[:, 0]
            found = torch.tanh(self.note_projection(states.flatten(0, 1).index_select(0, inside)))
            keys = found.new_zeros(mask.numel(), found.shape[1]).index_copy_(0, inside, found)
            keys = keys.view(*mask.shape, -1)
        return NoteStates(states, self._by_head(keys).permute(0, 2, 1, 3), mask)

    def encode_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Equation 2 and the code's side of equation 3: queries [M, L, s], all that scoring needs of a code."""
        if self.padded_words:
            lengths = torch.full_like(lengths, codes.shape[1])
        pooled = self._read_codes(codes, lengths.clamp(min=1))
        queries = torch.tanh(self.code_projection(pooled))
        return self._by_head(queries).transpose(0, 1)

    def _read_notes(self, notes: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, mask = self.note_encoder(self.dropout(self.embedding(notes), lengths), lengths)
        return states, mask

    def _read_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        return self.code_encoder.pool(self.embedding, codes, lengths)

    def _by_head(self, projected: Tensor) -> Tensor:
        return projected.view(*projected.shape[:-1], self.settings.heads, self.settings.shared_dim)

    def attention(self, notes: NoteStates, queries: Tensor) -> Tensor:
        """Equation 3: weights [N, M, L, T'] over each note's positions; scores are not scaled by √s."""
        scores = torch.matmul(queries, notes.keys.transpose(-1, -2))
        scores = scores.masked_fill(~notes.mask[:, None, None, :], -torch.inf)
        return torch.softmax(scores.float(), dim=-1).to(scores.dtype)

    def lexical_logits(self, features: Tensor, version: int) -> Tensor:
        assert self.combiner is not None, "made without lexical features"
        return self.combiner.words(features, version)

    def attends(self, version: int) -> bool:
        return self.combiner is None or float(self.combiner.weights[version, 0]) > 0

    def stack(self, attention: Tensor, lexical: Tensor, version: int) -> Tensor:
        assert self.combiner is not None, "made without lexical features"
        return self.combiner.stack(attention, lexical, version)

    def score(self, notes: NoteStates, queries: Tensor, chunk: int | None = None) -> Tensor:
        """Logits [N, L] (equations 3 to 6); ``chunk`` codes attend at once, and again in the backward pass.

        Products are in the precision of autocast, where it is on; scores and softmax are fp32 then too.
        """
        chunk = chunk or queries.shape[1]
        first, last = cast(nn.Linear, self.classifier[0]), cast(nn.Linear, self.classifier[2])
        with fast_products():
            if notes.states.is_cuda:
                return self._score_on_gpu(notes, queries)
            lengths = notes.mask.sum(dim=1).tolist()
            if torch.is_grad_enabled():
                contexts = label_contexts(notes.states, notes.keys, lengths, queries, chunk)
                return classify(contexts, first, last)
            return torch.stack(
                [
                    score_note(states[:length], keys[:, :length], queries, first, last, chunk)
                    for states, keys, length in zip(notes.states, notes.keys, lengths, strict=True)
                ]
            )

    def _score_on_gpu(self, notes: NoteStates, queries: Tensor) -> Tensor:
        dtype = product_dtype(queries)
        first, last = cast(nn.Linear, self.classifier[0]), cast(nn.Linear, self.classifier[2])
        if torch.is_grad_enabled():
            states, keys, narrow = (tensor.to(dtype) for tensor in (notes.states, notes.keys, queries))
            return classify(batch_contexts(states, keys, notes.mask, narrow), first, last)
        # fp16 keeps three bits more
        if dtype == torch.bfloat16 and (
            notes.states.dtype == torch.float16 or fits_half(notes.states, first)
        ):
            dtype = torch.float16
        states, keys, narrow = (tensor.to(dtype) for tensor in (notes.states, notes.keys, queries))
        return batch_logits(states, keys, notes.mask, narrow, first, last)

    def contributions(self, note: NoteStates, queries: Tensor, words: Tensor) -> Tensor:
        first, last = cast(nn.Linear, self.classifier[0]), cast(nn.Linear, self.classifier[2])

        def gradient(_: slice, contexts: Tensor) -> Tensor:
            """Through equations 5 and 6, [M, L, d] to the same."""
            heads, codes, size = contexts.shape
            hidden = first(contexts.transpose(0, 1).flatten(1))
            upper: Tensor = (last.weight * (hidden > 0)) @ first.weight
            return upper.view(codes, heads, size).transpose(0, 1)

        with fast_products():
            parts = self._word_parts(note, words)
            return contributions(note.states[0], note.keys[0], queries, gradient, parts)

    def _word_parts(self, note: NoteStates, words: Tensor) -> Parts:
        """What each word [T] is of the positions of a note."""
        if self.window == (0, 1) or not isinstance(self.note_encoder, ConvolutionEncoder):
            return whole_positions(note.states[0], note.keys[0], len(words))
        # half of a note's words come again
        different, which = words.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        vectors = self.embedding(different)
        weights, before = self.note_encoder.word_weights()
        width, size, _ = weights.shape
        rows = weights.flatten(0, 1)  # [W·E, d]
        # the product of weights first: a word's vector is shorter than its part of a state
        projected = (rows @ self.note_projection.weight.T).view(width, size, -1)
        keys = self._by_head((vectors @ projected).index_select(1, which))  # [W, T, M, s]
        slope = 1 - note.keys[0].transpose(0, 1) ** 2  # of tanh, [T', M, s]
        keys *= seen_by(slope, len(words), before, width)

        def by_states(upper: Tensor) -> Tensor:
            return ((upper @ rows.T).view(-1, size) @ vectors.T).view(len(upper), width, -1)

        return Parts(by_states, which, keys.movedim(2, 0), before)


def _encoder(settings: ModelSettings) -> RecurrentEncoder | ConvolutionEncoder:
    if settings.encoder == "cnn":
        return ConvolutionEncoder(settings.embedding_dim, settings.hidden_size, settings.kernel_size)
    return RecurrentEncoder(
        settings.encoder, settings.embedding_dim, settings.hidden_size, settings.layers, settings.dropout
    )
