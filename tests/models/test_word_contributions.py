"""What words add to logits: the closed forms against backward passes, code by code."""

from unittest import mock

import pytest
import torch
from tests.models.test_fixed_label import FIXED, make, notes, rows

from icdbridge.models import DualLAAT, ModelSettings
from icdbridge.runs.scoring import pad

ENCODERS = {
    "gru": ("gru", 1),
    "lstm": ("lstm", 1),
    "cnn": ("cnn", 5),
    "even cnn": ("cnn", 4),
    "one word": ("cnn", 1),
}


def dual(encoder, padded=0):
    kind, kernel = ENCODERS[encoder]
    torch.manual_seed(1)
    return DualLAAT(ModelSettings(50, 8, kind, 6, 1, kernel, 3, 5, 0.2, padded)).eval()


def case(name):
    """A model and its encoded codes."""
    if name in FIXED:
        model = make(name)
        return model, model.encode_codes(*pad(rows(*range(9)))).detach()
    model = dual(*name)
    return model, model.encode_codes(*pad(notes(9, 2, 7, seed=3))).detach()


def by_backward_passes(model, ids, queries):
    """Gradient x input of each code alone: of word vectors where positions see several words, else of states."""
    found = []
    for code in range(queries.shape[1]):
        if model.window == (0, 1):
            note = model.encode_notes(*pad([ids]))
            given = [tensor.detach().requires_grad_() for tensor in note[:2]]
            note = note._replace(states=given[0], keys=given[1])
        else:
            words = model.embedding(pad([ids], width=model.padded_words)[0]).detach().requires_grad_()
            given = [words]
            with mock.patch.object(model.embedding, "forward", return_value=words):
                note = model.encode_notes(*pad([ids]))
        logit = model.score(note, queries[:, [code]])[0, 0]
        gradients = torch.autograd.grad(logit, given)
        parts = [
            (gradient * own.detach()).sum(-1).view(1, -1, own.shape[-2]).sum(1)
            for own, gradient in zip(given, gradients, strict=True)
        ]
        found.append(sum(parts)[0, : len(ids)])
    return torch.stack(found)


@pytest.mark.parametrize(
    "name", [*FIXED, *((encoder, 0) for encoder in ENCODERS), ("cnn", 30), ("even cnn", 30)], ids=str
)
def test_words_add_what_a_backward_pass_for_each_code_says(name):
    model, queries = case(name)
    for ids in notes(3, 1, 25):
        with torch.inference_mode():  # as scoring does
            note = model.encode_notes(*pad([ids]))
        with torch.no_grad():
            found = model.contributions(note, queries, torch.from_numpy(ids))
        expected = by_backward_passes(model, ids, queries)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
        assert expected.abs().max() > 1e-4
    assert all(parameter.grad is None for parameter in model.parameters())
