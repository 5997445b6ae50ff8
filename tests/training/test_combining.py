"""Words beside attention: their networks learn alone, and val says how far to trust each of the two."""

import copy
import importlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit
from tests.small import make_corpus, tiny_settings

from icdbridge.models.model import label_loss
from icdbridge.runs.run import Run
from icdbridge.training import matching, train
from icdbridge.training.combining import (
    PAIRS,
    attention_helps,
    draw_batches,
    fit_networks,
    stacking_weights,
    wanted_notes,
)
from icdbridge.training.matched_notes import MatchedNotes

SETTINGS = tiny_settings("duallaat-cnn", "lexical=associations", epochs=1, matching_steps=120)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """What training gives to the networks' learning: the combiner, the notes, their evidence, the settings."""
    given = []

    def stop(*found):
        given.extend(found)
        raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("combining")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(importlib.import_module("icdbridge.training.train"), "fit_networks", stop)
        train([make_corpus(folder, "ten", notes=60)], folder / "run", SETTINGS)
    return given


def loss_of(combiner, data, matched, settings):
    number, labels, features, _ = next(draw_batches(data, matched, settings))
    with torch.no_grad():
        return float(label_loss(combiner.words(features, number), labels))


def test_it_learns_which_words_to_trust(begun):
    combiner, *given = begun
    learned = copy.deepcopy(combiner)
    fit_networks(learned, *given)
    assert loss_of(learned, *given) < 0.8 * loss_of(combiner, *given)


def test_the_same_seed_gives_the_same_weights(begun):
    combiner, data, matched, settings = begun
    one, other, third = (copy.deepcopy(combiner) for _ in range(3))
    fit_networks(one, data, matched, settings)
    fit_networks(other, data, matched, settings)
    fit_networks(third, data, matched, settings.model_copy(update={"seed": 7}))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), third.parameters(), strict=True))


def test_of_many_notes_only_those_that_are_drawn_are_wanted(begun, monkeypatch):
    combiner, data, (matched,), settings = begun
    monkeypatch.setattr(matching, "SCALED", 3)
    settings = settings.model_copy(update={"matching_steps": 2, "batch_size": 3})
    (rows,) = wanted_notes(data, settings)
    assert 6 <= len(rows) <= 9
    kept = np.flatnonzero(np.isin(matched.notes.rows, rows))
    files = [matched.notes.files[place] for place in kept]
    few = MatchedNotes(rows, files, matched.notes.places[kept])
    one, other = copy.deepcopy(combiner), copy.deepcopy(combiner)
    fit_networks(one, data, [matched], settings)
    fit_networks(other, data, [replace(matched, notes=few)], settings)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("weighted", [True, False])
def test_what_a_drawn_negative_weighs(begun, weighted):
    _, data, matched, settings = begun
    settings = settings.model_copy(update={"weighted_negatives": weighted, "label_space": 4, "batch_size": 1})
    _, labels, _, weights = next(draw_batches(data, matched, settings))
    assert (weights is not None) == weighted
    if weights is not None:
        assert weights.max() > 1
        assert (weights[labels.any(dim=0)] == 1).all()


@pytest.mark.parametrize("pairs", [20_000, PAIRS + 500_000])  # more than are drawn
def test_trust_is_found_where_it_is_known(pairs):
    rng = np.random.default_rng(0)
    said = rng.normal(size=(pairs, 2))
    labels = rng.random(pairs) < expit(said @ [0.5, 1.5] - 3)
    assert stacking_weights(said, labels) == pytest.approx((0.5, 1.5, -3), abs=0.15)


def test_what_counts_against_itself_counts_nothing():
    rng = np.random.default_rng(0)
    said = rng.normal(size=(20_000, 2))
    attention, words, _ = stacking_weights(said, rng.random(20_000) < expit(said @ [-1.0, 1.0] - 2))
    assert attention == 0
    assert words > 0.5


@pytest.mark.parametrize(("weight", "helps"), [(0.5, True), (0.02, False), (0.0, False)])
def test_attention_that_hardly_counts_is_not_read(weight, helps):
    rng = np.random.default_rng(0)
    said = 3 * rng.normal(size=(100_000, 2))
    labels = rng.random(100_000) < expit(said @ [weight, 1.0] - 2)
    assert attention_helps([(said, labels)]) == helps


def test_both_together_score_as_val_says(tmp_path):
    corpora = [make_corpus(tmp_path, "ten", notes=60), make_corpus(tmp_path, "nine", "icd9", notes=60)]
    run = train(corpora, tmp_path / "run", SETTINGS)
    weights = run.model.get_buffer("combiner.weights")
    assert not torch.allclose(weights[0], weights[1])  # each version its own
    (tmp_path / "scores").mkdir()
    together = run.score_corpus(corpora[1], "test", tmp_path / "scores").logits.copy()
    alone = []
    for said in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]):
        opened = Run.open(run.path)
        opened.model.get_buffer("combiner.weights")[1] = torch.tensor(said)
        alone.append(opened.score_corpus(corpora[1], "test", tmp_path / "scores").logits.copy())
    attention, words, constant = weights[1].tolist()
    assert np.allclose(together, attention * alone[0] + words * alone[1] + constant, atol=1e-4)
    for (one, other), name in zip(itertools.pairwise([*alone, together]), ("words", "both"), strict=True):
        assert not np.allclose(one, other), name


def test_a_version_with_few_labels_on_val_takes_the_weights_of_the_validated_one(tmp_path):
    ten, nine = make_corpus(tmp_path, "ten", notes=60), make_corpus(tmp_path, "nine", "icd9", notes=60)
    run = train([ten], tmp_path / "run", SETTINGS, train_only=[nine])
    weights = run.model.get_buffer("combiner.weights")
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], torch.tensor([1.0, 1.0, 0.0]))
