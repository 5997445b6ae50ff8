"""How much memory a training step takes, told before anything is trained.

What a step keeps for its backward pass grows in straight lines with words, codes and pairs of a note and a code. So
four small forward passes of the model itself give the lines; the sizes asked for are never laid out.

Shapes: N notes, T words a note, L codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from icdbridge.models import Batch, CodingModel
from icdbridge.models.kernels.label_attention import KEPT
from icdbridge.runs.scoring import pad

CODES = 96  # descriptions that are enough
_WORDS, _HALF, _CHUNK = 64, CODES // 2, 8  # of the small passes
# with gradients and working copies: peaks measured on CPUs lie 40 % below to 10 % above what this gives
_AGAIN = 3.0


@dataclass(frozen=True)
class Footprint:
    """Bytes: of ``weights`` (gradients take as many, AdamW's moments twice), and what a step keeps: ``fixed``, for a
    ``word`` of a note, a ``code`` of the label space, a ``pair`` of a note and a code, and while ``chunk`` codes of all
    notes attend at once, ``attending`` for each note, code and word.
    """

    weights: int
    fixed: float
    word: float
    code: float
    pair: float
    attending: float
    chunk: int

    @property
    def held(self) -> float:
        """Weights, gradients and moments."""
        return 4.0 * self.weights

    def note(self, words: int, codes: int) -> float:
        """How many bytes one more note takes."""
        kept = words * self.word + codes * self.pair + words * min(codes, self.chunk) * self.attending
        return _AGAIN * kept

    def step(self, notes: int, words: int, codes: int) -> float:
        """The most that a step of ``notes`` of ``words`` each holds, by a label space of ``codes``."""
        return self.held + KEPT + _AGAIN * (self.fixed + codes * self.code) + notes * self.note(words, codes)

    def most_notes(self, room: float, words: int, codes: int) -> int:
        """How many notes fit in ``room`` bytes."""
        return max(0, int((room - self.step(0, words, codes)) // self.note(words, codes)))


def measure(
    model: CodingModel, descriptions: Sequence[np.ndarray], chunk: int, *, narrow: bool = False
) -> Footprint:
    """The footprint of a model on the CPU; ``narrow`` with bf16-mixed.

    ``descriptions`` are word ids of codes that stand together in the code system: in a large label space, too, many
    begin alike, and words that they share are kept once.
    """

    def kept(notes: int, words: int, codes: int) -> int:
        return _kept(model, notes, words, codes, descriptions, narrow)

    least = kept(1, _WORDS, _HALF)
    of_words = kept(1, 2 * _WORDS, _HALF) - least
    of_codes = kept(1, _WORDS, 2 * _HALF) - least
    pairs = kept(2, _WORDS, _HALF) - least - of_words
    codes = max(0, of_codes - pairs)
    sizes = [p.numel() * p.element_size() for p in model.parameters()]
    return Footprint(
        weights=sum(sizes),
        fixed=max(0.0, least - of_words - pairs - codes),
        word=max(0.0, of_words) / _WORDS,
        code=codes / _HALF,
        pair=max(0.0, pairs) / _HALF,
        # scores, their softmax and its gradient; DualLAAT has those of one note and head at a time
        attending=12.0 if model.fixed_labels else 0.0,
        chunk=chunk,
    )


def _kept(
    model: CodingModel, notes: int, words: int, codes: int, descriptions: Sequence[np.ndarray], narrow: bool
) -> int:
    """Bytes that a forward pass keeps for the backward pass, weights apart, each storage once."""
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    found: dict[int, int] = {}

    def see(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage() if tensor.layout == torch.strided else None
        if storage is not None and storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    draw = torch.Generator().manual_seed(0)
    described, lengths = pad([descriptions[number % len(descriptions)] for number in range(codes)])
    if model.fixed_labels:
        described = torch.arange(codes)[:, None] % model.settings.labels
        lengths = torch.ones(codes, dtype=torch.long)
    words_of = torch.randint(1, 90, (notes, words), generator=draw)
    batch = Batch(words_of, torch.full((notes,), words), described, lengths, torch.zeros(notes, codes))
    model.train()
    with (
        torch.autocast("cpu", torch.bfloat16, enabled=narrow),
        torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor),
    ):
        loss = model.loss(batch, _CHUNK)
    del loss
    return sum(found.values())
