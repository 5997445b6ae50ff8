"""Decisions in bf16 are those of fp32: what bf16 leaves open is scored anew."""

import numpy as np
import pytest
import torch
from tests.models.test_dual_laat import make, sequences

from icdbridge.runs.scoring import MARGIN, Features, encode_codes, score_notes


@pytest.mark.parametrize("encoder", ["gru", "cnn"])
@pytest.mark.parametrize("lexical", [False, True])
def test_what_bf16_leaves_open_is_scored_anew(encoder, lexical):
    model = make(encoder, features=3, versions=2) if lexical else make(encoder)
    notes, codes = sequences(5, 1, 60), encode_codes(model, sequences(30, 1, 9, seed=1))
    drawn = torch.rand(5, 30, 3, generator=torch.Generator().manual_seed(0)).numpy()
    features = Features(lambda rows: drawn[rows], 1) if lexical else None
    exact = score_notes(model, notes, codes, features=features)
    narrow = score_notes(model, notes, codes, features=features, precision="bf16")
    assert abs(exact - narrow).max() < MARGIN
    for row, note in enumerate(notes):
        own = Features(lambda rows, row=row: drawn[[row]], 1) if lexical else None
        cuts = (exact[row] + narrow[row]) / 2.0  # where bf16 decides otherwise wherever it differs
        cuts[::3] += 2 * MARGIN  # far enough
        found = score_notes(model, [note], codes, features=own, precision="bf16", cuts=cuts)[0]
        assert ((found > cuts) == (exact[row] > cuts)).all()
        np.testing.assert_allclose(found[1::3], exact[row, 1::3], atol=2e-5)
        np.testing.assert_allclose(found[::3], narrow[row, ::3], atol=1e-3)  # left as they were
    assert ((exact > (exact + narrow) / 2) != (narrow > (exact + narrow) / 2)).any()
