"""What stands near an abbreviation tells which of its senses is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.knowledge.abbreviations import AFTER, PERCENT, abbreviations, senses
from icdbridge.knowledge.meanings import meant
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.words import stems

AMBIGUOUS = sorted(key for key, several in abbreviations().items() if len(several) > 1)


def first(written, near="", note="", section=""):
    near = {*stems(near)}
    return meant(senses(written), near, near | {*stems(note)}, section)[0].text


@pytest.mark.parametrize(
    ("written", "near", "sense"),
    [
        ("AF", "", "atrial fibrillation"),
        ("af", "", "afebrile"),
        ("af", "warfarin", "atrial fibrillation"),
        ("AF", "vss tolerating diet", "afebrile"),
        ("PD", "carbidopa levodopa", "Parkinson's disease"),
        ("PD", "peritonitis dialysis", "peritoneal dialysis"),
        ("ra", "methotrexate swollen", "rheumatoid arthritis"),
        ("cap", "ceftriaxone infiltrate", "community acquired pneumonia"),
    ],
)
def test_a_cue_in_the_sentence_decides(written, near, sense):
    assert first(written, near) == sense


def test_a_cue_elsewhere_in_the_note_counts_less():
    share = {where: _share("MS", "mitral stenosis", **{where: "rheumatic"}) for where in ("near", "note")}
    assert share["near"] > share["note"] > _share("MS", "mitral stenosis")


def _share(written, text, near="", note=""):
    several = meant(senses(written), {*stems(near)}, {*stems(near), *stems(note)})
    return next(one.share for one in several if one.text == text)


def test_numbers_beside_it_and_the_section_tell():
    assert meant(senses("RA"), {PERCENT}, frozenset())[0].text == "room air"
    assert meant(senses("HD"), {AFTER}, frozenset())[0].text == "hospital day"
    assert first("nf", section="past_medical") == "neurofibromatosis"
    assert meant(senses("BS"), frozenset(), frozenset(), "exam")[0].text == "bowel sounds"


def test_what_the_note_spells_out_is_meant():
    assert first("chb", note="complete heart block") == "complete heart block"
    assert first("chb", note="chronic hepatitis b") == "chronic hepatitis B"


def test_capitals_tell_nothing_where_all_is_in_capitals():
    assert senses("AF", shouted=True) == senses("af") != senses("AF")


@given(
    st.sampled_from(AMBIGUOUS), st.sets(st.sampled_from(["warfarin", "mri", "pain", "infant", "eye", AFTER]))
)
def test_shares_stay_shares(written, near):
    written = written.upper()  # some are one in capitals only
    several = meant(senses(written), near, near)
    assert sum(one.share for one in several) == pytest.approx(1)
    assert {one.text for one in several} == {one.text for one in senses(written)}
    assert [one.share for one in several] == sorted((one.share for one in several), reverse=True)


def test_cues_name_topics_that_exist_and_none_twice():
    topics = {row["topic"]: row for row in read_csv("topics")}
    assert all(row["reach"] in ("sentence", "note") and row["words"].split() for row in topics.values())
    for row in read_csv("abbreviations"):
        cues = row["cues"].split(";") if row["cues"] else []
        assert len(set(cues)) == len(cues), row["abbreviation"]
        assert all(cue[1:] in topics for cue in cues if cue[0] == "@"), row["abbreviation"]
        assert not row["capitals"] or 0 < float(row["capitals"]) <= 1
