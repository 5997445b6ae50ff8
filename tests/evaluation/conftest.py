"""A run and a corpus with made-up scores: random and seeded, to test evaluation without training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from icdbridge.corpora.corpus import CODES_SCHEMA, Corpus
from icdbridge.evaluation.results import RANKED
from icdbridge.runs.run import Run
from icdbridge.runs.scored import Scored

SUMMED = ("f1_micro", "precision_micro", "recall_micro", *RANKED)  # sums over notes, divided by sums


def made_up(seed=0, notes=60, codes=40, n_frequent=25, skill=2.0, labels_seed=7):
    """Scores that favour the labels by ``skill``; a code is the rarer the later its column."""
    rng = np.random.default_rng(labels_seed)
    chance = np.concatenate([np.linspace(0.3, 0.1, n_frequent), np.full(codes - n_frequent, 0.015)])
    labels = rng.random((notes, codes)) < chance
    labels[:, 0] |= ~labels[:, :n_frequent].any(axis=1)  # each note has a frequent code
    noise = np.random.default_rng(seed).normal(size=labels.shape)
    logits = (noise * 1.5 + skill * labels - 3).astype(np.float32)
    keys = [f"icd10cm:A{number:02d}" for number in range(codes)]
    ids = [f"note{number}" for number in range(notes)]
    return Scored(ids, keys, n_frequent, logits, sparse.csr_array(labels))


def made_up_corpus(codes=40, n_frequent=25, synthetic=True, counts=None, name="plainly-a-test"):
    """A corpus without notes on disk; ``counts`` of notes by split."""
    scopes = ["frequent"] * n_frequent + ["rare"] * (codes - n_frequent)
    table = pa.table(
        {
            "code": [f"icd10cm:A{number:02d}" for number in range(codes)],
            "description": ["a description"] * codes,
            "description_source": ["release"] * codes,
            "notes": [1] * codes,
            "train_notes": [1] * codes,
            "scope": scopes,
        },
        schema=CODES_SCHEMA,
    )
    counts = counts or {"train": 100, "val": 30, "test": 60, "total": 190}
    return Corpus(Path(name), {"version": "icd10", "notes": counts, "synthetic": synthetic}, table)


@dataclass
class MadeUpRun:
    """What evaluation uses of a ``Run``."""

    path: Path
    skill: float = 2.0
    seed: int = 0
    config: dict[str, Any] = field(default_factory=lambda: {"settings": {"epochs": 3}, "seed": 0})
    codes: int = 40
    n_frequent: int = 25
    nan: bool = False
    calibration: dict[str, Any] = field(default_factory=dict)
    priors: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self):
        return self.path.name

    @property
    def train_notes(self):
        seen = [500, 100, 60, 30, 12, 8, 3, 1]
        return {f"icd10cm:A{number:02d}": seen[number // 5] for number in range(self.codes - 5)}

    thresholds = Run.thresholds

    @property
    def log(self):
        rows = range(1, 5)
        return [
            {
                "epoch": row,
                "step": 10 * row,
                "train_loss": 1 / row,
                "val_map": 0.1 * row,
                "val_f1_micro": 0.12 * row,
            }
            | {"lr": 0.001, "seconds": 2.0}
            for row in rows
        ]

    def score_corpus(self, corpus, split, folder):
        assert folder.is_dir()
        size = {"notes": corpus.count(split), "codes": self.codes, "n_frequent": self.n_frequent}
        seeds = {"seed": self.seed + len(split), "labels_seed": len(split)}
        return made_up(skill=self.skill, **size, **seeds)


@pytest.fixture
def corpus():
    return made_up_corpus()


@pytest.fixture
def run(tmp_path):
    (tmp_path / "alone").mkdir()
    return MadeUpRun(tmp_path / "alone")
