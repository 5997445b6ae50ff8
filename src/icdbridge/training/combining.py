"""The network of lexical features learns before the attention does.

Attention can learn a small corpus by heart in fewer steps than the network needs to learn how far to trust words; what
it explains away the network does not learn. So the network learns alone first, which costs no reading of notes.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from icdbridge.models import Batch
from icdbridge.models.combiner import Combiner
from icdbridge.models.losses import label_loss
from icdbridge.progress import progress_bar
from icdbridge.training.batches import VersionNotes, make_batch, plan_epoch
from icdbridge.training.settings import Settings

_RISE = 100  # steps in which the learning rate rises
_DRAW = 1  # tells these draws from those of the epochs


def fit_combiner(combiner: Combiner, data: Sequence[VersionNotes], settings: Settings) -> None:
    """``matching_steps`` steps of AdamW for each version, with the losses and label spaces of training, at a learning
    rate that rises over ``_RISE`` steps and falls linearly to 0. Reproducible: the same seed, the same weights.
    """
    rate, steps = settings.learning_rate, settings.matching_steps * len(data)
    optimizer = torch.optim.AdamW(combiner.parameters(), lr=rate, weight_decay=settings.weight_decay)
    with progress_bar() as bar:
        task = bar.add_task("learning how far to trust words", total=steps)
        for step, batch in zip(range(steps), _batches(data, settings), strict=False):
            assert batch.features is not None
            for group in optimizer.param_groups:
                group["lr"] = rate * min((step + 1) / _RISE, (steps - step) / steps)
            logits = combiner(torch.zeros_like(batch.labels), batch.features, batch.version)
            loss = label_loss(logits, batch.labels, batch.weights, settings.loss)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            bar.advance(task)


def _batches(data: Sequence[VersionNotes], settings: Settings) -> Iterator[Batch]:
    """Batches without end, epoch after epoch."""
    epoch = 0
    while True:
        plan = plan_epoch(data, settings.batch_size, settings.batch_words, settings.seed, epoch)
        for position, (number, rows) in enumerate(plan):
            rng = np.random.default_rng([settings.seed, epoch, position, _DRAW])
            yield make_batch(data[number], rows, settings, rng)
        epoch += 1
