"""What words say beside attention: the networks of lexical features learn alone, and val says how far to trust each.

Attention can learn a small corpus by heart in fewer steps than a network needs to learn how far to trust words, and
what one explains away the other does not learn. So they learn apart, and meet on notes that neither has seen.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from icdbridge.corpora import Corpus
from icdbridge.models.combiner import Combiner
from icdbridge.models.losses import label_loss
from icdbridge.progress import console, progress_bar
from icdbridge.runs import Run
from icdbridge.runs.matched import match_text
from icdbridge.runs.scoring import score_notes
from icdbridge.runs.tokens import tokenize_split
from icdbridge.training.batches import VersionNotes, draw_batch, plan_epoch
from icdbridge.training.fit_calibration import FEWEST
from icdbridge.training.matching import MatchedTraining
from icdbridge.training.settings import Settings

NOTES = 500  # of val, of each corpus, that weights are fitted on
PAIRS = 1_000_000  # of a note and a code, at most so many without a label
_RISE = 100  # steps in which the learning rate rises
_DRAW = 1  # tells these draws from those of the epochs


def fit_networks(
    combiner: Combiner, data: Sequence[VersionNotes], matched: Sequence[MatchedTraining], settings: Settings
) -> None:
    """``matching_steps`` steps of AdamW for each version, with the losses and label spaces of training, at a learning
    rate that rises over ``_RISE`` steps and falls linearly to 0. Reproducible: the same seed, the same weights.

    ``data`` and ``matched`` are the training notes of each version, by its number, and their lexical evidence.
    """
    combiner.get_buffer("scale").copy_(torch.from_numpy(np.stack([notes.scale() for notes in matched])))
    rate, steps = settings.learning_rate, settings.matching_steps * len(data)
    optimizer = torch.optim.AdamW(combiner.parameters(), lr=rate, weight_decay=settings.weight_decay)
    with progress_bar() as bar:
        task = bar.add_task("learning how far to trust words", total=steps)
        for step, (number, labels, features, weights) in zip(
            range(steps), _draws(data, matched, settings), strict=False
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * min((step + 1) / _RISE, (steps - step) / steps)
            loss = label_loss(combiner.words(features, number), labels, weights)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            bar.advance(task)


def _draws(
    data: Sequence[VersionNotes], matched: Sequence[MatchedTraining], settings: Settings
) -> Iterator[tuple[int, Tensor, Tensor, Tensor | None]]:
    """Version, labels [N, L], features [N, L, F] and what each code weighs [L], epoch after epoch without end."""
    epoch = 0
    while True:
        plan = plan_epoch(data, settings.batch_size, settings.batch_words, settings.seed, epoch)
        for position, (number, rows) in enumerate(plan):
            rng = np.random.default_rng([settings.seed, epoch, position, _DRAW])
            space, labels = draw_batch(data[number], rows, settings, rng)
            features = torch.from_numpy(matched[number].draw(rows, space.columns, rng))
            weights = torch.from_numpy(space.weights).float() if settings.weighted_negatives else None
            yield number, labels, features, weights
        epoch += 1


def fit_weights(
    run: Run, combiner: Combiner, corpora: Sequence[Corpus], validated: str, folder: Path
) -> None:
    """Sets how far the run trusts attention and words in each version, by logistic regression on the val notes of its
    corpora. A version with fewer than ``FEWEST`` labels there takes the weights of the version ``validated``.
    """
    versions = run.versions
    fitted: dict[str, Tensor] = {}
    for number, version in enumerate(versions):
        parts = [
            _said(run, combiner, number, corpus, folder)
            for corpus in corpora
            if corpus.version == version and corpus.count("val")
        ]
        if sum(labels.sum() for _, labels in parts) >= FEWEST:
            said, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
            fitted[version] = torch.tensor(trust(said, labels))
            console.print(
                f"{version}: attention counts {fitted[version][0]:.2f}, words {fitted[version][1]:.2f}"
            )
    for number, version in enumerate(versions):
        weights = fitted.get(version, fitted.get(validated))
        if weights is not None:
            combiner.weights[number] = weights


def trust(said: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Weights of attention and words, and the constant, of ``said`` [pairs, 2] for ``labels`` [pairs].

    One that would count against itself counts nothing. At most ``PAIRS`` without a label are drawn, each counting for
    those that were not.
    """
    from sklearn.linear_model import LogisticRegression  # here, as no training step needs the 100 MB of it

    rest = np.flatnonzero(~labels)
    drawn = np.random.default_rng(0).choice(rest, min(PAIRS, len(rest)), replace=False)
    pairs = np.concatenate([np.flatnonzero(labels), drawn])
    counts = np.where(labels[pairs], 1.0, len(rest) / max(1, len(drawn)))
    said, labels = said[pairs], labels[pairs]
    for kept in ([0, 1], [1], [0]):
        model = LogisticRegression(C=np.inf, max_iter=1000)
        model.fit(said[:, kept], labels, sample_weight=counts)
        weights = np.zeros(2)
        weights[kept] = model.coef_[0]
        if (weights >= 0).all():
            return float(weights[0]), float(weights[1]), float(model.intercept_[0])
    return 1.0, 1.0, 0.0


def _said(
    run: Run, combiner: Combiner, number: int, corpus: Corpus, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """What attention and words say of some val notes of a corpus [pairs, 2], and their labels [pairs]."""
    with TemporaryDirectory(prefix="val-", dir=folder) as scratch:
        matcher = run.matcher(corpus.version, corpus.codes, corpus.descriptions)
        assert matcher is not None, "made without lexicons"
        words = run.max_note_words
        notes = tokenize_split(corpus, "val", run.tokenizer, words, corpus.codes, Path(scratch))
        some = np.unique(np.linspace(0, len(notes) - 1, NOTES).astype(int))
        texts = list(corpus.column("text", "val"))
        queries = run.queries(corpus.codes, corpus.descriptions)
        attention = score_notes(run.model, [notes[int(note)] for note in some], queries)
        device = combiner.weights.device
        with torch.inference_mode():
            lexical = []
            for note in some:  # these alone are matched, one by one, so that memory is bounded
                features = match_text(matcher, texts[note], words).of(np.zeros(1, np.int64))
                said = combiner.words(torch.from_numpy(features).to(device), number)
                lexical.append(said.cpu().numpy()[0])
        labels = notes.labels[some].toarray().astype(bool)
    return np.stack([attention.ravel(), np.concatenate(lexical)], axis=1), labels.ravel()
