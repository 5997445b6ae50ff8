"""Gradients of the rows that were looked up, made whole: those of torch."""

import torch

from icdbridge.models.kernels.word_gradients import RowGradients


def looked_up(embedding, words):
    return embedding(words).sin().sum() + embedding(words.flip(0)[:2]).square().sum()


def test_every_step_has_the_gradients_of_torch():
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"words": torch.nn.Embedding(9, 3, padding_idx=0)})
    plain = torch.nn.Embedding.from_pretrained(model["words"].weight.clone(), freeze=False, padding_idx=0)
    rows = RowGradients(model)
    for words in ([1, 4, 4, 0], [2, 8, 1, 1]):  # the first step's rows have none in the second
        for embedding in (model["words"], plain):
            embedding.zero_grad()
            looked_up(embedding, torch.tensor(words)).backward()
        rows.make_whole()
        torch.testing.assert_close(model["words"].weight.grad, plain.weight.grad)
        assert not model["words"].weight.grad.is_sparse


def test_an_embedding_that_was_not_looked_up_has_no_gradient():
    model = torch.nn.Embedding(4, 2)
    RowGradients(model).make_whole()
    assert model.weight.grad is None
