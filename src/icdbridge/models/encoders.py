"""Encoders of embedded word sequences; padding never reaches a valid position.

Both give the states of every position (equation 1 of the paper) and one pooled vector a sequence
(equation 2), for sequences of different lengths in one padded batch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from icdbridge.models.kernels.gpu_recurrence import both_directions, last_of_both
from icdbridge.models.kernels.half_recurrence import half_gru, may_halve
from icdbridge.models.kernels.products import ALIGNED, product_dtype
from icdbridge.models.kernels.recurrence import bidirectional_gru
from icdbridge.models.kernels.shared_recurrence import last_states

POSITIONS = 2**14  # of a convolution's states, held at once to take their maximum


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """True where a position is inside its sequence: [N, size] from lengths [N]."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


class RecurrentEncoder(nn.Module):
    """Bidirectional GRU or LSTM; position t stands for word t; pooled: the last states of both directions."""

    def __init__(self, kind: str, input_size: int, hidden_size: int, layers: int, dropout: float) -> None:
        super().__init__()
        recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[kind]
        self.rnn = recurrent(
            input_size,
            hidden_size,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.size = 2 * hidden_size
        self.window = (0, 1)  # first word of position t, relative to t, and how many words it sees directly

    def _one_gru(self, *devices: str) -> nn.GRU | None:
        """The layer, where it is one of a GRU on one of these devices: our own recurrences do it, and are faster."""
        here = self.rnn.weight_ih_l0.device.type in devices
        return self.rnn if here and isinstance(self.rnn, nn.GRU) and self.rnn.num_layers == 1 else None

    def _run(self, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        gru = self._one_gru("cpu")
        if gru and torch.is_grad_enabled():
            return bidirectional_gru(gru, embedded, lengths)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, last = self.rnn(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=embedded.shape[1])
        return states, last[0] if isinstance(last, tuple) else last

    def forward(self, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T, E] and [N] to states [N, T, d] and their mask [N, T]."""
        if gru := self._one_gru("cuda"):
            states = both_directions(gru, embedded, lengths)
        elif may_halve(embedded) and (gru := self._one_gru("cpu")):
            states = half_gru(gru, embedded, lengths)
        else:
            states, _ = self._run(embedded, lengths)
        return states, length_mask(lengths, states.shape[1])

    def pool(self, embedding: nn.Embedding, words: Tensor, lengths: Tensor) -> Tensor:
        """Word ids [N, T] and lengths [N] to [N, d]."""
        if gru := self._one_gru("cuda"):
            return last_of_both(both_directions(gru, embedding(words), lengths), lengths)
        if gru := self._one_gru("cpu"):
            return last_states(gru, embedding, words, lengths)
        _, last = self._run(embedding(words), lengths)
        return torch.cat([last[-2], last[-1]], dim=1)


class ConvolutionEncoder(nn.Module):
    """One convolution without activation; pooled: the maximum over positions.

    With an even kernel a sequence of T words has T + 1 positions, as in the paper's code (width 10, padding 5).
    """

    def __init__(self, input_size: int, filters: int, kernel_size: int) -> None:
        super().__init__()
        self.padding = kernel_size // 2
        self.convolution = nn.Conv1d(input_size, filters, kernel_size, padding=self.padding)
        self.size = filters
        self.window = (-self.padding, kernel_size)
        self._extra = 2 * self.padding - kernel_size + 1

    def forward(self, embedded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """[N, T, E] and [N] to states [N, T', d] and their mask [N, T'], T' = T + 1 for an even kernel."""
        inside = length_mask(lengths, embedded.shape[1])
        embedded = embedded * inside[..., None]
        states = self._convolved(embedded)
        return states, length_mask(lengths + self._extra, states.shape[1])

    def _convolved(self, embedded: Tensor) -> Tensor:
        convolution, dtype = self.convolution, product_dtype(embedded)
        if not embedded.is_cuda or dtype == torch.float32:
            return convolution(embedded.transpose(1, 2)).transpose(1, 2)
        # to cuDNN words are pixels and their vectors' numbers channels, which it wants side by side, as they are: given
        # so, and a multiple of 8 of them, nothing is moved
        more = -embedded.shape[2] % ALIGNED
        pixels = functional.pad(embedded.to(dtype), (0, more)).transpose(1, 2)[:, :, None]
        weight = functional.pad(convolution.weight.to(dtype), (0, 0, 0, more))[:, :, None]
        states = functional.conv2d(pixels, weight, convolution.bias, padding=(0, self.padding))
        return states.squeeze(2).transpose(1, 2)

    def word_weights(self) -> tuple[Tensor, int]:
        """What a word's vector is multiplied by to be added to the states of the positions that see it, [W, E, d] in
        their order, and how far before the word the first of them is.
        """
        weights = self.convolution.weight.permute(2, 1, 0).contiguous().flip(0)
        return weights, len(weights) - 1 - self.padding

    def pool(self, embedding: nn.Embedding, words: Tensor, lengths: Tensor) -> Tensor:
        """Word ids [N, T] and lengths [N] to [N, d].

        The same few thousand words stand in all codes' descriptions: each is multiplied once by the filters' part for
        each of its places in the window, and a state is the sum of its words' products. A GPU that learns in half
        precision has all multiplied before it has found out which they are; in fp32 cuDNN takes 8 GB for it.
        """
        if words.is_cuda and torch.is_grad_enabled() and torch.is_autocast_enabled("cuda"):
            states, mask = self.forward(embedding(words), lengths)
            return states.masked_fill(~mask[..., None], -torch.inf).amax(dim=1)
        distinct, numbers = torch.unique(words, return_inverse=True)
        filters, inputs, width = self.convolution.weight.shape
        offsets = torch.arange(width, device=words.device)
        with torch.autocast(words.device.type, enabled=False):
            by_place = self.convolution.weight.permute(1, 2, 0).reshape(inputs, width * filters)
            products = (embedding(distinct) @ by_place).view(-1, filters)  # [distinct · width, F]
            order = torch.argsort(lengths, descending=True, stable=True)
            pooled, start = [], 0
            while start < len(order):
                longest = int(lengths[order[start]])
                rows = order[start : start + max(1, POSITIONS // (longest + self._extra))]
                start += len(rows)
                mask = length_mask(lengths[rows] + self._extra, longest + self._extra)  # [n, T']
                place = torch.arange(mask.shape[1], device=words.device)[:, None] + offsets - self.padding
                # [n, T', width].
                inside = ((place >= 0) & (place < lengths[rows, None, None])) & mask[..., None]
                summands = numbers[rows][:, place.clamp(0, longest - 1)] * width + offsets
                counts = inside.sum(2).flatten()
                states = functional.embedding_bag(
                    summands[inside], products, counts.cumsum(0) - counts, mode="sum"
                ).view(*mask.shape, filters)
                pooled.append(states.masked_fill(~mask[..., None], -torch.inf).max(dim=1).values)
            together = torch.cat(pooled).index_select(0, torch.argsort(order))
            assert self.convolution.bias is not None
            return together + self.convolution.bias
