"""Lexical evidence for any list of codes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from icdbridge.codes import code_names
from icdbridge.lexical.associations import Associations, find_phrases
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.lexicon import Lexicon, with_categories
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.lexical.note import NoteWords

CODES = {
    "icd10cm:I10": "Essential (primary) hypertension",
    "icd10cm:J18.9": "Pneumonia, unspecified organism",
    "icd10cm:M10.9": "Gout, unspecified",
}
TRAINING = ["the podagra patient", "podagra again", "pneumonia today"]
LABELS = csr_array(np.array([[0, 0, 1], [0, 0, 1], [0, 1, 0]], dtype=bool))
NOTE = "Known hypertension. Admitted for podagra; chest film shows pneumonia."
NEW = {"icd10cm:J45.909": "Unspecified asthma, uncomplicated"}


@pytest.fixture(scope="module")
def lexicon():
    keys = list(CODES)
    phrases = [find_phrases(NoteWords(text, 100)).hashes for text in TRAINING]
    names = code_names(keys, list(CODES.values()))
    nothing = CodeStatistics(np.zeros(6, np.float32))
    lexicon = Lexicon(keys, names, {}, (nothing, nothing))
    labels = with_categories(LABELS, lexicon.categories_of(keys))
    own = CodeStatistics(np.array([0, 1, 2, 0, 1, 2], np.float32), Associations.learn(phrases, labels))
    return replace(lexicon, statistics=(own, nothing))


def features(matcher, text=NOTE):
    return matcher.dense_features([matcher.match(NoteWords(text, 100)).features])[0]


def test_names_and_training_phrases_speak_for_codes(lexicon):
    found = dict(zip(CODES, features(lexicon.own), strict=True))
    near, best = LEXICAL_FEATURES.index("nearness"), LEXICAL_FEATURES.index("best")
    assert found["icd10cm:I10"][near] > 0
    assert found["icd10cm:J18.9"][near] == pytest.approx(1)
    assert found["icd10cm:M10.9"][near] == 0
    assert found["icd10cm:M10.9"][best] == pytest.approx(2 / 3, abs=1e-3)
    assert found["icd10cm:M10.9"][LEXICAL_FEATURES.index("train_notes")] == pytest.approx(np.log(3))
    assert all((row >= 0).all() for row in found.values())


def test_what_is_found_for_a_code_does_not_depend_on_the_other_candidates(lexicon):
    whole = dict(zip(CODES, features(lexicon.own), strict=True))
    orders = [list(CODES), list(CODES)[::-1], ["icd10cm:M10.9"], ["icd10cm:J18.9", *NEW, "icd10cm:M10.9"]]
    for keys in orders:
        matcher = lexicon.matcher(keys, [(CODES | NEW)[key] for key in keys])
        for key, found in zip(keys, features(matcher), strict=True):
            if key in CODES:
                assert np.array_equal(found, whole[key]), (keys, key)


def test_some_codes_get_what_they_get_among_all(lexicon):
    found = [lexicon.own.match(NoteWords(text, 100)).features for text in (NOTE, *TRAINING)]
    whole = lexicon.own.dense_features(found)
    for columns in ([2, 0], [1], []):
        assert np.array_equal(lexicon.own.dense_features(found, np.array(columns, int)), whole[:, columns])


def test_a_code_that_training_never_saw_is_found_by_its_names(lexicon):
    matcher = lexicon.matcher(list(NEW), list(NEW.values()))
    found = features(matcher, "has asthma")[0]
    assert found[LEXICAL_FEATURES.index("nearness")] > 0.5
    assert found[LEXICAL_FEATURES.index("train_notes")] == 0
    assert not features(matcher, "has gout")[0].any()


def test_a_phrase_speaks_for_the_whole_category(lexicon):
    sibling = lexicon.matcher(["icd10cm:M10.00"], ["Idiopathic gout, unspecified site"])
    found = features(sibling)[0]
    assert found[LEXICAL_FEATURES.index("best")] == 0
    assert found[LEXICAL_FEATURES.index("category_best")] == pytest.approx(2 / 3, abs=1e-3)
    assert found[LEXICAL_FEATURES.index("category_train_notes")] == pytest.approx(np.log(3))


def test_labels_with_categories():
    labels = with_categories(csr_array(np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)), np.array([0, 0, 1]))
    assert labels.toarray().astype(int).tolist() == [[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]]


def test_another_description_of_a_known_code_counts(lexicon):
    matcher = lexicon.matcher(["icd10cm:M10.9"], ["Toe trouble"])
    assert features(matcher, "toe trouble")[0][LEXICAL_FEATURES.index("title")] == pytest.approx(1)


def test_spans_are_places_of_the_note(lexicon):
    spans = lexicon.own.spans(lexicon.own.match(NoteWords(NOTE)), [2, 1, 0])
    texts = [{NOTE[span.start : span.end] for span in own} for own in spans]
    assert texts[0] == {"podagra"}
    assert "pneumonia" in texts[1]
    assert texts[2] == {"hypertension"}
    assert all(0 < span.weight <= 1 for own in spans for span in own)


def test_a_note_without_words(lexicon):
    found = features(lexicon.own, "")
    assert not found[:, : LEXICAL_FEATURES.index("train_notes")].any()
    assert lexicon.own.spans(lexicon.own.match(NoteWords("")), [0]) == [[]]
