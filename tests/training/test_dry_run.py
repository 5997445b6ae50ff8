"""What a training takes is told before it begins, and nothing is written."""

import numpy as np
import pytest
import torch
from tests.small import make_corpus, tiny_settings

from icdbridge.models import Batch, build_model
from icdbridge.training.dry_run import dry_run, measure

WORDS = [np.arange(1, 9, dtype=np.int32)]
SIZES = {
    "vocabulary": 100, "embedding_dim": 8, "hidden_size": 16, "layers": 1, "kernel_size": 4, "heads": 2,
    "shared_dim": 16, "dropout": 0.1, "labels": 50, "categories": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "encoder"), [("duallaat", "gru"), ("duallaat", "cnn"), ("laat", "gru"), ("caml", "cnn")]
)
def test_what_is_kept_grows_as_said(architecture, encoder):
    """Far outside of the sizes that it was measured at."""
    torch.manual_seed(0)
    model = build_model(architecture, SIZES | {"encoder": encoder})
    descriptions = np.random.default_rng(0).integers(1, 90, (200, 12), dtype=np.int32)
    found = measure(model, list(descriptions), chunk=1024)
    notes, words, codes = 5, 300, 200
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept = {}

    def see(tensor):
        if tensor.layout == torch.strided and tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    described = torch.from_numpy(descriptions).long()
    if architecture != "duallaat":
        described = torch.arange(codes)[:, None] % 50
    lengths = torch.full((codes,), described.shape[1])
    batch = Batch(
        torch.randint(1, 90, (notes, words)),
        torch.full((notes,), words),
        described,
        lengths,
        torch.zeros(notes, codes),
    )
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
        loss = model.loss(batch, 8)
    line = found.fixed + codes * found.code + notes * (words * found.word + codes * found.pair)
    assert line == pytest.approx(sum(kept.values()), rel=0.25)
    assert loss.requires_grad
    assert found.weights == 4 * sum(p.numel() for p in model.parameters())


def test_it_fits_or_not():
    found = measure(build_model("duallaat", SIZES | {"encoder": "cnn"}), WORDS, 1024)
    room = found.step(7, 400, 1000)
    assert found.most_notes(room + 1, 400, 1000) == 7
    assert found.most_notes(room - 1, 400, 1000) == 6
    assert found.most_notes(0, 400, 1000) == 0
    assert found.note(800, 1000) < 2 * found.note(400, 1000)  # the codes are the same
    narrow = measure(build_model("duallaat", SIZES | {"encoder": "cnn"}), WORDS, 1024, narrow=True)
    assert narrow.pair < found.pair


@pytest.mark.parametrize("model", ["duallaat-rnn", "jointlaat"])
def test_nothing_is_written(tmp_path, model):
    corpus = make_corpus(tmp_path, "ten", "icd10", 30)
    before = sorted(tmp_path.rglob("*"))
    table = dry_run([corpus], tiny_settings(model), 80)
    said = dict(table.rows)
    assert int(said["parameters"].replace(",", "")) > 1_000
    assert any("26,085" in what for what in said)
    assert any("80 GB" in what for what in said)
    assert sorted(tmp_path.rglob("*")) == before
