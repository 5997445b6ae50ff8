"""Abbreviations and their senses."""

import csv

import pytest

from icdbridge.knowledge.abbreviations import KINDS, abbreviations, case_sensitive, senses
from icdbridge.knowledge.packed_tables import DATA
from icdbridge.knowledge.terms import terms
from icdbridge.knowledge.words import stems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HTN", "hypertension"),
        ("htn", "hypertension"),
        ("A. fib", "atrial fibrillation"),
        ("a  fib", "atrial fibrillation"),
        ("C diff", "Clostridium difficile infection"),
        ("T2DM", "type 2 diabetes mellitus"),
        ("dm ii", "type 2 diabetes mellitus"),
        ("ckd3", "chronic kidney disease stage 3"),
        ("CKD IIIb", "chronic kidney disease stage 3b"),
        ("stage 3 CKD", "chronic kidney disease stage 3"),
        ("s/p", "status post"),
        ("h/o", "history of"),
        ("w/", "with"),
        ("S.O.B.", "shortness of breath"),
    ],
)
def test_what_is_meant_first(written, meant):
    assert senses(written)[0].text == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MS", {"multiple sclerosis", "mitral stenosis", "morphine sulfate"}),
        ("PE", {"pulmonary embolism", "physical examination"}),
        ("RA", {"rheumatoid arthritis", "room air", "right atrium"}),
        ("CAP", {"community acquired pneumonia", "capsule"}),
        ("PT", {"patient", "physical therapy"}),
        ("AS", {"aortic stenosis", "ankylosing spondylitis"}),
        ("CP", {"chest pain", "cerebral palsy"}),
        ("OD", {"right eye", "overdose"}),
        ("BS", {"bowel sounds", "blood sugar"}),
    ],
)
def test_ambiguous_ones_have_all_their_senses(written, meant):
    assert meant <= {sense.text for sense in senses(written)}


@pytest.mark.parametrize("word", ["as", "or", "us", "it", "all", "he", "is", "am", "be", "men", "had", "no"])
def test_words_are_no_abbreviations_in_small_letters(word):
    assert senses(word) == ()
    assert bool(senses(word.upper())) == case_sensitive(word)


def test_what_is_no_abbreviation_means_nothing():
    assert senses("pneumonia") == ()
    assert not case_sensitive("pneumonia")
    assert senses("") == ()


def test_shares_are_shares_and_the_most_frequent_is_first():
    assert len(abbreviations()) > 1_000
    for several in abbreviations().values():
        assert sum(sense.share for sense in several) == pytest.approx(1)
        assert [sense.share for sense in several] == sorted((s.share for s in several), reverse=True)
        assert all(sense.kind in KINDS and sense.share > 0 for sense in several)
        assert len({sense.text for sense in several}) == len(several)


def test_every_diagnosis_and_status_is_a_term_of_some_code():
    unknown = {
        frozenset(stems(sense.text)): sense.text
        for several in abbreviations().values()
        for sense in several
        if sense.kind in ("diagnosis", "status")
    }
    assert len(unknown) > 500
    longest = max(map(len, unknown.values()))
    texts = [term.text for term in terms("icd10cm") if len(term.text) < 2 * longest]
    with (DATA / "status.csv").open(encoding="utf-8", newline="") as handle:
        texts += [row["term"] for row in csv.DictReader(handle)]
    for text in texts:
        unknown.pop(frozenset(stems(text)), None)
    assert not unknown
