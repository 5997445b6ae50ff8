"""Lexical features beside label attention."""

import torch

from icdbridge.models import build_model
from icdbridge.models.combiner import Combiner

SIZES = {
    "vocabulary": 20,
    "embedding_dim": 8,
    "encoder": "cnn",
    "hidden_size": 8,
    "layers": 1,
    "kernel_size": 3,
    "heads": 2,
    "shared_dim": 8,
    "dropout": 0.0,
}


def together(combiner, logits, features, version=0):
    return combiner.stack(logits, combiner.words(features, version), version)


def test_a_pair_is_judged_by_its_own_features():
    torch.manual_seed(0)
    combiner = Combiner(5).eval()
    logits, features = torch.randn(3, 4), torch.rand(3, 4, 5)
    whole = together(combiner, logits, features)
    alone = together(combiner, logits[1:2, 2:3], features[1:2, 2:3])
    assert torch.allclose(whole[1, 2], alone[0, 0], atol=1e-6)
    assert torch.allclose(whole - logits, combiner.words(features), atol=1e-6)


def test_weights_say_how_far_each_is_trusted():
    torch.manual_seed(0)
    combiner, logits, features = Combiner(5, versions=2), torch.randn(2, 3), torch.rand(2, 3, 5)
    combiner.weights[1] = torch.tensor([0.4, 0.6, -2.0])
    expected = 0.4 * logits + 0.6 * combiner.words(features, 1) - 2
    assert torch.allclose(together(combiner, logits, features, 1), expected)
    assert torch.allclose(together(combiner, logits, features, 0), logits + combiner.words(features, 0))


def test_scaled_features_are_the_same_evidence():
    torch.manual_seed(0)
    combiner, features = Combiner(5), torch.rand(2, 3, 5)
    before = together(combiner, torch.zeros(2, 3), features)
    combiner.scale.mul_(7)
    assert torch.allclose(before, together(combiner, torch.zeros(2, 3), features * 7), atol=1e-5)


def test_a_model_without_features_has_no_combiner_and_its_weights_load():
    plain = build_model("duallaat", SIZES)
    assert not [name for name in plain.state_dict() if name.startswith("combiner")]
    lexical = build_model("duallaat", SIZES | {"features": 6})
    missing = lexical.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing
    assert all(name.startswith("combiner.") for name in missing)


def test_each_version_has_its_own_network_and_scale():
    torch.manual_seed(0)
    combiner, features, nothing = Combiner(5, versions=2), torch.rand(2, 3, 5), torch.zeros(2, 3)
    before = [together(combiner, nothing, features, version) for version in range(2)]
    assert not torch.allclose(*before)
    with torch.no_grad():
        combiner.networks[1][0].bias.add_(1)
        combiner.scale[1].mul_(3)
    assert torch.equal(together(combiner, nothing, features, 0), before[0])
    assert not torch.allclose(together(combiner, nothing, features, 1), before[1])
