"""Label attention in chunks and the recurrence, against straightforward writings of the same equations."""

import pytest
import torch
from tests.models.test_dual_laat import make, sequences
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from icdbridge.models import encoders
from icdbridge.models.kernels import label_attention, shared_recurrence
from icdbridge.models.kernels.half_recurrence import half_weights
from icdbridge.models.kernels.label_attention import label_contexts, score_note
from icdbridge.models.kernels.products import fast_products, repeated_product
from icdbridge.models.kernels.recurrence import bidirectional_gru
from icdbridge.runs.scoring import encode_codes, pad, score_notes


def plain_contexts(states, keys, lengths, queries):
    """Everything at once, padding masked: [N, L, M·d]."""
    scores = torch.matmul(queries, keys.transpose(-1, -2))
    outside = torch.arange(states.shape[1]) >= torch.tensor(lengths)[:, None]
    attention = torch.softmax(scores.masked_fill(outside[:, None, None], -torch.inf), dim=-1)
    return torch.matmul(attention, states[:, None]).transpose(1, 2).flatten(2)


def attended(dtype):
    generator = torch.Generator().manual_seed(0)
    shapes = {"states": (3, 6, 4), "keys": (3, 2, 6, 5), "queries": (2, 7, 5)}
    return {
        name: torch.randn(shape, generator=generator, dtype=dtype, requires_grad=True)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("chunk", [1, 3, 100])
@pytest.mark.parametrize(
    "kept", [0, 900, 2**26]
)  # bytes: nothing, the attention of some notes and heads, all
def test_contexts_and_their_gradients(chunk, kept, monkeypatch):
    monkeypatch.setattr(label_attention, "KEPT", kept)
    given, lengths = attended(torch.float64), [6, 1, 4]
    expected = plain_contexts(given["states"], given["keys"], lengths, given["queries"])
    found = label_contexts(given["states"], given["keys"], lengths, given["queries"], chunk)
    torch.testing.assert_close(found, expected)
    assert torch.autograd.gradcheck(
        lambda states, keys, queries: label_contexts(states, keys, lengths, queries, chunk),
        tuple(given.values()),
        fast_mode=True,  # along random directions, not by each number
    )


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-5), ("bfloat16", 2e-2), ("float64", 1e-12)])
def test_a_weight_laid_out_once_multiplies_any_number_of_rows(dtype, error):
    torch.manual_seed(0)
    weight, x = (torch.randn(48, 32).to(getattr(torch, dtype)) for _ in range(2))
    with torch.no_grad():
        product = repeated_product(weight.T[:, ::2], 3)  # of a view, too
        for rows in (1, 3, 7):
            expected = x[:rows, :24].double() @ weight[::2].double()
            found = product(x[:rows, :24])
            assert found.dtype == weight.dtype
            torch.testing.assert_close(found.double(), expected, atol=error * 10, rtol=error)


@pytest.mark.parametrize("lengths", [[5, 5, 5], [9, 2, 5, 1], [3]])
def test_recurrence_is_that_of_torch(lengths):
    torch.manual_seed(0)
    rnn = torch.nn.GRU(4, 3, batch_first=True, bidirectional=True).double()
    inputs = torch.randn(len(lengths), max(lengths), 4, dtype=torch.float64, requires_grad=True)
    sizes = torch.tensor(lengths)
    weights = [inputs, *rnn.parameters()]
    gradients = []
    packed, last = rnn(pack_padded_sequence(inputs, sizes, batch_first=True, enforce_sorted=False))
    expected = (pad_packed_sequence(packed, batch_first=True)[0], last)
    found = bidirectional_gru(rnn, inputs, sizes)
    for states, final in (expected, found):
        loss = (states * torch.linspace(0, 1, 6, dtype=torch.float64)).sin().sum() + final.square().sum()
        gradients.append(torch.autograd.grad(loss, weights))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_a_note_is_read_by_half_weights_where_that_is_allowed():
    torch.manual_seed(0)
    encoder = encoders.RecurrentEncoder("gru", 4, 3, 1, 0.0)
    inputs, sizes = torch.randn(4, 9, 4), torch.tensor([2, 9, 1, 5])
    threads = torch.get_num_threads()
    with torch.no_grad():
        for _ in range(2):  # the second time with other weights
            exact, mask = encoder(inputs, sizes)
            with half_weights():
                found, same = encoder(inputs, sizes)
            torch.testing.assert_close(found, exact, atol=2e-3, rtol=0)
            assert not torch.equal(found, exact)  # or fp16 was not used, and nothing is tested here
            assert torch.equal(mask, same)
            for parameter in encoder.parameters():
                parameter.mul_(-2)
    assert torch.get_num_threads() == threads  # reading takes one a direction, and gives them back
    with half_weights():  # gradients need the weights themselves
        states, _ = encoder(inputs, sizes)
    torch.testing.assert_close(states, encoder(inputs, sizes)[0])
    assert states.requires_grad


