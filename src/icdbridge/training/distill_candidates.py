"""Trains the first stage of a run's candidate search.

It is a linear scorer distilled from the run's own scores of training notes, with the number of candidates that keeps
what the run predicts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import expit, logit
from scipy.stats import binomtest
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from icdbridge.codes import Terms, code_names, whole_systems
from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.files import only_writer
from icdbridge.progress import console, track
from icdbridge.runs.candidate_search import CandidateCounts, Candidates, LinearScorer, Proposer
from icdbridge.runs.note_scores import Note
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer

TARGET = 0.998  # of the predicted codes of val notes
TRAIN_NOTES = 8_000  # of a version, scored exactly to learn from
BEST = 40  # codes of a note that the linear scorer learns to put first
VAL_NOTES = 1_000  # of a version, scored exactly to choose the counts
ALL_NOTES = 200  # of these, scored against all codes of the version's code systems
BATCH = 64
LEARNING_RATE = 0.1
EPOCHS = 10
SIZES = (25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800)  # counts that are tried
LEAST_BY_NAME = 50  # the least by names, so that a code which no note carried can be proposed
ALL_BY_NAME = 400  # the same among all codes of the code systems (docs/performance.md)


def index_run(
    run: Run,
    corpora: Sequence[Corpus],
    terms: Terms | None = None,
    *,
    target: float = TARGET,
    train_notes: int = TRAIN_NOTES,
    dimensions: int = 128,
    seed: int = 0,
) -> Candidates:
    """Trains the linear scorer, chooses the number of candidates on val, and writes both into the run folder.

    ``train_notes`` train notes of each version of ``corpora`` are used; the run scores all these notes exactly.
    ``terms`` are further names of codes. Raises ``InputError`` if a version has no train or val notes.
    """
    if not 0 < target <= 1:
        raise InputError(f"a recall of {target} cannot be reached: give a share above 0 and at most 1")
    unknown = {corpus.version for corpus in corpora} - set(run.versions)
    if unknown:
        raise InputError(
            f"{run.path} codes in {', '.join(run.versions)}, not in {', '.join(sorted(unknown))}"
        )
    console.print("collecting the names of the codes")
    names = dict(zip(run.index.code, code_names(run.index.code, run.index.description, terms), strict=True))
    by_version: dict[str, list[Corpus]] = {}
    for corpus in corpora:
        by_version.setdefault(corpus.version, []).append(corpus)
    with only_writer(run.path / "index"):
        scorers = {version: Scorer(run, run.index.of_version(version), version) for version in by_version}
        taught = [_teach(scorers[version], own, train_notes) for version, own in by_version.items()]
        linear = train_linear(taught, run.tokenizer.size, len(run.index.code), dimensions, EPOCHS, seed)
        first_stage = Candidates(linear, names, {})
        counts = {
            version: replace(
                choose_counts(scorers[version], own, first_stage, target),
                among_all=_among_all(run, version, own, first_stage, target),
            )
            for version, own in by_version.items()
        }
    candidates = Candidates(linear, names, counts)
    candidates.save(run.path)
    return candidates


def exact_scores(
    scorer: Scorer, corpora: Sequence[Corpus], split: str, count: int
) -> Iterator[tuple[Note, np.ndarray]]:
    """At most ``count`` notes with their exact logits [L] for all codes of the scorer."""
    total = sum(corpus.count(split) for corpus in corpora)
    if not total:
        raise InputError(f"{', '.join(corpus.name for corpus in corpora)}: no {split} notes to score")
    chosen = set(np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist())
    every = chain.from_iterable(corpus.column("text", split) for corpus in corpora)
    texts = (text for number, text in enumerate(every) if number in chosen)
    for text in track(texts, len(chosen), f"exact scores of {scorer.version} {split} notes"):
        note = scorer.read(text)
        (found,) = scorer.score([note])
        yield note, found.logits.cpu().numpy()


class Examples(NamedTuple):
    """Training data of the linear scorer from notes of one version: the different words of each note, the model's best
    codes [N, BEST] with their shares of the target, and the positions of the version's codes in the run's index.
    """

    words: list[np.ndarray]
    best: np.ndarray
    shares: np.ndarray
    rows: slice


def _teach(scorer: Scorer, corpora: Sequence[Corpus], count: int) -> Examples:
    words, best, shares = [], [], []
    for note, logits in exact_scores(scorer, corpora, "train", count):
        words.append(np.unique(note.ids))
        best.append(np.argsort(-logits, kind="stable")[:BEST])
        probabilities = expit(logits[best[-1]])
        shares.append(probabilities / probabilities.sum())
    first = scorer.model.index.code.index(scorer.keys[0])
    return Examples(words, np.array(best), np.array(shares), slice(first, first + len(scorer.keys)))


def train_linear(
    taught: Sequence[Examples], words: int, codes: int, dimensions: int, epochs: int, seed: int
) -> LinearScorer:
    """Trains by softmax over all codes of a note's version, the model's best codes sharing the target in proportion
    to their probabilities. ``words`` is the size of the vocabulary, ``codes`` that of the run's index.
    """
    batches = [
        (number, start) for number, one in enumerate(taught) for start in range(0, len(one.words), BATCH)
    ]
    torch.manual_seed(seed)
    of_words = nn.EmbeddingBag(words, dimensions, mode="sum", sparse=True)
    nn.init.normal_(of_words.weight, std=dimensions**-0.5)
    of_codes, bias = nn.Parameter(torch.zeros(codes, dimensions)), nn.Parameter(torch.zeros(codes))
    optimizer = torch.optim.Adagrad([of_words.weight, of_codes, bias], lr=LEARNING_RATE)
    for epoch in range(epochs):
        rng = np.random.default_rng([seed, epoch])
        orders = [rng.permutation(len(one.words)) for one in taught]
        for index in track(rng.permutation(len(batches)), len(batches), f"first stage, epoch {epoch + 1}"):
            number, start = batches[index]
            chosen = orders[number][start : start + BATCH]
            rows = taught[number].rows
            given, starts, weights = _bags([taught[number].words[note] for note in chosen])
            bags = of_words(given, starts, per_sample_weights=weights)
            scores = bags @ of_codes[rows].T + bias[rows]
            best = torch.from_numpy(taught[number].best[chosen])
            shares = torch.from_numpy(taught[number].shares[chosen])
            loss = -(log_softmax(scores, dim=1).gather(1, best) * shares).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            # said aloud, or torch warns of it
            with torch.sparse.check_sparse_tensor_invariants(False):  # type: ignore[no-untyped-call]
                optimizer.step()
    return LinearScorer(*(one.detach().numpy() for one in (of_words.weight, of_codes, bias)))


def _bags(different: Sequence[np.ndarray]) -> tuple[Tensor, Tensor, Tensor]:
    """The different words of each note one after another, where each note begins, and a weight for each word."""
    sizes = np.array([len(words) for words in different])
    weights = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    words, starts = np.concatenate(different).astype(np.int64), np.cumsum(sizes) - sizes
    return torch.from_numpy(words), torch.from_numpy(starts), torch.from_numpy(weights)


def _among_all(
    run: Run, version: str, corpora: Sequence[Corpus], first_stage: Candidates, target: float
) -> CandidateCounts | None:
    """``choose_counts`` among all codes of a version's code systems; None where the run can score no others."""
    learned = run.index.of_version(version)
    codes = {**learned, **whole_systems(learned)}
    if run.model.fixed_labels or len(codes) == len(learned):
        return None
    scorer = Scorer(run, codes, version)
    return choose_counts(scorer, corpora, first_stage, target, ALL_NOTES, ALL_BY_NAME)


