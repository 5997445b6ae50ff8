"""Our own kernels for GPUs, against torch's, where a GPU is."""

import pytest
import torch
from torch.testing import assert_close

from icdbridge.models.kernels.gpu_recurrence import both_directions
from icdbridge.models.kernels.own_kernels import own_kernels

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")


def drawn(*shape, dtype=torch.float16):
    return torch.randn(shape, device="cuda").to(dtype)


@pytest.mark.parametrize("size", [16, 64, 256])
def test_attention_over_notes_of_several_lengths(size):
    states, queries = drawn(3, 200, size), drawn(2, 70, size) / size**0.5
    keys, lengths = drawn(3, 200, 2, size).transpose(1, 2), torch.tensor([200, 1, 130], device="cuda")
    found = own_kernels().attend(states, keys, lengths.int(), queries)
    for note, length in enumerate(lengths.tolist()):
        own, key = states[note, :length].float(), keys[note, :, :length].float()
        expected = torch.softmax(queries.float() @ key.transpose(1, 2), 2) @ own
        assert_close(found[note].transpose(0, 1).float(), expected, atol=5e-3, rtol=5e-3)


def test_softmax_of_the_first_positions():
    scores = drawn(3, 50, 1_000, dtype=torch.float32)
    found = own_kernels().softmax(scores, 993, torch.float16)
    assert_close(found[..., :993].transpose(0, 1).float(), scores[..., :993].softmax(2), atol=1e-5, rtol=1e-3)
    assert not found[..., 993:].any()


@pytest.mark.parametrize("count", [5, 40])
def test_a_recurrence_in_half_precision(count):
    rnn = torch.nn.GRU(20, 128, batch_first=True, bidirectional=True, device="cuda")
    words, lengths = drawn(count, 30, 20, dtype=torch.float32), torch.randint(1, 31, (count,), device="cuda")
    with torch.no_grad():
        expected = both_directions(rnn, words, lengths)
        with torch.autocast("cuda", torch.float16):
            found = both_directions(rnn, words, lengths)
    assert_close(found.float(), expected, atol=5e-3, rtol=5e-3)
