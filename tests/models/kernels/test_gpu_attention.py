"""Label attention as a GPU does it, on the CPU: the same contexts, gradients and logits as the form for CPUs."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from icdbridge.models.kernels.gpu_attention import batch_contexts
from icdbridge.models.kernels.gpu_scoring import batch_logits
from icdbridge.models.kernels.label_attention import label_contexts, score_note

HEADS, SHARED, SIZE = 3, 4, 5


def made(length, codes, seed=0):
    """States, keys and queries of a note, in double precision, with gradients."""
    draw = torch.Generator().manual_seed(seed)
    shapes = (length, SIZE), (HEADS, length, SHARED), (HEADS, codes, SHARED)
    return [torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_() for shape in shapes]


@given(length=st.integers(1, 20), codes=st.integers(1, 12), chunk=st.integers(1, 12))
def test_contexts_are_those_of_the_form_for_cpus(length, codes, chunk):
    states, keys, queries = made(length, codes)
    note = states[None], keys[None], torch.ones(1, length, dtype=torch.bool), queries
    found = batch_contexts(*note, cells=chunk * HEADS * length)
    assert_close(found, label_contexts(states[None], keys[None], [length], queries, codes))


def test_a_batch_is_attended_as_its_notes_are():
    lengths = [3, 11, 8]
    notes = [made(length, 4, seed=length) for length in lengths]
    states, keys = torch.randn(3, 11, SIZE).double(), torch.randn(3, HEADS, 11, SHARED).double()
    for number, (own, key, _) in enumerate(notes):
        states[number, : len(own)], keys[number, :, : len(own)] = own, key
    queries = notes[0][2]
    mask = torch.arange(11) < torch.tensor(lengths)[:, None]
    found = batch_contexts(states, keys, mask, queries)
    alone = [label_contexts(own[None], key[None], [len(own)], queries, 4)[0] for own, key, _ in notes]
    assert_close(found, torch.stack(alone))
    inputs = [tensor.detach().requires_grad_() for tensor in (states[:, :9], keys[:, :, :9], queries)]
    assert torch.autograd.gradcheck(lambda s, k, q: batch_contexts(s, k, mask[:, :9], q), inputs)


def test_gradients_are_those_of_the_contexts():
    every = torch.ones(1, 9, dtype=torch.bool)
    assert torch.autograd.gradcheck(
        lambda s, k, q: batch_contexts(s[None], k[None], every, q, cells=2 * HEADS * 9),
        made(length=9, codes=5),
    )


@torch.no_grad()
def test_logits_are_those_of_the_form_for_cpus(monkeypatch):
    monkeypatch.setattr("icdbridge.models.kernels.gpu_scoring.CELLS", 4 * HEADS * 16)  # four codes at once
    first, last = nn.Linear(HEADS * SIZE, 7).double(), nn.Linear(7, 1).double()
    for length in (3, 11):  # short and long ones take different ways
        note = made(length, codes=9)
        states, keys = torch.zeros(1, 13, SIZE).double(), torch.zeros(1, HEADS, 13, SHARED).double()
        states[0, :length], keys[0, :, :length] = note[:2]
        found = batch_logits(states, keys, torch.arange(13)[None] < length, note[2], first, last)
        assert_close(found[0], score_note(*note, first, last, chunk=9))
