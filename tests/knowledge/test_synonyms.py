"""Words and phrases that say the same."""

import pytest

from icdbridge.knowledge.synonyms import phrases, synonyms
from icdbridge.knowledge.terms import terms
from icdbridge.knowledge.words import american, stem, stems


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("renal", "kidney"),
        ("hepatic", "liver"),
        ("broken", "fracture"),
        ("oesophageal", "esophagus"),
        ("womb", "uterus"),
    ],
)
def test_words_lead_to_those_of_terms(said, meant):
    assert meant in synonyms()[said]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("heart attack", "myocardial infarction"),
        ("high blood pressure", "hypertension"),
        ("kidney stones", "renal calculus"),
        ("water pill", "diuretic"),
        ("mini stroke", "transient ischemic attack"),
    ],
)
def test_lay_phrases_lead_to_terms(said, meant):
    assert phrases()[said] == (meant,)


def test_what_is_meant_stands_in_terms():
    words = {word for term in terms("icd10cm") for word in term.text.split()}
    known = {one for word in words for one in stems(word)} | {stem("shivering")}
    for found in (synonyms(), phrases()):
        for said, several in found.items():
            assert said == said.lower().strip()
            assert len(set(several)) == len(several)
            for meant in several:
                assert set(stems(meant)) <= known
                assert stems(meant)


def test_trained_runs_know_a_part_that_stays():
    assert len(synonyms(runs=True)) == 406
    # one misleads ("sleeping" is no somnolence); British spelling is the same word to all others
    known = {one for one in synonyms(runs=True) if american(one) == one or one in synonyms()}
    assert known - {"sleepy"} < set(synonyms())
    assert "leukaemia" not in synonyms(runs=True)
