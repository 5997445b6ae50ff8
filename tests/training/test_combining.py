"""The network of lexical features learning alone."""

import copy
import importlib

import numpy as np
import pytest
import torch
from tests.small import make_corpus, tiny_settings

from icdbridge.models.losses import label_loss
from icdbridge.training import train
from icdbridge.training.batches import make_batch
from icdbridge.training.combining import fit_combiner

SETTINGS = tiny_settings("duallaat-cnn", "matching=true", "associations=true", epochs=1, matching_steps=300)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """What training gives to the first stage: the combiner, the notes, the settings."""
    given = []

    def stop(*found):
        given.extend(found)
        raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("combining")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(importlib.import_module("icdbridge.training.train"), "fit_combiner", stop)
        train([make_corpus(folder, "ten", notes=60)], folder / "run", SETTINGS)
    return given


def loss_of(combiner, data, settings):
    batch = make_batch(data[0], np.arange(20), settings, np.random.default_rng(0))
    with torch.no_grad():
        return float(label_loss(combiner(torch.zeros_like(batch.labels), batch.features), batch.labels))


def test_it_learns_which_words_to_trust(begun):
    combiner, data, settings = begun
    learned = copy.deepcopy(combiner)
    fit_combiner(learned, data, settings)
    assert loss_of(learned, data, settings) < 0.8 * loss_of(combiner, data, settings)


def test_the_same_seed_gives_the_same_weights(begun):
    combiner, data, settings = begun
    one, other, third = (copy.deepcopy(combiner) for _ in range(3))
    fit_combiner(one, data, settings)
    fit_combiner(other, data, settings)
    fit_combiner(third, data, settings.model_copy(update={"seed": 7}))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), third.parameters(), strict=True))


def test_no_steps_change_nothing(begun):
    combiner, data, settings = begun
    left = copy.deepcopy(combiner)
    fit_combiner(left, data, settings.model_copy(update={"matching_steps": 0}))
    assert all(torch.equal(a, b) for a, b in zip(left.parameters(), combiner.parameters(), strict=True))
