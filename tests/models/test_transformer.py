"""Models over a transformer: segments, padding, and DualLAAT with one reader for notes and codes."""

import numpy as np
import pytest
import torch
from tests.models.overfitting import overfit
from tests.models.test_fixed_label import ROBERTA_BASE, SIZES, notes

from icdbridge.models import build_model
from icdbridge.models.transformer import SegmentEncoder
from icdbridge.runs.scoring import encode_codes, pad, score_notes


def make(**changes):
    torch.manual_seed(0)
    return build_model("duallaat-plm", SIZES | {"heads": 2} | changes).eval()


@pytest.mark.parametrize(
    ("changes", "segment"),
    [({}, 16), ({"model_type": "bert"}, 16), ({"bos_token_id": 1, "eos_token_id": 2}, 18)],
)
def test_each_segment_is_read_by_itself_without_its_padding(changes, segment):
    torch.manual_seed(0)
    encoder = SegmentEncoder(SIZES["transformer"] | changes | {"max_position_embeddings": 20}, segment).eval()
    sequences = notes(4, 1, 60, seed=3)
    states, mask = encoder(*pad(sequences))
    assert mask.sum(1).tolist() == [len(sequence) for sequence in sequences]
    for row, sequence in enumerate(sequences):
        for start in range(0, len(sequence), 16):
            tokens = torch.from_numpy(sequence[start : start + 16])[None]
            if segment == 18:  # between its start and its end token
                tokens = torch.cat([torch.tensor([[1]]), tokens, torch.tensor([[2]])], dim=1)
            alone = encoder.transformer(input_ids=tokens).last_hidden_state[0]
            alone = alone[1:-1] if segment == 18 else alone
            torch.testing.assert_close(
                states[row, start : start + 16][: len(alone)], alone, atol=1e-5, rtol=0
            )


def test_duallaat_plm_is_duallaat_over_the_transformer():
    model = make()
    note, code = notes(1, 20, 30)[0], np.array([4, 9, 2])
    states = model.encoder(*pad([note]))[0][0]
    pooled = (
        model.encoder.transformer(input_ids=torch.from_numpy(code)[None]).last_hidden_state[0].mean(dim=0)
    )
    contexts = []
    for keys, query in zip(
        torch.tanh(model.note_projection(states)).chunk(2, dim=1),
        torch.tanh(model.code_projection(pooled)).chunk(2),
        strict=True,
    ):
        contexts.append(torch.softmax(keys @ query, dim=0) @ states)
    expected = model.classifier(torch.cat(contexts))[0]
    logits = score_notes(model, [note], encode_codes(model, [code]))
    assert logits[0, 0] == pytest.approx(expected.item(), abs=1e-5)


def test_duallaat_plm_does_not_depend_on_company():
    model = make()
    codes = notes(9, 1, 7, seed=1)
    together = score_notes(model, notes(), encode_codes(model, codes))
    for row, note in enumerate(notes()):
        alone = score_notes(model, [note], encode_codes(model, codes))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
    for column, code in enumerate(codes):
        alone = score_notes(model, notes(), encode_codes(model, [code]))
        np.testing.assert_allclose(alone[:, 0], together[:, column], atol=1e-5)


def test_duallaat_plm_overfits_and_its_gradient_reaches_every_parameter():
    model = make()
    inputs = (*pad(notes(32)), *pad(notes(9, 1, 7, seed=1)))
    labels = (torch.rand(32, 9, generator=torch.Generator().manual_seed(1)) < 0.3).float()

    def check(step):
        if step == 1:
            assert not [name for name, p in model.named_parameters() if not p.grad.abs().sum() > 0]

    assert overfit(model, inputs, labels, 0.01, check) > 0.95


def test_parameters_with_roberta_base():
    with torch.device("meta"):
        model = make(transformer=ROBERTA_BASE, segment=128, heads=4, shared_dim=512)
    # RoBERTa-base without pooler, two projections 768·2048 + 2048, the classifier 3072·3072 + 3072 and 3072 + 1
    expected = 124_055_040 + 2 * 1_574_912 + 9_440_256 + 3_073
    assert sum(p.numel() for p in model.parameters()) == expected
