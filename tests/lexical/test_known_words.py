"""What words of notes mean in names: synonyms, abbreviations."""

from icdbridge.knowledge.words import EMPTY, split, stem, stems
from icdbridge.lexical.known_words import abbreviations, synonyms


def test_synonyms_lead_to_other_words_of_names():
    assert stem("kidney") in synonyms()[stem("renal")]
    assert synonyms()[stem("cancers")] == tuple(stems("malignant neoplasm"))
    for word, meant in synonyms().items():
        assert meant
        assert word not in meant


def test_abbreviations_are_single_words_with_a_meaning():
    for short, meaning in abbreviations().items():
        assert [word for word, _, _ in split(short)] == [short]
        assert meaning
        assert not EMPTY & set(meaning)
    assert abbreviations()["mi"] == ("myocard", "infarct")
