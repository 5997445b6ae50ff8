"""One scorer for notes: exact or by candidates, and in bf16 it decides as in fp32."""

import numpy as np
import pytest
from scipy.special import expit
from tests.models.test_dual_laat import make

from icdbridge.codes import code_names
from icdbridge.errors import InputError
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.runs.note_scores import Note
from icdbridge.runs.scorer import MARGIN, Scorer
from icdbridge.runs.stored_files import CodeIndex
from icdbridge.runs.text_model import TextModel
from icdbridge.text import Tokenizer

CODES = {
    "icd10cm:I10": "Essential (primary) hypertension",
    "icd10cm:J18.9": "Pneumonia, unspecified organism",
    "icd10cm:M10.9": "Gout, unspecified",
    "icd10cm:N17.9": "Acute kidney failure, unspecified",
    "icd10cm:E11.9": "Type 2 diabetes mellitus without complications",
}
SENTENCE = "the patient has acute gout pneumonia kidney failure primary hypertension type diabetes with"
WORDS = SENTENCE.split()
TEXTS = [" ".join(np.random.default_rng(seed).choice(WORDS, 5 + 9 * seed)) for seed in range(5)]


class Thresholded(TextModel):
    """A model whose thresholds a test chooses, as logits by code."""

    cuts = dict.fromkeys(CODES, 0.0)

    def thresholds(self, version, codes):
        return expit(np.array([self.cuts[code] for code in codes]))


def text_model(encoder="cnn", lexical=False, **changes):
    tokenizer = Tokenizer.from_words(WORDS)
    lexicons = {}
    if lexical:
        none = CodeStatistics(np.zeros(2 * len(CODES), np.float32))
        names = code_names(list(CODES), list(CODES.values()))
        lexicons = {"icd10": Lexicon(list(CODES), names, {}, (none, none))}
    model = make(encoder, features=len(LEXICAL_FEATURES)) if lexical else make(encoder)
    index = CodeIndex(list(CODES), ["icd10"] * len(CODES), list(CODES.values()), [1] * len(CODES))
    return Thresholded(model, tokenizer, index, 100, 8, lexicons, **changes)


def logits_of(scorer, texts):
    """Logits [N, L] by the number of the note."""
    notes = [scorer.read(text) for text in texts]
    found = {scores.row: scores.logits.numpy() for scores in scorer.score(notes)}
    return np.array([found[row] for row in range(len(texts))])


def test_a_model_that_was_left_in_training_scores_a_note_alike_each_time():
    model = make("cnn", dropout=0.5).train()
    index = CodeIndex(list(CODES), ["icd10"] * len(CODES), list(CODES.values()), [1] * len(CODES))
    scorer = Scorer(TextModel(model, Tokenizer.from_words(WORDS), index, 100, 8), CODES, "icd10")
    assert (logits_of(scorer, TEXTS) == logits_of(scorer, TEXTS)).all()


@pytest.mark.parametrize("encoder", ["gru", "cnn"])
@pytest.mark.parametrize("lexical", [False, True])
def test_what_bf16_leaves_open_is_scored_anew(encoder, lexical):
    exact = logits_of(Scorer(text_model(encoder, lexical), CODES, "icd10"), TEXTS)
    narrow_model = text_model(encoder, lexical, precision="bf16")
    narrow_model.cuts = dict.fromkeys(CODES, 99.0)  # far enough: nothing is open
    narrow = logits_of(Scorer(narrow_model, CODES, "icd10"), TEXTS)
    assert 0 < abs(exact - narrow).max() < MARGIN
    for row, text in enumerate(TEXTS):
        cuts = (exact[row] + narrow[row]) / 2.0  # where bf16 decides otherwise wherever it differs
        cuts[::3] += 2 * MARGIN
        narrow_model.cuts = dict(zip(CODES, cuts, strict=True))
        found = logits_of(Scorer(narrow_model, CODES, "icd10"), [text])[0]
        assert ((found > cuts) == (exact[row] > cuts)).all()
        np.testing.assert_allclose(found[[1, 2, 4]], exact[row, [1, 2, 4]], atol=2e-5)
        np.testing.assert_allclose(found[::3], narrow[row, ::3], atol=1e-3)  # left as they were


@pytest.mark.parametrize("lexical", [False, True])
def test_a_score_depends_on_its_note_and_its_code_alone(lexical):
    model = text_model(lexical=lexical)
    whole = logits_of(Scorer(model, CODES, "icd10"), TEXTS)
    few = {key: CODES[key] for key in ("icd10cm:N17.9", "icd10cm:I10")}
    for row, text in enumerate(TEXTS):
        alone = logits_of(Scorer(model, few), [text])[0]
        np.testing.assert_allclose(alone, whole[row, [3, 0]], atol=1e-5)


def test_attention_and_lexical_logits_make_those_that_decide():
    model = text_model(lexical=True)
    scorer = Scorer(model, CODES, "icd10")
    for scores in scorer.score([scorer.read(text) for text in TEXTS]):
        together = model.model.stack(scores.attention, scores.lexical, 0)
        np.testing.assert_array_equal(scores.logits, together)
        assert scores.reading.matches.note.text == TEXTS[scores.row]
    (plain,) = Scorer(text_model(), CODES, "icd10").score([scorer.read(TEXTS[0])])
    assert plain.lexical is None
    assert plain.reading.matches is None


def test_some_codes_are_encoded_as_among_all():
    scorer = Scorer(text_model(), CODES)
    some = scorer.queries_of(np.array([4, 1])).clone()  # before all are
    np.testing.assert_allclose(some, scorer.queries[:, [4, 1]], atol=1e-6)
    np.testing.assert_array_equal(scorer.queries_of(np.array([4, 1])), scorer.queries[:, [4, 1]])


def test_codes_of_several_versions_have_no_lexical_evidence_together():
    both = CODES | {"icd9cm:401.9": "Unspecified essential hypertension"}
    scorer = Scorer(text_model(lexical=True), both)
    with pytest.raises(InputError, match=r"several versions: icd10, icd9"):
        list(scorer.score([Note("gout", np.array([2]))]))
