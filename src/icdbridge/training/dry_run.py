"""``icdbridge train --dry-run``: estimates parameters and memory of a training."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from icdbridge.corpora import Corpus
from icdbridge.evaluation.reports.text_table import Table
from icdbridge.models import ARCHITECTURES, build_model, size_names
from icdbridge.text import split_words
from icdbridge.training.footprint import CODES, Footprint, measure
from icdbridge.training.initial_model import code_relations
from icdbridge.training.learnt_corpora import code_pool, opened
from icdbridge.training.pretrained import load_pretrained, small_transformer
from icdbridge.training.settings import Settings

VOCABULARY = 125_762  # the paper's: another moves the whole by little
MEAN_WORDS = 1_500  # of a discharge summary
ALL_CODES = 26_085  # of MIMIC-IV's ICD-10


def footprint(corpora: Sequence[Corpus], settings: Settings) -> tuple[Footprint, int]:
    """The footprint of a training on corpora, and the codes of its largest version."""
    by_version: dict[str, list[Corpus]] = {}
    for corpus in corpora:
        by_version.setdefault(corpus.version, []).append(corpus)
    pools = [code_pool(own, settings) for own in by_version.values()]
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
    title = (
        f"{settings.architecture}, {settings.encoder if settings.architecture == 'duallaat' else ''}".rstrip(
            ", "
        )
    )
    return Table(f"What training {title} takes", ["", "figure"], rows, 1, note)


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f}"
