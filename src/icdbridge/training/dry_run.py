"""``icdbridge train --dry-run``: how much memory a training takes, told before anything is trained.

What a step keeps for its backward pass grows in straight lines with words, codes and pairs of a note and a code. So
four small forward passes of the model itself give the lines; the sizes asked for are never laid out.

Shapes: N notes, T words a note, L codes.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from icdbridge.corpora import Corpus
from icdbridge.models import ARCHITECTURES, Batch, CodingModel, build_model, size_names
from icdbridge.models.kernels.label_attention import KEPT
from icdbridge.runs.scoring import pad
from icdbridge.text import split_words
from icdbridge.text_table import Table
from icdbridge.training.initial_model import code_relations
from icdbridge.training.learnt_corpora import LearntCorpora, opened
from icdbridge.training.pretrained import load_pretrained, small_transformer
from icdbridge.training.settings import Settings

VOCABULARY = 125_762  # the paper's: another moves the whole by little
MEAN_WORDS = 1_500  # of a discharge summary
ALL_CODES = 26_085  # of MIMIC-IV's ICD-10
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


def footprint(corpora: Sequence[Corpus], settings: Settings) -> tuple[Footprint, int]:
    """The footprint of a training on corpora, and the codes of its largest version."""
    pools = list(LearntCorpora(corpora, (), corpora[0]).pools(settings).values())
    sizes = settings.model_dump() | {"vocabulary": VOCABULARY, "features": 0, "versions": len(pools)}
    if "transformer" in size_names(settings.architecture):
        sizes["transformer"] = (
            small_transformer((VOCABULARY, settings.embedding_dim), settings.layers, settings.segment)
            if settings.pretrained == "small"
            else load_pretrained(settings.pretrained, settings.segment, settings.reading).config
        )
    if ARCHITECTURES[settings.architecture][0].fixed_labels:
        sizes["labels"], sizes["categories"] = code_relations(list(pools[0])).shape
    model = build_model(settings.architecture, sizes)
    narrow = settings.precision == "bf16-mixed"
    middle = max(0, len(pools[0]) - CODES) // 2
    words = [
        np.array(
            [zlib.crc32(word.encode()) % 89 + 1 for word in split_words(text, settings.reading)], np.int32
        )
        for text in list(pools[0].values())[middle : middle + CODES]
    ]
    return measure(model, words, settings.label_chunk, narrow=narrow), max(map(len, pools))


def dry_run(corpora: Sequence[Corpus | Path | str], settings: Settings, memory_gb: float) -> Table:
    """The memory of a training on corpora, on a device with so much memory (GB are 10⁹ bytes)."""
    found, codes = footprint(opened(corpora), settings)
    space, longest = min(settings.label_space, codes), settings.max_note_words
    mean = min(MEAN_WORDS, longest)
    whole = min(settings.batch_size, max(1, settings.batch_words // longest))
    rows = [
        ["parameters", f"{found.weights // 4:,}"],
        ["weights, GB", _gb(found.weights)],
        ["gradients, GB", _gb(found.weights)],
        ["AdamW's moments, GB", _gb(2 * found.weights)],
    ]
    for size in dict.fromkeys((space, codes, ALL_CODES)):
        room = 1e9 * memory_gb
        rows += [
            [f"a note of {mean:,} words, label space of {size:,}, GB", _gb(found.note(mean, size))],
            [f"a note of {longest:,} words, the same, GB", _gb(found.note(longest, size))],
            [
                f"a step of {whole} notes of {longest:,} words, the same, GB",
                _gb(found.step(whole, longest, size)),
            ],
            [
                f"notes of {longest:,} words that fit in {memory_gb:g} GB, the same",
                f"{found.most_notes(room, longest, size):,}",
            ],
        ]
    note = (
        f"Precision {settings.precision}. Reckoned from small passes of this model, word vectors for {VOCABULARY:,} "
        "words. Of several processes each holds weights, gradients and moments, and its part of the notes."
    )
    encoder = f", {settings.encoder}" if settings.architecture == "duallaat" else ""
    return Table(f"What training {settings.architecture}{encoder} takes", ["", "figure"], rows, 1, note)


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f}"
