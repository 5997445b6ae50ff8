"""Word vectors: word2vec CBOW on the training notes, as in the benchmark of Edin et al. (2023)."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from icdbridge.text.normalize import Reading, normalize, split_words


def train_vectors(
    notes: Iterable[str],
    descriptions: Sequence[str] = (),
    *,
    dimensions: int = 100,
    epochs: int = 5,
    min_notes: int = 3,
    seed: int = 0,
    workers: int = 1,
    known: Mapping[str, np.ndarray] | None = None,
    reading: Reading = "folded",
    folder: Path | None = None,
) -> tuple[list[str], np.ndarray]:
    """Trains CBOW vectors on whole notes; words in fewer than ``min_notes`` notes are dropped afterwards.

    The words of code ``descriptions`` join the vocabulary though no note may hold them: without them a code
    that no training note names would be a row of unknown words. Pass none to follow the benchmark, and its ``reading``.

    ``known`` words come first, in their order, and keep their vectors as they are: the others are trained among them.

    Returns the words (by falling number of notes, then by name) and float32 vectors [2 + words, dimensions]: padding
    (zeros), the unknown word (random normal), then the words; all but padding L2-normalised. Reproducible with one
    worker. The normalised notes lie in a private temporary file in ``folder`` while it runs.
    """
    with tempfile.TemporaryDirectory(prefix="icdbridge-", dir=folder) as private:
        lines = Path(private) / "notes.txt"
        counts = _write_normalized(notes, lines, reading)
        vectors_of = _cbow(lines, dimensions, epochs, seed, workers, known or {}) if counts else {}

    first = list(known or ())
    kept = {word: n for word, n in counts.items() if n >= min_notes and word not in set(first)}
    described = (
        {word for text in descriptions for word in split_words(text, reading)} - kept.keys() - set(first)
    )
    words = first + sorted(kept, key=lambda word: (-kept[word], word)) + sorted(described)

    vectors = np.random.default_rng(seed).standard_normal((2 + len(words), dimensions), dtype=np.float32)
    for row, word in enumerate(words, start=2):
        if word in vectors_of:
            vectors[row] = vectors_of[word]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    vectors[0] = 0
    for row, word in enumerate(first, start=2):
        vectors[row] = (known or {})[word]
    return words, vectors


def _write_normalized(notes: Iterable[str], path: Path, reading: Reading) -> Counter[str]:
    """One normalised note a line; returns in how many notes each word occurs."""
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as handle:
        for note in notes:
            line = normalize(note, reading)
            counts.update(set(line.split()))
            handle.write(line + "\n")
    return counts


def _cbow(
    lines: Path, dimensions: int, epochs: int, seed: int, workers: int, known: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    from gensim.models import Word2Vec  # here, as cached vectors need no 60 MB of it

    model = Word2Vec(vector_size=dimensions, min_count=1, sg=0, seed=seed, workers=workers)
    model.build_vocab(corpus_file=str(lines))
    fixed = [word for word in model.wv.index_to_key if word in known]
    if fixed:
        rows = [model.wv.key_to_index[word] for word in fixed]
        model.wv.vectors[rows] = np.stack([known[word] for word in fixed])
        model.wv.vectors_lockf = np.ones(len(model.wv), np.float32)  # how far each vector may move
        model.wv.vectors_lockf[rows] = 0
    model.train(
        corpus_file=str(lines),
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=epochs,
    )
    return {word: model.wv[word] for word in model.wv.index_to_key}
