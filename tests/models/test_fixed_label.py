"""Models with an output for each code: published sizes, a case by hand, and no leak of padding or neighbours."""

import numpy as np
import pytest
import torch
from tests.models.overfitting import overfit

from icdbridge.errors import InputError
from icdbridge.models import Batch, build_model, describe_model
from icdbridge.runs.scoring import encode_codes, pad, score_notes

SIZES = {
    "vocabulary": 50, "labels": 9, "embedding_dim": 8, "hidden_size": 6, "layers": 1, "kernel_size": 4,
    "shared_dim": 5, "dropout": 0.2, "categories": 3, "max_code_words": 6, "segment": 16,
    "transformer": {
        "model_type": "roberta", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 16, "max_position_embeddings": 18, "type_vocab_size": 1, "pad_token_id": 0,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    },
}  # fmt: skip
ARCHITECTURE = {"drcaml": ("caml", {"description_weight": 0.1}), "jointlaat": ("laat", {"category_dim": 4})}
FIXED = ["caml", "drcaml", "laat", "jointlaat", "multirescnn", "corelation", "plm-icd"]


def make(architecture, **changes):
    torch.manual_seed(0)
    architecture, setting = ARCHITECTURE.get(architecture, (architecture, {}))
    return described(build_model(architecture, SIZES | setting | changes)).eval()


def described(model):
    """The model knowing of its nine codes: three a category, descriptions of one to six words."""
    if model.settings.labels == 9:
        relations = torch.full((9, 3), 1, dtype=torch.uint8)
        relations[torch.arange(9), torch.arange(9) // 3] = 3
        generator = torch.Generator().manual_seed(2)
        lengths = torch.randint(1, 7, (9,), generator=generator)
        model.describe_outputs(relations, torch.randint(1, 50, (9, 6), generator=generator), lengths)
    return model


def notes(count=7, low=1, high=40, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, 50, rng.integers(low, high)) for _ in range(count)]


def rows(*numbers):
    return [np.array([number]) for number in numbers]


ROBERTA_BASE = {
    "model_type": "roberta", "vocab_size": 50_265, "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514, "type_vocab_size": 1,
}  # fmt: skip
# Vocabulary 125,762 words of 100 dimensions and the 7,942 frequent codes of MIMIC-IV ICD-10, by hand:
# embeddings 12,576,200; CAML: convolution 10·100·50 + 50, for each code 50 + 50 + 1;
# DR-CAML: one more convolution; LAAT: LSTM 2·(4·512·(100 + 512) + 2·4·512), W 1024·512, for each code 512 + 1024 + 1;
# JointLAAT: another W, for each of 1,700 categories 512 + 1024 + 1, P 1700·128, for each code 128 more;
# MultiResCNN: for each width k 100·100·k, 100·50·k, 50·50·k, 100·50 and three norms of 2·50, for each code 601;
# CoRelation: LSTM 2·(4·256·(100 + 256) + 2·4·256), W and U 2·(512·256 + 256), V and the graph's Q, K, V, R 5·512²,
# w and b 512·513 + 513, w' 512·512 + 512, gate 512·256 + 256 + 256 + 1, 1,700 categories and 5 edges of 512;
# PLM-ICD: RoBERTa-base without pooler: embeddings (50,265 + 514 + 1 + 2)·768, 12 layers of 4·(768² + 768) + 2·768·3072
# + 3072 + 768 + 4·768; V 768², for each code 768 + 768 + 1: the 137 M of the paper
LSTM_512, LSTM_256 = 2_514_944, 733_184
PUBLISHED = {
    "caml": ({"hidden_size": 50, "kernel_size": 10}, 12_576_200 + 50_050 + 7_942 * 101),
    "drcaml": (
        {"hidden_size": 50, "kernel_size": 10, "max_code_words": 48},
        12_576_200 + 2 * 50_050 + 7_942 * 101,
    ),
    "laat": ({"hidden_size": 512, "shared_dim": 512}, 12_576_200 + LSTM_512 + 524_288 + 7_942 * 1_537),
    "jointlaat": (
        {"hidden_size": 512, "shared_dim": 512, "category_dim": 128, "categories": 1_700},
        12_576_200 + LSTM_512 + 2 * 524_288 + 1_700 * (1_537 + 128) + 7_942 * (1_537 + 128),
    ),
    "multirescnn": ({"hidden_size": 50}, 12_576_200 + 76 * 17_500 + 6 * 5_300 + 7_942 * 601),
    "corelation": (
        {"hidden_size": 256, "shared_dim": 256, "categories": 1_700, "max_code_words": 48},
        12_576_200 + LSTM_256 + 262_656 + 5 * 262_144 + 263_169 + 262_656 + 131_585 + 1_705 * 512,
    ),
    "plm-icd": ({"transformer": ROBERTA_BASE, "segment": 128}, 136_851_718),
}