def choose_counts(
    scorer: Scorer,
    corpora: Sequence[Corpus],
    first_stage: Candidates,
    target: float,
    notes: int = VAL_NOTES,
    least_by_name: int = LEAST_BY_NAME,
) -> CandidateCounts:
    """The smallest number of candidates that contains at least ``target`` of the codes that the run predicts on val;
    where none does, the one that contains most.
    """
    codes, proposer = len(scorer.keys), Proposer(first_stage, scorer.keys, scorer.descriptions)
    cuts = logit(scorer.thresholds)
    linear_ranks: list[np.ndarray] = []
    lexical_ranks: list[np.ndarray] = []
    for note, logits in exact_scores(scorer, corpora, "val", notes):
        predicted = np.flatnonzero(logits > cuts)
        for ranks, order in (
            (linear_ranks, proposer.linear_order(note.ids, codes)),
            (lexical_ranks, proposer.lexical_order(scorer.words(note.text), codes)),
        ):
            rank_of = np.full(codes, codes)
            rank_of[order] = np.arange(len(order))
            ranks.append(rank_of[predicted])
    linear, lexical = np.concatenate(linear_ranks), np.concatenate(lexical_ranks)
    if not len(linear):
        raise InputError(
            f"the run predicts no code on the {scorer.version} val notes: train it further first"
        )
    sizes = [size for size in SIZES if size < codes] + [codes]
    choices = [
        CandidateCounts(a, b, float(((linear < a) | (lexical < b)).mean()), target, len(linear_ranks))
        for a in sizes
        for b in sizes
        if b >= min(least_by_name, codes)
    ]
    most = max(choice.recall for choice in choices)
    enough = (choice for choice in choices if choice.recall >= min(target, most))
    best = min(enough, key=lambda choice: (choice.linear + choice.lexical, -choice.recall))
    held = binomtest(round(best.recall * len(linear)), len(linear))
    return replace(best, bound=float(held.proportion_ci(0.95, "wilson").low))
