"""Word vectors: which words, which length, the same for the same seed."""

import numpy as np

from icdbridge.text.vectors import train_vectors

NOTES = ["heart failure with edema", "heart failure", "heart failure 12 pain", "edema of the leg"] * 5


def test_vocabulary_keeps_words_of_enough_notes_in_order():
    words, vectors = train_vectors([*NOTES, "rare", "rare rare"], dimensions=8, min_notes=3)
    assert words[:2] == ["failure", "heart"]
    assert "rare" not in words  # 3 times, but in 2 notes
    assert vectors.shape == (2 + len(words), 8)
    assert not vectors[0].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, rtol=1e-5)


def test_words_of_descriptions_join():
    words, _ = train_vectors(NOTES, ["Cholera, heart"], dimensions=8)
    assert words[-1] == "cholera"


def test_reproducible_with_one_worker():
    first, second = train_vectors(NOTES, dimensions=8, seed=3), train_vectors(NOTES, dimensions=8, seed=3)
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[1], train_vectors(NOTES, dimensions=8, seed=4)[1])


def test_no_notes():
    words, vectors = train_vectors([], ["heart failure"], dimensions=4)
    assert words == ["failure", "heart"]
    assert vectors.shape == (4, 4)