@pytest.mark.parametrize("architecture", FIXED)
def test_parameters_at_the_published_sizes(architecture):
    sizes, parameters = PUBLISHED[architecture]
    with torch.device("meta"):
        model = make(architecture, **{"vocabulary": 125_762, "labels": 7_942, "embedding_dim": 100} | sizes)
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("architecture", FIXED)
def test_probabilities_do_not_depend_on_company(architecture):
    model = make(architecture)
    queries = encode_codes(model, rows(*range(9)))
    together = torch.from_numpy(score_notes(model, notes(), queries)).sigmoid()
    for number, note in enumerate(notes()):
        alone = torch.from_numpy(score_notes(model, [note], queries)).sigmoid()
        torch.testing.assert_close(alone[0], together[number], atol=1e-5, rtol=0)
    one = torch.from_numpy(score_notes(model, notes(), encode_codes(model, rows(4)))).sigmoid()
    torch.testing.assert_close(one[:, 0], together[:, 4], atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", FIXED)
def test_words_in_the_padding_change_nothing_and_attention_sums_to_one(architecture):
    model = make(architecture)
    ids, lengths = pad(notes())
    polluted = torch.where(torch.arange(ids.shape[1]) < lengths[:, None], ids, torch.full_like(ids, 7))
    queries = model.encode_codes(*pad(rows(3, 0, 8)))
    first, second = (model.encode_notes(words, lengths) for words in (ids, polluted))
    assert first.states.shape[0] == 7
    torch.testing.assert_close(model.score(first, queries), model.score(second, queries))
    weights = model.attention(first, queries)
    torch.testing.assert_close(weights.sum(-1), torch.ones(7, 1, 3))
    assert not weights.movedim(3, 1)[~first.mask].any()


@pytest.mark.parametrize("architecture", FIXED)
def test_chunks_give_the_same_loss_and_a_gradient_for_every_parameter(architecture):
    model = make(architecture, dropout=0.0).train()
    codes = pad(rows(*range(9)))
    labels = (torch.arange(63).view(7, 9) % 4 == 0).float()
    whole = model.loss(Batch(*pad(notes()), *codes, labels))
    whole.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    parts = model.loss(Batch(*pad(notes()), *codes, labels), chunk=4)
    parts.backward()
    torch.testing.assert_close(parts, whole)
    for name, p in model.named_parameters():
        assert gradients[name].abs().sum() > 0, f"no gradient reaches {name}"
        torch.testing.assert_close(p.grad, gradients[name], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("architecture", FIXED)
def test_overfits_thirty_two_notes(architecture):
    model = make(architecture, dropout=0.0)
    inputs = (*pad(notes(32)), *pad(rows(*range(9))))
    labels = (torch.rand(32, 9, generator=torch.Generator().manual_seed(1)) < 0.3).float()
    assert overfit(model, inputs, labels, 0.01 if architecture == "corelation" else 0.05) > 0.95


def set_all(model, **values):
    with torch.no_grad():
        for name, value in values.items():
            model.get_parameter(name.replace("__", ".")).copy_(torch.tensor(value))


def test_caml_by_hand():
    # One note of two words with vectors 1 and 2, one filter of width 1 (weight 0.5, bias 0): states tanh 0.5, tanh 1.
    model = make("caml", vocabulary=3, labels=2, embedding_dim=1, hidden_size=1, kernel_size=1)
    set_all(
        model,
        embedding__weight=[[0.0], [1.0], [2.0]],
        note_encoder__convolution__weight=[[[0.5]]],
        note_encoder__convolution__bias=[0.0],
        label_queries=[[0.0], [2.0]],
        output__weight=[[1.0], [3.0]],
        output__bias=[0.5, -1.0],
    )
    logits = score_notes(model, [np.array([1, 2])], encode_codes(model, rows(0, 1)))
    # label 0 looks at both alike: (0.462117 + 0.761594) / 2 + 0.5 = 1.111856
    # label 1: weights softmax(0.924234, 1.523188) = 0.354588, 0.645412; 3 · 0.655403 - 1 = 0.966209
    np.testing.assert_allclose(logits, [[1.111856, 0.966209]], atol=1e-5)


def assert_laat_over(model, note, states):
    """The logits of a note are those of LAAT's label attention over these states [T, d]."""
    keys = torch.tanh(states @ model.note_projection.weight.T)
    logits = score_notes(model, [note], encode_codes(model, rows(2, 7)))
    for column, row in enumerate((2, 7)):
        context = torch.softmax(keys @ model.label_queries[row], dim=0) @ states
        expected = context @ model.output.weight[row] + model.output.bias[row]
        assert logits[0, column] == pytest.approx(expected.item(), abs=1e-5)


def test_laat_is_its_equations():
    model = make("laat")
    note = notes(1, 9, 10)[0]
    states = model.note_encoder.rnn(model.embedding(torch.from_numpy(note)[None]))[0][0]
    assert_laat_over(model, note, states)


def test_multirescnn_by_hand():
    # One note of two words with vectors 1 and 2; of the six channels only that of width 3 has weights.
    model = make("multirescnn", vocabulary=3, labels=2, embedding_dim=1, hidden_size=1)
    with torch.no_grad():
        for parameter in model.channels.parameters():
            if parameter.dim() == 3:
                parameter.zero_()
    set_all(
        model,
        embedding__weight=[[0.0], [1.0], [2.0]],
        channels__0__first__convolution__weight=[[[0.5, 1.0, 0.0]]],
        channels__0__second__convolution__weight=[[[0.0, 1.0, 0.0]]],
        channels__0__third__convolution__weight=[[[0.0, 0.0, 1.0]]],
        channels__0__shortcut__convolution__weight=[[[2.0]]],
        label_queries=[[0.0] * 6, [20.0] + [0.0] * 5],
        output__weight=[[1.0] * 6, [3.0] * 6],
        output__bias=[0.5, -1.0],
    )
    logits = score_notes(model, [np.array([1, 2])], encode_codes(model, rows(0, 1)))
    # first: tanh(0.5 · 0 + 1) = 0.761594, tanh(0.5 · 1 + 2) = 0.986614; a fresh norm divides by sqrt(1.00001);
    # second: tanh of these, 0.642013 and 0.755913; third, the next word's: 0.755909 and 0;
    # shortcut: 1.523181, 1.973219;
    # states tanh(tanh(2.279090)) and tanh(tanh(1.973219))
    first, second = np.tanh(np.tanh([2.279090, 1.973219]))
    weight = 1 / (1 + np.exp(20 * (second - first)))
    expected = [(first + second) / 2 + 0.5, 3 * (weight * first + (1 - weight) * second) - 1]
    np.testing.assert_allclose(logits, [expected], atol=1e-5)


def test_plm_icd_is_its_equations():
    model = make("plm-icd", segment=4)
    note = notes(1, 10, 11)[0]
    segments = [torch.from_numpy(note[start : start + 4])[None] for start in (0, 4, 8)]
    states = torch.cat([model.encoder.transformer(input_ids=one).last_hidden_state[0] for one in segments])
    assert_laat_over(model, note, states)


def test_built_again_from_what_config_json_stores():
    for architecture in FIXED:
        stored = describe_model(make(architecture))
        assert stored["architecture"] == ARCHITECTURE.get(architecture, (architecture,))[0]
        assert describe_model(build_model(stored["architecture"], stored)) == stored
    with pytest.raises(InputError, match="unknown architecture 'lstm'"):
        build_model("lstm", stored)
    with pytest.raises(InputError, match="caml model, labels: "):
        build_model("caml", {name: size for name, size in SIZES.items() if name != "labels"})


def test_corelation_is_its_equations():
    model = make("corelation")
    note, row = notes(1, 9, 10)[0], 4
    states = model.note_encoder.rnn(model.embedding(torch.from_numpy(note)[None]))[0][0]
    words = model.description_words[row, : model.description_lengths[row]]
    feature = model.note_encoder.rnn(model.embedding(words)[None])[0][0].amax(dim=0)

    def says(of):
        query = model.query_projection(of)
        return torch.softmax(model.note_projection(states) @ query / 5**0.5, dim=0) @ model.value_projection(
            states
        )

    said, nodes = says(feature), [says(of) for of in model.categories] + [says(feature)]
    edges = [model.edges[3 if group == 1 else 1] for group in range(3)] + [model.edges[4]]
    query = model.graph_query(said)
    scores = (
        torch.stack([query @ (model.graph_key(n) + e) for n, e in zip(nodes, edges, strict=True)]) / 12**0.5
    )
    values = torch.stack([model.graph_value(n) + e for n, e in zip(nodes, edges, strict=True)])
    related = torch.softmax(scores, dim=0) @ values + model.graph_root(said)
    weight, bias = model.output(feature)[:-1], model.output(feature)[-1]
    alone, together = (
        torch.sigmoid(weight @ said + bias),
        torch.sigmoid(model.graph_output(feature) @ related),
    )
    gate = torch.sigmoid(model.gate(weight * said)[0])
    logits = score_notes(model, [note], encode_codes(model, rows(row)))
    expected = (1 - gate) * alone + gate * together
    assert torch.sigmoid(torch.from_numpy(logits))[0, 0].item() == pytest.approx(expected.item(), abs=1e-5)


def test_jointlaat_adds_the_loss_of_categories():
    model = make("jointlaat", dropout=0.0)
    labels = torch.zeros(1, 9)
    labels[0, [4, 5]] = 1  # both of the second category
    inputs = (*pad(notes(1)), *pad(rows(*range(9))))
    states = model.encode_notes(*inputs[:2])
    first = model.category_logits(states)
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    expected = loss(model(*inputs), labels) + loss(first, torch.tensor([[0.0, 1.0, 0.0]]))
    torch.testing.assert_close(model.loss(Batch(*inputs, labels)), expected)


def test_drcaml_pulls_outputs_to_descriptions():
    plain, model = make("caml", dropout=0.0), make("drcaml", dropout=0.0)
    plain.load_state_dict(model.state_dict(), strict=False)
    labels = torch.zeros(2, 9)
    labels[0, [3, 4]] = labels[1, 4] = 1
    inputs = (*pad(notes(2)), *pad(rows(*range(9))))

    def distance(row):
        words = model.description_words[row, : model.description_lengths[row]]
        pooled = model.description_encoder.convolution(model.embedding(words).T[None])[0].amax(dim=1)
        return (pooled - model.output.weight[row]).norm()

    expected = 0.1 * ((distance(3) + distance(4)) / 2 + distance(4)) / 2
    torch.testing.assert_close(
        model.loss(Batch(*inputs, labels)) - plain.loss(Batch(*inputs, labels)), expected
    )
    nothing = Batch(*inputs, torch.zeros(2, 9))  # notes without a code that is learnt
    torch.testing.assert_close(model.loss(nothing), plain.loss(nothing))
