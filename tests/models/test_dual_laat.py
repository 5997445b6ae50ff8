"""DualLAAT: published sizes, the paper's equations written out plainly, and no leak of padding or neighbours."""

import pytest
import torch

from icdbridge.models import DualLAAT, ModelSettings
from icdbridge.runs.scoring import encode_codes, length_batches, pad, score_notes


def settings(encoder="gru", **changes):
    sizes = {
        "vocabulary": 50, "embedding_dim": 8, "encoder": encoder, "hidden_size": 6, "layers": 1,
        "kernel_size": 4, "heads": 3, "shared_dim": 5, "dropout": 0.2,
    }  # fmt: skip
    return ModelSettings(**(sizes | changes))


def make(encoder="gru", **changes):
    torch.manual_seed(0)
    return DualLAAT(settings(encoder, **changes)).eval()


def sequences(count, low, high, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(low, high, (count,), generator=generator)
    return [torch.randint(1, 50, (int(n),), generator=generator).numpy() for n in lengths]


@pytest.mark.parametrize(
    ("encoder", "size", "parameters"), [("gru", 512, 37_332_425), ("cnn", 256, 14_665_673)]
)
def test_parameters_at_the_published_sizes(encoder, size, parameters):
    # counted by hand from the released sizes; the paper rounds them to 37 M and 15 M
    with torch.device("meta"):
        model = DualLAAT(ModelSettings(125_762, 100, encoder, size, 1, 10, 4, size, 0.3))
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("encoder", ["gru", "lstm", "cnn"])
def test_equations_one_note_one_code_at_a_time(encoder):
    model = make(encoder)
    notes, codes = sequences(3, 5, 20), sequences(4, 1, 7, seed=1)
    logits = model(*pad(notes), *pad(codes))
    for n, note in enumerate(notes):
        for c, code in enumerate(codes):
            torch.testing.assert_close(logits[n, c], plain(model, note, code), atol=1e-5, rtol=1e-5)


def plain(model, note, code):
    """Equations 1 to 6, unbatched and unpadded, head by head."""
    sizes = model.settings
    embedded = model.embedding(torch.from_numpy(note)[None])
    described = model.embedding(torch.from_numpy(code)[None])
    if sizes.encoder == "cnn":
        states = model.note_encoder.convolution(embedded.transpose(1, 2))[0].T
        pooled = model.code_encoder.convolution(described.transpose(1, 2))[0].amax(dim=1)
    else:
        states = model.note_encoder.rnn(embedded)[0][0]
        last = model.code_encoder.rnn(described)[1]
        pooled = (last[0] if sizes.encoder == "lstm" else last)[:, 0].flatten()
    contexts = []
    for head in range(sizes.heads):
        rows = slice(head * sizes.shared_dim, (head + 1) * sizes.shared_dim)
        keys = torch.tanh(states @ model.note_projection.weight[rows].T + model.note_projection.bias[rows])
        query = torch.tanh(model.code_projection.weight[rows] @ pooled + model.code_projection.bias[rows])
        contexts.append(torch.softmax(keys @ query, dim=0) @ states)
    hidden = torch.relu(model.classifier[0](torch.cat(contexts)))
    return model.classifier[2](hidden)[0]


@pytest.mark.parametrize("encoder", ["gru", "lstm", "cnn"])
def test_probabilities_do_not_depend_on_company(encoder):
    model = make(encoder)
    notes, codes = sequences(7, 1, 40), sequences(9, 1, 12, seed=1)
    together = torch.from_numpy(score_notes(model, notes, encode_codes(model, codes))).sigmoid()
    for n, note in enumerate(notes):  # batch size, neighbours, padding
        alone = torch.from_numpy(score_notes(model, [note], encode_codes(model, codes))).sigmoid()
        torch.testing.assert_close(alone[0], together[n], atol=1e-5, rtol=0)
    for c, code in enumerate(codes):  # the other candidate codes
        alone = torch.from_numpy(score_notes(model, notes, encode_codes(model, [code]))).sigmoid()
        torch.testing.assert_close(alone[:, 0], together[:, c], atol=1e-5, rtol=0)


def test_words_in_the_padding_change_nothing():
    for encoder in ("gru", "cnn"):
        model = make(encoder)
        ids, lengths = pad(sequences(4, 3, 9))
        codes = pad(sequences(3, 2, 6, seed=1))
        polluted = ids.clone()
        polluted[torch.arange(ids.shape[1]) >= lengths[:, None]] = 7
        torch.testing.assert_close(model(ids, lengths, *codes), model(polluted, lengths, *codes))


@pytest.mark.parametrize("encoder", ["gru", "cnn"])
def test_chunks_give_the_same_logits_and_gradients(encoder):
    model = make(encoder, dropout=0.0).train()
    inputs = (*pad(sequences(4, 3, 20)), *pad(sequences(11, 1, 6, seed=1)))
    whole = model(*inputs)
    whole.square().sum().backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    parts = model(*inputs, chunk=4)
    parts.square().sum().backward()
    torch.testing.assert_close(parts, whole)
    for name, p in model.named_parameters():
        assert gradients[name].abs().sum() > 0, f"no gradient reaches {name}"
        torch.testing.assert_close(p.grad, gradients[name], atol=1e-5, rtol=1e-4)


def test_note_without_words_is_finite():
    model = make("cnn")
    ids, lengths = torch.zeros(1, 3, dtype=torch.long), torch.zeros(1, dtype=torch.long)
    assert torch.isfinite(model(ids, lengths, *pad(sequences(2, 1, 4)))).all()


def test_length_batches_hold_every_row_once_within_the_budget():
    import numpy as np

    lengths = np.array([5, 900, 3, 3, 40, 0, 41])
    batches = list(length_batches(lengths, words=100))
    assert sorted(np.concatenate(batches).tolist()) == list(range(7))
    assert all(len(b) == 1 or lengths[b].max() * len(b) <= 100 for b in batches)
