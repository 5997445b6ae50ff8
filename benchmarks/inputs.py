"""What the benchmarks of scoring and training run on: synthetic notes of MIMIC-like lengths, names of real codes."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from icdbridge.codes import load_system
from icdbridge.models import DualLAAT, ModelSettings
from icdbridge.text import normalize

VOCABULARY = 125_762  # the paper's
CODES = 26_085  # ICD-10 codes of MIMIC-IV
SIZES = {
    "gru": (512, 0.3),
    "cnn": (256, 0.2),
}  # of encoder and what notes and codes share, and dropout: released


@dataclass(frozen=True)
class Inputs:
    """``notes`` and ``codes`` as word ids; ``carried``: the columns of each note's codes."""

    notes: list[np.ndarray]
    codes: list[np.ndarray]
    carried: list[list[int]]


def make_inputs(lengths: list[int], codes: int = CODES, seed: int = 0) -> Inputs:
    """Synthetic notes of ``lengths`` words (random ones, by Zipf's law) that carry 16 random codes each."""
    rng = np.random.default_rng(seed)
    notes = [(rng.zipf(1.2, length) % (VOCABULARY - 2) + 2).astype(np.int32) for length in lengths]
    names = [*load_system("icd10cm").titles.values(), *load_system("icd10pcs").titles.values()]
    chosen = [names[i] for i in rng.choice(len(names), codes, replace=False)]
    words = [
        np.array(
            [zlib.crc32(word.encode()) % (VOCABULARY - 2) + 2 for word in normalize(name).split()], np.int32
        )
        for name in chosen
    ]
    carried = [rng.choice(codes, 16, replace=False).tolist() for _ in lengths]
    return Inputs(notes, words, carried)


def mimic_lengths(count: int, seed: int = 0) -> list[int]:
    """Note lengths with the mean (about 1,500 words) and spread of discharge summaries: quantiles, in random order."""
    ranks = (np.arange(count) + 0.5) / count
    normal = np.sqrt(2) * torch.erfinv(torch.from_numpy(2 * ranks - 1)).numpy()
    lengths = np.clip(np.exp(np.log(1_370) + 0.45 * normal), 100, 4_000).astype(int)
    return np.random.default_rng(seed).permutation(lengths).tolist()


def released_size(encoder: str, seed: int = 0, features: int = 0) -> DualLAAT:
    """A DualLAAT of the released sizes with random weights, which reads so many lexical features."""
    torch.manual_seed(seed)
    size, dropout = SIZES[encoder]
    settings = ModelSettings(VOCABULARY, 100, encoder, size, 1, 10, 4, size, dropout, features=features)  # type: ignore[arg-type]
    return DualLAAT(settings)
