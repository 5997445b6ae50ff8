"""The starter as a coder: what callers may give, and what they get."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icdbridge import Coder, InputError
from icdbridge.codes import load_system
from icdbridge.lexical.evidence import SPAN_CHARACTERS

NOTE = "Type 2 diabetes mellitus. Chronic kidney disease stage 3b. He denies chest pain."
SPANISH = (
    "El paciente de 63 años acude a urgencias por un dolor en el pecho desde hace dos días. No tiene fiebre y "
    "no toma la medicación de la presión en casa. Se le realizó una radiografía del tórax sin hallazgos."
)


@pytest.fixture(scope="module")
def coder(shared_cache):
    return Coder.load()


def codes(found):
    return [one.code for one in found]


def test_a_note_with_evidence(coder):
    found = coder.code(NOTE)
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert {"E11.22", "N18.32"} <= {one.code for one in found if one.predicted}
    assert {one.system for one in found} == {"icd10cm"}
    for one in found:
        assert one.description == load_system("icd10cm").titles[one.code]
        assert all(span.text == NOTE[span.start : span.end] for span in one.evidence)
        assert sum(span.weight for span in one.evidence) == pytest.approx(1) if one.evidence else one.reason
        assert one.confidence == one.probability


def test_what_is_denied_is_neither_predicted_nor_likely(coder):
    pain = next(one for one in coder.code(NOTE) if one.code == "R07.9")
    assert pain.context == "negated"
    assert not pain.predicted
    assert pain.band != "likely"


def test_the_codes_of_a_version(coder):
    for version, system in (("icd10", "icd10cm"), ("icd9", "icd9cm")):
        assert coder.codes_of(version) == {
            f"{system}:{code}": title for code, title in load_system(system).titles.items()
        }
    with pytest.raises(InputError, match="icd11"):
        coder.codes_of("icd11")


def test_evidence_is_of_bounded_length_and_number(coder):
    long = "Type 2" + " " * SPAN_CHARACTERS + "diabetes. " + "Type 2 diabetes. " * 20
    [one] = [one for one in coder.code(long) if one.code == "E11.9"]
    assert len(one.evidence) == 5
    assert [span.weight for span in one.evidence] == [pytest.approx(1 / 21)] * 5
    assert [span.cut for span in one.evidence] == [True, False, False, False, False]
    for span in one.evidence:
        assert len(span.text) <= SPAN_CHARACTERS
        assert long[span.start : span.end] == span.text


def test_top(coder):
    every = coder.code(NOTE, top=100)
    assert len(every) > 2
    assert codes(coder.code(NOTE, top=1)) == codes(every)[:1]
    assert codes(coder.code(NOTE, top=2)) == codes(every)[:2]


def test_without_evidence_and_explained_later(coder):
    plain = coder.code(NOTE, evidence=False)
    assert all(one.evidence == () for one in plain)
    assert coder.explain(NOTE, plain) == coder.code(NOTE)


@pytest.mark.parametrize("version", ["icd10", "ICD-10", "10", "icd 10", "ICD10"])
def test_versions_in_any_spelling(version, coder):
    assert coder.code(NOTE, version) == coder.code(NOTE)


@pytest.mark.parametrize(
    ("note", "code"), [(NOTE, "585.3"), ("Hypertension.", "401.9"), ("NSTEMI", "410.71")]
)
def test_icd9(note, code, coder):
    found = coder.code(note, "icd9")
    assert code in codes(found)
    titles = load_system("icd9cm").titles
    assert all(one.system == "icd9cm" and titles[one.code] == one.description for one in found)
    assert all(titles[other.code] == other.description for one in found for other in one.alternatives)
    assert len(set(codes(found))) == len(found)


@pytest.mark.parametrize(
    ("version", "said"), [("icd11", "icd11"), ("icd10cm", "code system"), ("", "unknown version")]
)
def test_unknown_versions(version, said, coder):
    with pytest.raises(InputError, match=said):
        coder.code(NOTE, version)


def test_setting_decides_on_uncertain_diagnoses(coder):
    note = "Probable pneumonia."
    predicted = {
        setting: {one.code for one in coder.code(note, setting=setting) if one.predicted}
        for setting in ("inpatient", "outpatient")
    }
    assert "J18.9" in predicted["inpatient"]
    assert "J18.9" not in predicted["outpatient"]
    with pytest.raises(InputError, match="setting"):
        coder.code(note, setting="emergency")


class TestCodesOfTheCaller:
    def test_only_these_with_their_descriptions(self, coder):
        found = coder.code(NOTE, codes={"icd10cm:N18.32": "Kidneys, three B", "icd10cm:I10": "Pressure"})
        assert [(one.code, one.description) for one in found] == [("N18.32", "Kidneys, three B")]

    def test_categories_stand_for_what_is_below(self, coder):
        found = coder.code(
            NOTE, codes={"icd10cm:E11": "Diabetes", "icd10cm:N18.3": "Kidneys", "icd10cm:N18": "All"}
        )
        assert {one.code for one in found} == {"E11", "N18.3"}  # the nearest category

    def test_each_once_as_sure_as_the_surest(self, coder):
        note = "Asthma exacerbation. Mild intermittent asthma. Cough variant asthma."
        [one] = coder.code(note, codes={"icd10cm:J45": "Asthma"})
        confidences = [other.confidence for other in coder.code(note) if other.code.startswith("J45")]
        assert len(confidences) > 1
        assert one.confidence == max(confidences)

    def test_any_spelling(self, coder):
        assert codes(coder.code(NOTE, codes={"ICD-10-CM:n1832": "Kidneys"})) == ["N18.32"]

    def test_codes_of_icd9(self, coder):
        found = coder.code(NOTE, codes={"icd9cm:585.3": "Kidneys"})
        assert [(one.system, one.code) for one in found] == [("icd9cm", "585.3")]

    def test_none_that_the_note_names(self, coder):
        assert coder.code(NOTE, codes={"icd10cm:H40.9": "Glaucoma"}) == []

    @pytest.mark.parametrize(
        ("given_", "said"),
        [
            ({"icd10cm:I10": "a", "icd9cm:401.9": "b"}, "icd10cm, icd9cm"),
            ({"mine:7": "a"}, "a run chooses among any"),
            ({"icd10pcs:0DTJ4ZZ": "a"}, "icd10pcs"),
            ({"I10": "a"}, "not a code key"),
            ({}, "empty"),
            ({"icd10cm:I10": " "}, "no description"),
            ({"icd10cm:I10": "a", "ICD10CM:i10": "b"}, "the same code"),
        ],
    )
    def test_what_cannot_be_meant_gets_one_line(self, given_, said, coder):
        with pytest.raises(InputError, match=said) as error:
            coder.code(NOTE, codes=given_)
        assert "\n" not in str(error.value)

    def test_codes_leave_no_version_to_choose(self, coder):
        with pytest.raises(InputError, match="not both"):
            coder.code(NOTE, "icd10", codes={"icd10cm:I10": "a"})


@pytest.mark.parametrize(
    ("note", "said"),
    [("", "empty"), (" \n", "empty"), ("...", "no words"), (SPANISH, "Spanish.*reads English")],
)
def test_notes_that_cannot_be_coded(note, said, coder):
    with pytest.raises(InputError, match=said) as error:
        coder.code(note)
    assert "\n" not in str(error.value)
    assert "urgencias" not in str(error.value)
    assert coder.code_many([note, NOTE]) == [None, coder.code(NOTE)]


def test_what_is_predicted_is_above_the_threshold(coder, monkeypatch):
    note = f"{NOTE} GERD. Right shoulder pain. Quit smoking."
    first, *_, last = sorted({one.confidence for one in coder.code(note) if one.predicted}, reverse=True)
    monkeypatch.setattr(type(coder), "threshold", last)
    assert min(one.confidence for one in coder.code(note) if one.predicted) > last
    assert max(one.confidence for one in coder.code(note) if one.predicted) == first


def test_there_is_no_candidate_search(coder):
    with pytest.raises(InputError, match="no candidate search"):
        coder.code(NOTE, candidates=True)


@pytest.mark.parametrize("options", [{"device": "cuda"}, {"precision": "bf16"}])
def test_options_of_runs_only(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Coder.load(**options)


def test_what_it_says_of_itself(coder):
    assert coder.versions == ["icd10", "icd9"]
    assert 0 < coder.threshold < 1
    assert coder.codes_of("icd10")["icd10cm:I10"] == "Essential (primary) hypertension"
    assert coder.folder is None
    assert coder.basis
    assert coder.count_words("two words") == 2
    assert coder.scored_codes("icd10", None) == 0
    assert coder.caution(NOTE, []) is None
    assert coder.fingerprint() == Coder.load().fingerprint()


@settings(max_examples=60, deadline=None)
@given(
    notes=st.lists(
        st.one_of(st.text(max_size=60), st.sampled_from([NOTE, SPANISH, "NSTEMI, asthma"])), max_size=3
    )
)
def test_notes_do_not_change_each_other(notes, coder):
    assert coder.code_many(notes) == [one for note in notes for one in coder.code_many([note])]
