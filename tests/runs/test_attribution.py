"""Contributions of words against numeric derivatives, and phrases."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from icdbridge.lexical.contexts import NoteContexts
from icdbridge.lexical.evidence import BANDS, Evidence, cautious, context_of
from icdbridge.models import DualLAAT, ModelSettings
from icdbridge.runs.attribution import add_spans, find_evidence, heavy_phrases, word_weights
from icdbridge.runs.scoring import pad

IDS = np.array([3, 7, 5, 2, 9, 4, 8])


@pytest.fixture(params=["gru", "cnn"])
def model(request):
    torch.manual_seed(0)
    settings = ModelSettings(12, 8, request.param, 6, 1, 4, 2, 5, 0.3)
    return DualLAAT(settings).double().eval()


def weights_of(model, queries):
    """Of the words of ``IDS``."""
    with torch.no_grad():
        return word_weights(model, model.encode_notes(*pad([IDS])), IDS, queries)


def queries_of(model, codes=3):
    words = torch.arange(2, 2 + 2 * codes).view(codes, 2)
    return model.encode_codes(words, torch.full((codes,), 2)).detach()


class Scaled(nn.Embedding):
    """An embedding whose vector of one place in the note is lengthened by a factor."""

    place, factor = 0, 1.0

    def forward(self, ids):
        vectors = super().forward(ids)
        scale = torch.ones(ids.shape[1], 1, dtype=vectors.dtype)
        scale[self.place] = self.factor
        return vectors * scale


@pytest.mark.parametrize("model", ["cnn"], indirect=True)
def test_a_contribution_is_the_derivative_by_the_length_of_the_words_vector(model):
    queries = queries_of(model)
    found = weights_of(model, queries)
    scaled = Scaled(12, 8, padding_idx=0).double()
    scaled.load_state_dict(model.embedding.state_dict())
    model.embedding = scaled
    expected, step = np.zeros((3, len(IDS))), 1e-3  # attention is in float32
    for place in range(len(IDS)):
        logits = []
        for factor in (1 - step, 1 + step):
            scaled.place, scaled.factor = place, factor
            with torch.no_grad():
                logits.append(model.score(model.encode_notes(*pad([IDS])), queries)[0].numpy())
        expected[:, place] = (logits[1] - logits[0]) / (2 * step)
    expected = np.maximum(expected, 0)
    total = np.maximum(expected.sum(axis=1, keepdims=True), 1e-30)
    np.testing.assert_allclose(found, expected / total, atol=2e-3)
    assert expected.any()


def test_a_code_has_the_same_evidence_alone_and_among_others(model, monkeypatch):
    queries = queries_of(model)
    together = weights_of(model, queries)
    monkeypatch.setattr("icdbridge.models.kernels.word_contributions.CODES", 2)
    np.testing.assert_allclose(weights_of(model, queries), together, atol=1e-12)
    assert np.all(together >= 0)
    assert weights_of(model, queries[:, :0]).shape == (0, len(IDS))


@pytest.mark.parametrize("model", ["gru"], indirect=True)
def test_a_contribution_is_the_derivative_by_the_length_of_the_state(model):
    queries = queries_of(model)
    with torch.no_grad():
        note = model.encode_notes(*pad([IDS]))
    expected, step = np.zeros((3, len(IDS))), 1e-3  # attention is in float32
    for place in range(len(IDS)):
        logits = []
        for factor in (1 - step, 1 + step):
            scale = torch.ones(len(IDS), 1, dtype=torch.float64)
            scale[place] = factor
            scaled = note._replace(states=note.states * scale, keys=note.keys * scale)
            with torch.no_grad():
                logits.append(model.score(scaled, queries)[0].numpy())
        expected[:, place] = (logits[1] - logits[0]) / (2 * step)
    expected = np.maximum(expected, 0)
    total = np.maximum(expected.sum(axis=1, keepdims=True), 1e-30)
    np.testing.assert_allclose(weights_of(model, queries), expected / total, atol=2e-3)
    assert expected.any()


def test_neighbouring_words_make_one_phrase():
    text = "acute heart failure and fever"
    offsets = np.array([[0, 5], [6, 11], [12, 19], [20, 23], [24, 29]])
    weights = np.array([[0.05, 0.4, 0.3, 0.0, 0.25], [0.45, 0.0, 0.0, 0.0, 0.55], [0.0] * 5])
    together, apart, none = find_evidence(text, weights, offsets, NoteContexts(text))
    # "and" stands between, within the gap
    assert [span.text for span in together] == ["heart failure and fever"]
    assert [(span.text, span.weight) for span in apart] == [("fever", 0.55), ("acute", 0.45)]
    assert none == []
    assert find_evidence("", np.zeros((1, 0)), np.zeros((0, 2), int), NoteContexts("")) == [[]]


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("Denies fever.", "negated"),
        ("No cough. Has fever.", None),
        ("Mother had fever.", "family"),
        ("History of fever.", None),
        ("No family history of fever.", "family"),  # the strongest doubt
    ],
)
def test_words_of_evidence_say_in_which_context_they_stand(text, context):
    offsets = np.array([found.span() for found in re.finditer(r"\w+", text)])
    weights = np.array([[float("fever" in text[start:end]) for start, end in offsets]])
    ((found,),) = find_evidence(text, weights, offsets, NoteContexts(text))
    assert (found.text, found.context) == ("fever", context)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_phrases_are_apart_and_in_the_order_of_their_weight(weights):
    weights = np.array(weights)
    found = heavy_phrases(weights)
    assert len(found) <= 3
    assert bool(found) == bool(weights.max() > 0)
    heights = [weights[first : last + 1].sum() for first, last in found]
    assert heights == sorted(heights, reverse=True)
    places = [place for first, last in found for place in range(first, last + 1)]
    assert len(places) == len(set(places))
    if found:
        assert int(np.argmax(weights)) in places or len(found) == 3


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], None),
        ([(0.6, None)], None),
        ([(0.6, "negated")], "negated"),
        ([(0.6, "negated"), (0.5, None)], None),
        ([(0.6, "negated"), (0.1, None)], "negated"),  # a word beside it
        ([(0.6, None), (0.1, "negated")], None),
        ([(0.6, "negated"), (0.5, "uncertain")], "uncertain"),
        ([(0.6, "family"), (0.5, "negated")], "family"),
    ],
)
def test_what_weighs_gives_a_code_its_context(told, expected):
    assert context_of([Evidence(0, 1, "a", weight, context) for weight, context in told]) == expected


def test_what_is_not_the_patients_is_never_likely():
    for context in ("negated", "family", "hypothetical"):
        assert [cautious(band, context) for band in BANDS] == ["possible", "possible", "unlikely"]
    for context in (None, "uncertain"):
        assert [cautious(band, context) for band in BANDS] == list(BANDS)


def test_lexical_evidence_is_of_the_words_within_its_span_only():
    offsets = np.array([[0, 5], [5, 6], [7, 14], [14, 15]])  # "heart, failure."
    weights = np.full((2, 4), 0.25)
    found = add_spans(weights, [[(0, 5, 1.0)], [(7, 14, 0.5)]], offsets)
    assert found.tolist() == [[1.0, 0.0, 0.0, 0.0], [0.125, 0.125, 0.625, 0.125]]
