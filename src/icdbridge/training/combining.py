"""Trains the lexical networks apart from attention, and weighs both on val.

On a small corpus attention overfits before a lexical network has learned how far to trust words, and what one explains
the other no longer learns. So they learn apart, and are combined on notes that neither has seen.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from icdbridge.models.combiner import Combiner
from icdbridge.models.model import label_loss
from icdbridge.progress import track
from icdbridge.training.batches import VersionNotes, draw_batch, plan_epoch
from icdbridge.training.matching import MatchedTraining, scale_rows
from icdbridge.training.settings import Settings

PAIRS = 1_000_000  # of a note and a code, at most so many without a label
CHECKS = 5
LIGHT = 0.05  # of the weight of words: attention that weighs less adds a tenth to a logit at most
_RISE = 100  # steps in which the learning rate rises
_DRAW = 1  # tells these draws from those of the epochs


def fit_networks(
    combiner: Combiner, data: Sequence[VersionNotes], matched: Sequence[MatchedTraining], settings: Settings
) -> None:
    """Trains the lexical network of each version: ``matching_steps`` steps of AdamW, with the losses and label spaces
    of training.

    The learning rate rises over ``_RISE`` steps and falls linearly to 0. The same seed gives the same weights. ``data``
    and ``matched`` are the training notes of each version, by its number, and their lexical evidence.
    """
    combiner.get_buffer("scale").copy_(torch.from_numpy(np.stack([notes.scale() for notes in matched])))
    rate, steps = settings.learning_rate, settings.matching_steps * len(data)
    optimizer = torch.optim.AdamW(combiner.parameters(), lr=rate, weight_decay=settings.weight_decay)
    every = track(range(steps), steps, "learning how far to trust words")
    for step, batch in zip(every, draw_batches(data, matched, settings), strict=False):
        number, labels, features, weights = batch
        for group in optimizer.param_groups:
            group["lr"] = rate * min((step + 1) / _RISE, (steps - step) / steps)
        loss = label_loss(combiner.words(features, number), labels, weights)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def wanted_notes(data: Sequence[VersionNotes], settings: Settings) -> list[np.ndarray]:
    """Rows, ascending, of each version's training notes from which ``fit_networks`` learns; of many only some."""
    wanted = [np.isin(np.arange(len(notes)), scale_rows(len(notes))) for notes in data]
    steps, epoch = settings.matching_steps * len(data), 0
    while steps > 0:
        plan = plan_epoch(data, settings.batch_size, settings.batch_words, settings.seed, epoch)[:steps]
        for number, rows in plan:
            wanted[number][rows] = True
        steps, epoch = steps - len(plan), epoch + 1
        if all(own.all() for own in wanted):
            break
    return [np.flatnonzero(own) for own in wanted]


def draw_batches(
    data: Sequence[VersionNotes], matched: Sequence[MatchedTraining], settings: Settings
) -> Iterator[tuple[int, Tensor, Tensor, Tensor | None]]:
    """Endless batches: version, labels [N, L], features [N, L, F] and weights of the codes [L]."""
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


def stacking_weights(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """The weights of attention and words, and the constant, fitted on ``logits`` of both [pairs, 2] for ``labels``
    [pairs].

    Negative weights become 0. At most ``PAIRS`` pairs without a label are drawn, with weights for the others.
    """
    from sklearn.linear_model import LogisticRegression  # here, as no training step needs the 100 MB of it

    rest = np.flatnonzero(~labels)
    drawn = np.random.default_rng(0).choice(rest, min(PAIRS, len(rest)), replace=False)
    pairs = np.concatenate([np.flatnonzero(labels), drawn])
    counts = np.where(labels[pairs], 1.0, len(rest) / max(1, len(drawn)))
    logits, labels = logits[pairs], labels[pairs]
    for kept in ([0, 1], [1], [0]):
        model = LogisticRegression(C=np.inf, max_iter=1000)
        model.fit(logits[:, kept], labels, sample_weight=counts)
        weights = np.zeros(2)
        weights[kept] = model.coef_[0]
        if (weights >= 0).all():
            return float(weights[0]), float(weights[1]), float(model.intercept_[0])
    return 1.0, 1.0, 0.0


def attention_helps(samples: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether attention and words together predict held-out labels better than words alone.

    The gain must exceed its standard error over ``CHECKS`` parts of the pairs in order, each held out in turn.
    Attention with less than ``LIGHT`` of the weight of words does not count: it costs more time than it is worth.
    ``samples`` are logits of both [pairs, 2] and labels [pairs], a note's pairs one after another.
    """
    gains = []
    parts = [
        list(zip(np.array_split(logits, CHECKS), np.array_split(labels, CHECKS), strict=True))
        for logits, labels in samples
    ]
    for held_out in range(CHECKS):
        rest = [one for part in parts for number, one in enumerate(part) if number != held_out]
        logits, labels = (np.concatenate(each) for each in zip(*rest, strict=True))
        if not labels.any():
            return False
        ways = [stacking_weights(logits * way, labels) for way in ([1, 1], [0, 1])]
        losses = [[_log_loss(part[held_out], weights) for part in parts] for weights in ways]
        gains.append(float(np.sum(losses[1]) - np.sum(losses[0])))
    if float(np.mean(gains)) <= float(np.std(gains, ddof=1) / np.sqrt(CHECKS)):
        return False
    attention, words, _ = stacking_weights(*(np.concatenate(each) for each in zip(*samples, strict=True)))
    return attention >= LIGHT * words


def _log_loss(sample: tuple[np.ndarray, np.ndarray], weights: tuple[float, float, float]) -> float:
    logits, labels = sample
    together = logits @ np.array(weights[:2]) + weights[2]
    return float((np.logaddexp(0, together) - labels * together).sum())