def descriptions():
    """Word ids [9, 5], padded with 0: shared beginnings and ends, one inside another, one twice, one word alone."""
    rows = ["12345", "123", "12645", "7", "123", "3", "72345", "54321", "1111"]
    words = torch.tensor([[int(word) for word in row.ljust(5, "0")] for row in rows])
    return words, (words > 0).sum(dim=1)


@pytest.mark.parametrize("rows", [2, 1024])
def test_descriptions_are_read_as_by_torch(rows, monkeypatch):
    monkeypatch.setattr(shared_recurrence, "ROWS", rows)
    torch.manual_seed(0)
    words, lengths = descriptions()
    embedding = torch.nn.Embedding(8, 4, padding_idx=0).double()
    rnn = torch.nn.GRU(4, 3, batch_first=True, bidirectional=True).double()
    packed = pack_padded_sequence(embedding(words), lengths, batch_first=True, enforce_sorted=False)
    expected = torch.cat(list(rnn(packed)[1]), dim=1)
    found = shared_recurrence.last_states(rnn, embedding, words, lengths)
    torch.testing.assert_close(found, expected)
    weights = [embedding.weight, *rnn.parameters()]
    gradients = [torch.autograd.grad(given.sin().square().sum(), weights) for given in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_each_beginning_is_read_once():
    words, lengths = descriptions()
    tree = shared_recurrence.make_tree(words.numpy(), lengths.numpy())
    beginnings = {tuple(row[:end]) for row in words.tolist() for end in range(1, 6) if row[end - 1]}
    assert sum(map(len, tree.words)) == len(beginnings) == 22
    assert tree.ends[1] == tree.ends[4]


@pytest.mark.parametrize("width", [1, 3, 4])
@pytest.mark.parametrize("positions", [1, 2**14])
def test_descriptions_are_pooled_as_by_the_convolution(width, positions, monkeypatch):
    monkeypatch.setattr(encoders, "POSITIONS", positions)
    torch.manual_seed(0)
    words, lengths = descriptions()
    embedding = torch.nn.Embedding(8, 4, padding_idx=0).double()
    encoder = encoders.ConvolutionEncoder(4, 6, width).double()
    expected = pooled_states(encoder, embedding(words), lengths)
    found = encoder.pool(embedding, words, lengths)
    torch.testing.assert_close(found, expected)
    weights = [embedding.weight, *encoder.parameters()]
    gradients = [torch.autograd.grad(given.sin().square().sum(), weights) for given in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_short_and_long_notes_go_through_the_classifier_in_either_order():
    model = make("cnn", heads=3, hidden_size=6)  # fewer than 3 · 6 / 2 = 9 positions are a short note
    queries = encode_codes(model, sequences(11, 1, 6, seed=1))
    with torch.no_grad():
        for length in (1, 8, 9, 30):
            states = model.encode_notes(*pad(sequences(1, length, length + 1)))
            contexts = plain_contexts(states.states, states.keys, [states.states.shape[1]], queries)
            found = score_note(
                states.states[0], states.keys[0], queries, model.classifier[0], model.classifier[2], 4
            )
            torch.testing.assert_close(found, model.classifier(contexts)[0, :, 0], atol=1e-5, rtol=0)


def pooled_states(encoder, embedded, lengths):
    states, mask = encoder(embedded, lengths)
    return states.masked_fill(~mask[..., None], -torch.inf).max(dim=1).values


class Straightforward(torch.nn.Module):
    """The same model by torch's own layers, everything held at once."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, notes, note_lengths, codes, code_lengths):
        model = self.model
        states, lengths = self.encode(model.note_encoder, notes, note_lengths)
        keys = (
            torch.tanh(model.note_projection(states)).unflatten(2, (model.settings.heads, -1)).transpose(1, 2)
        )
        pooled = self.encode(model.code_encoder, codes, code_lengths, pooled=True)
        queries = (
            torch.tanh(model.code_projection(pooled)).unflatten(1, (model.settings.heads, -1)).transpose(0, 1)
        )
        return model.classifier(plain_contexts(states, keys, lengths, queries)).squeeze(2)

    def encode(self, encoder, words, lengths, pooled=False):
        embedded = self.model.embedding(words)
        if self.model.settings.encoder == "cnn":
            return (
                pooled_states(encoder, embedded, lengths)
                if pooled
                else (encoder(embedded, lengths)[0], (lengths + 1).tolist())
            )
        packed, last = encoder.rnn(
            pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        )
        states = pad_packed_sequence(packed, batch_first=True)[0]
        return torch.cat([last[-2], last[-1]], dim=1) if pooled else (states, lengths.tolist())


@pytest.mark.parametrize("encoder", ["gru", "cnn"])
def test_losses_are_those_of_the_straightforward_implementation(encoder):
    # 20 steps of training, same batches: the losses stay together, not the first one alone
    losses = []
    for build in (lambda model: model, Straightforward):
        model = make(encoder, dropout=0.0, heads=2, hidden_size=16, shared_dim=16).train()
        runner = build(model)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        rows = []
        for step in range(20):
            batch = (*pad(sequences(4, 3, 60, seed=step)), *pad(sequences(13, 1, 9, seed=100 + step)))
            labels = (torch.rand(4, 13, generator=torch.Generator().manual_seed(step)) < 0.3).float()
            loss = binary_cross_entropy_with_logits(runner(*batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rows.append(loss.item())
        losses.append(rows)
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert losses[0][-1] != pytest.approx(losses[0][0], abs=1e-3)  # the weights moved


@pytest.mark.parametrize("encoder", ["gru", "cnn"])
def test_bf16_is_near_fp32_and_does_not_depend_on_company(encoder):
    model = make(encoder)
    notes, codes = sequences(5, 1, 60), encode_codes(model, sequences(30, 1, 9, seed=1))
    exact = torch.from_numpy(score_notes(model, notes, codes)).sigmoid()
    found = torch.from_numpy(score_notes(model, notes, codes, precision="bf16")).sigmoid()
    torch.testing.assert_close(found, exact, atol=0.01, rtol=0)
    assert not torch.equal(found, exact)
    for row, note in enumerate(notes):
        alone = torch.from_numpy(score_notes(model, [note], codes, precision="bf16")).sigmoid()
        torch.testing.assert_close(alone[0], found[row], atol=0.005, rtol=0)


def test_training_in_bf16_sums_gradients_in_fp32():
    model = make("gru", dropout=0.0).train()
    inputs = (*pad(sequences(4, 3, 20)), *pad(sequences(11, 1, 6, seed=1)))
    model(*inputs).square().sum().backward()
    exact = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(*inputs)
    logits.float().square().sum().backward()
    for name, p in model.named_parameters():
        assert p.grad.dtype == torch.float32
        assert (p.grad - exact[name]).norm() < 0.05 * exact[name].norm() + 1e-4, name


def test_fast_products_of_several_threads_leave_the_setting_when_the_last_is_done():
    setting = torch.backends.mkldnn.matmul
    before = setting.fp32_precision
    first, second = fast_products(), fast_products()
    with first:
        second.__enter__()
        within = setting.fp32_precision
    assert setting.fp32_precision == within
    second.__exit__(None, None, None)
    assert setting.fp32_precision == before


def test_fast_products_keep_fp32_and_leave_the_setting_as_it_was():
    before = torch.backends.mkldnn.matmul.fp32_precision
    left, right = torch.rand(2, 300, 300, generator=torch.Generator().manual_seed(0))
    with fast_products():
        product = left @ right
    assert torch.backends.mkldnn.matmul.fp32_precision == before
    torch.testing.assert_close(product.double(), left.double() @ right.double(), rtol=1e-5, atol=0)
