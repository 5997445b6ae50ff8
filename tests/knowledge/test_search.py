"""Finding codes as coders type them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icdbridge.codes import SYSTEMS, Code, CodeSystem, load_system
from icdbridge.errors import InputError
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search import find, search

ICD10 = ["icd10cm", "icd10pcs"]
pytestmark = pytest.mark.usefixtures("indexes")
OWN = CodeSystem(
    "own", "own", "t.csv", "own", {"K1": "Heart failure of the local kind"}, {}, {"K1": ("Tired heart",)}
)


def keys(query: str, **options: object) -> list[str]:
    return [str(hit.code) for hit in search(query, **options)]  # type: ignore[arg-type]


def first(query: str, system: str = "icd10cm") -> str:
    return search(query, [system], 1)[0].code.code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("heart failure", "I50.9"),
        ("failure heart", "I50.9"),
        ("HTN", "I10"),
        ("CHF", "I50.9"),
        ("afib", "I48.91"),
        ("UTI", "N39.0"),
        ("PE", "I26.99"),
        ("heart attack", "I21.9"),
        ("kidney stones", "N20.0"),
        ("anaemia", "D64.9"),
        ("haemorrhage of gastrointestinal tract", "K92.2"),
        ("prostate cancer", "C61"),
        ("headaches", "R51.9"),
        ("seizures", "R56.9"),
    ],
)
def test_words_abbreviations_and_british_spelling(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        ("pnuemonia", "J18.9", "pneumonia"),
        ("apendicitis", "K37", "appendicitis"),
        ("hypertention", "I10", "hypertension"),
        ("eksema", "L30.9", "eczema"),  # "edema" is as near by letters, but sounds otherwise
    ],
)
def test_a_misspelt_word_is_found_and_said(query: str, code: str, word: str) -> None:
    found = find(query, ["icd10cm"])
    assert found.hits[0].code.code == code
    assert found.hits[0].matched_on == "spelling"
    assert word in found.suggestions
    assert word in found.searched


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("left hip fracture", "S72.002A"),
        ("hip fracture left subsequent encounter", "S72.002D"),
        ("hip fx left subs", "S72.002D"),
        ("torn ACL right", "S83.511A"),
        ("ckd 4", "N18.4"),
        ("CKD stage IV", "N18.4"),
        ("acute on chronic systolic heart failure", "I50.23"),
    ],
)
def test_side_encounter_stage_and_acuity(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("fracture of left femur", "S72.92XA"),  # not the sequela, whose title is shorter
        ("burn of first degree of right wrist", "T23.171A"),
        ("bitten by rat", "W53.11XA"),
        ("burn of first degree of right wrist, sequela", "T23.171S"),
        ("Salter-Harris type III fracture of lower end of left tibia, subseqent encounter", "S89.132D"),
    ],
)
def test_a_title_without_what_goes_without_saying(query: str, code: str) -> None:
    assert first(query) == code


def test_a_title_with_words_left_out_and_one_misspelt() -> None:
    query = "Laceration without foreiggn body left finger without damage to nail, sequela"
    found = find(query, ["icd10cm"], 10)
    assert "S61.215S" in [hit.code.code for hit in found.hits]
    assert all("eft" in hit.title and "sequela" in hit.title for hit in found.hits[1:6])
    assert found.suggestions == ["foreign"]


def test_both_sides_where_no_code_says_both() -> None:
    assert [hit.code.code for hit in search("knee pain, bilateral", ["icd10cm"], 2)] == ["M25.561", "M25.562"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("family history of colon cancer", "Z80.0"),
        ("fhx breast ca", "Z80.3"),
        ("h/o stroke", "Z86.73"),
        ("s/p CABG", "Z95.1"),
        ("old MI", "I25.2"),
        ("allergic to penicillin", "Z88.0"),
        ("on coumadin", "Z79.01"),
        ("long term insulin", "Z79.4"),
        ("flu shot", "Z23"),
    ],
)
def test_status_history_and_allergy(query: str, code: str) -> None:
    assert first(query) == code


def test_a_family_is_one_line_with_its_choices() -> None:
    hits = search("left hip fracture", ["icd10cm"], 5)
    assert len({hit.code.code[:6] for hit in hits}) == len(hits)
    choices = {(one.axis, one.value): one.code for one in hits[0].specify}
    assert choices["side", "right"] == "S72.001A"
    assert choices["encounter", "subsequent"].startswith("S72.002")
    assert choices["fracture", "open I or II"] == "S72.002B"
    titles = load_system("icd10cm").titles
    assert all(titles[one.code] == one.title for hit in hits for one in hit.specify if hit.billable)


def test_why_a_code_was_found() -> None:
    (hit, *_) = search("htn", ["icd10cm"])
    assert (hit.matched_on, hit.why) == ("abbreviation", "htn: hypertension")
    assert find("htn", ["icd10cm"]).searched == "hypertension"
    (hit, *_) = search("Non-Q wave myocardial infarction NOS", limit=5)
    assert (hit.code, hit.matched_on) == (Code("icd10cm", "I21.4"), "term")
    assert hit.title == load_system("icd10cm").titles["I21.4"]
    assert find("fever", ["icd10cm"]).searched == ""


def test_a_word_still_being_typed() -> None:
    assert first("heart fail") == "I50.9"
    assert first("pneumon") == "J18.9"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("diab mell type 2", "E11.9"),
        ("pulm embol", "I26.99"),
        ("chron obstr pulm dis", "J44.9"),
        (
            "conges heart fail",
            "I50.9",
        ),  # as it is said, not "unspecified systolic (congestive) heart failure"
        ("acu kid fail", "N17.9"),
        ("malig neo breast", "C50.919"),
        ("press ulcer left heel stage 2", "L89.622"),
        ("hyperlip", "E78.5"),  # no lip
    ],
)
def test_words_cut_short_wherever_they_stand(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("asma", "J45.909"),
        ("presión alta", "I10"),
        ("fractura de la muñeca izquierda", "S62.102A"),
        ("cálculos renales", "N20.0"),
        ("infecciones urinarias", "N39.0"),
        ("antecedentes familiares de cáncer de mama", "Z80.3"),
        ("tos", "R05.9"),  # also an abbreviation
        ("fractura de tob", "S82.899A"),
    ],
)
def test_spanish(query: str, code: str) -> None:
    assert first(query) == code


def test_spanish_says_what_it_was_taken_for() -> None:
    hit = search("asma", ["icd10cm"])[0]
    assert hit.why == "asma: asthma"
    assert "severe" not in search("grav", ["icd10cm"])[0].why  # English that is still typed


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("xarelto", ["Z79.01", "T45.515A", "T45.511A"]),
        ("on lipitor", ["Z79.899"]),
        ("beta blockers", ["Z79.899", "T44.7X5A"]),
        ("zoloft overdose", ["T43.221A", "T43.222A"]),
        ("intentional ambien overdose", ["T42.6X2A"]),
        ("clopidogrel adverse effect subsequent", ["T45.525D"]),
        ("not taking keppra", ["T42.6X6A"]),
        ("digoxin toxicity", ["T46.0X5A", "T46.0X1A"]),
        ("metoprolll", ["Z79.899", "T44.7X5A"]),  # misspelt
        ("statin myopathy", ["G72.0", "T46.6X5A"]),  # what it did comes first
        ("opioid use", ["F11.90", "Z79.891"]),  # what is said in just these words, too
        ("antibiotics adverse effect", ["T36.95XA"]),
    ],
)
def test_a_drug_leads_to_its_use_and_its_harm(query: str, codes: list[str]) -> None:
    assert [hit.code.code for hit in search(query, ICD10, len(codes))] == codes


@pytest.mark.parametrize(
    "query", ["insulin pump", "insulin dependent diabetes", "penicillin allergy", "heroin use"]
)
def test_words_that_say_something_else_beside_a_drug(query: str) -> None:
    assert not {"T38.3X5A", "T36.0X5A", "T40.1X1A"}.intersection(keys(query)[:1])
    assert keys(query)[0] in ("icd10cm:Z96.41", "icd10cm:Z79.4", "icd10cm:Z88.0", "icd10cm:F11.90")


def test_drugs_have_codes_of_use_and_of_harm() -> None:
    titles = load_system("icd10cm").titles
    plain = {code.replace(".", "") for code in titles}
    names = [name for row in read_csv("drugs") for name in row["names"].split(";") if name != "*"]
    assert len(names) == len(set(names))
    for row in read_csv("drugs"):
        assert row["taken"] in ("", *titles)
        harm = row["harm"].rstrip("-").replace(".", "")
        assert {f"{harm + kind:X<6}A" for kind in "1234"} <= plain


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("c/o chest pain", "R07.9"),
        ("met to liver", "C78.7"),
        ("water on knee", "M25.469"),
        ("can't sleep", "G47.00"),
    ],
)
def test_what_stands_around_the_words(query: str, code: str) -> None:
    assert first(query) == code


def test_words_that_stand_together_nowhere_still_find_something() -> None:
    assert "icd10cm:Y93.61" in keys("injured playing football", systems=["icd10cm"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("I21.4", "icd10cm:I21.4"),
        ("i214", "icd10cm:I21.4"),
        ("icd10cm:I50.22", "icd10cm:I50.22"),
        ("I50.22 chronic systolic heart failure", "icd10cm:I50.22"),
        ("4280", "icd9cm:428.0"),
        ("96.71", "icd9proc:96.71"),
        ("bw20", "icd10pcs:BW2000Z"),
        ("250", "icd9cm:250.00"),
        ("ICD-10: N18.6", "icd10cm:N18.6"),
        ("icd 10 cm code n18.6", "icd10cm:N18.6"),
    ],
)
def test_codes(query: str, code: str) -> None:
    hit = search(query)[0]
    assert str(hit.code) == code
    assert hit.matched_on == "code"


def test_a_code_that_no_release_has_leads_to_those_that_begin_as_it_does() -> None:
    (first, *_) = search("T40.4X1A")  # retired before the earliest release
    assert first.code.code[:5] + first.code.code[-1] == "T40.4A"
    assert "these begin with T404" in first.why
    assert search("Z99.2123")[0].code.code == "Z99.2"


def test_a_category_opens_into_its_codes() -> None:
    found = keys("I50", systems=["icd10cm"], limit=100)
    assert found[:2] == ["icd10cm:I50.9", "icd10cm:I50"]
    assert all(key.startswith("icd10cm:I50") for key in found)
    heading = next(hit for hit in search("I50", ["icd10cm"]) if not hit.billable)
    assert {"I50.1", "I50.2"} <= {one.code for one in heading.specify if one.axis == "kind"}


def test_codes_of_another_system_and_of_before() -> None:
    hit = search("4280", ["icd10cm"])[0]
    assert (hit.code.code, hit.matched_on) == ("I50.9", "code")
    assert "ICD-9-CM" in hit.why
    assert "Congestive heart failure" in hit.why
    older, newest = load_system("icd10cm", "FY2024"), load_system("icd10cm")
    retired = next(code for code in sorted(older.titles) if code not in newest.titles)
    for code in [hit.code.code for hit in search(retired, ["icd10cm"]) if hit.billable]:
        assert code in newest.titles


def test_procedures_come_behind_diagnoses_unless_meant() -> None:
    assert search("laparoscopic cholecystectomy")[0].code == Code("icd10pcs", "0FT44ZZ")
    assert {hit.code.system for hit in search("fever", limit=10)} == {"icd10cm"}


def test_systems_and_tables_of_ones_own() -> None:
    assert {hit.code.system for hit in search("heart", ["icd9proc"])} == {"icd9proc"}
    assert keys("tired", systems=(), tables=[OWN]) == ["own:K1"]
    assert "own:K1" in keys("heart failure of the local", tables=[OWN])
    with pytest.raises(InputError, match="icd11"):
        search("heart", ["icd11"])


def test_a_query_without_words() -> None:
    for query in ("", "  ", "--"):
        with pytest.raises(InputError, match="nothing to search for"):
            search(query)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_title_in_full_is_first(system: str) -> None:
    titles = load_system(system).titles
    unique = {title: code for code, title in titles.items()}
    for code in sorted(titles)[:: len(titles) // 60]:
        assert unique[search(titles[code], [system], 1)[0].title] == unique[titles[code]]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_codes_or_one_clear_line(query: str) -> None:
    try:
        hits = search(query, limit=5)
    except InputError:
        assert not any(letter.isascii() and letter.isalnum() for letter in query)
        return
    assert len(hits) <= 5
    assert len({hit.code for hit in hits}) == len(hits)


def test_a_first_search_imports_little() -> None:
    program = (
        "import sys; from icdbridge.knowledge.search import search; search('htn');"
        "print(sorted({'torch', 'simple_icd_10_cm', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("steroid induced psychosis", "F19.959"),
        ("chemo induced nausea", "R11.0"),
        ("prednisone induced acne", "L70.9"),
        ("metformin diarrhea", "K52.1"),
        ("bactrim rash", "L27.0"),
        ("amlodipine edema", "R60.9"),
        ("chemo induced anemia", "D64.81"),
        ("statin myopathy", "G72.0"),
    ],
)
def test_what_a_drug_did_comes_before_the_drug(query, code):
    hits = [hit.code.code for hit in search(query, ["icd10cm"], 5)]
    assert hits[0] == code
    assert any(one.startswith("T") for one in hits)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("severe preeclampsia 2nd trim", "O14.12"),
        ("twins mono di 3rd tri", "O30.033"),
        ("lipoma lt thigh", "D17.24"),
        ("mvc driver restrained vs car", "V43.52XA"),
        ("nail avulsion thumb", "S61.109A"),
        ("boxers fx l hand", "S62.337A"),
        ("acute chole", "K81.0"),
    ],
)
def test_words_of_the_ward(query, code):
    assert code in [hit.code.code for hit in search(query, ["icd10cm"], 3)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("dka t1", "E10.10"),
        ("gdm diet controlled", "O24.410"),
        ("npdr moderate t2 ou", "E11.3393"),
        ("poag severe both eyes", "H40.1133"),
        ("sdh traumatic no loc", "S06.5X0A"),
        ("loosening left tka", "T84.033A"),
    ],
)
def test_type_treatment_eyes_consciousness_and_prostheses(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colonoscopy polypectomy cecum", "0DBH8ZZ"),
        ("egd biopsy duodenum", "0DB98ZX"),
        ("permanent pacemaker", "0JH606Z"),
    ],
)
def test_a_procedure_at_its_body_part_comes_before_the_state_after_it(query: str, code: str) -> None:
    assert search(query, ICD10, 1)[0].code.code == code


def test_the_state_after_a_procedure_is_found_by_its_cue() -> None:
    assert search("s/p left bka", ICD10, 1)[0].code.code == "Z89.512"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("pregnancy test negative", "Z32.02"),  # at the end it denies nothing
        ("no food at home", "Z59.41"),
        ("wants flu shot", "Z23"),
        ("cant stop drinking", "F10.20"),  # "cant" is no cancer
        ("cough x 3 weeks", "R05.9"),
        ("ate poisonous mushrooms", "T62.0X1A"),
        ("lumb rad", "M54.16"),
        ("missed insulin doses", "T38.3X6A"),
        ("ac cholecystit", "K81.0"),
    ],
)
def test_words_of_everyday_speech(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("aml in remission", "C92.01"),
        ("aml relapsed", "C92.02"),
        ("aml", "C92.00"),
        ("t1dm w dpn", "E10.42"),  # "diabetic polyneuropathy" alone is of type 2
        ("t2nstemi", "I21.A1"),
        (
            "ahrf w hypercapnia",
            "J96.02",
        ),  # the title "unspecified whether with hypoxia or hypercapnia" names neither
    ],
)
def test_what_is_said_chooses_the_code(query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("knee arthroscopy meniscectomy left", "0SBD4ZZ"),  # its side, also where the name is of the other
        ("fusion l4-5", "0SG0"),
        ("fusion l5-s1", "0SG3"),
        ("aneurysm coiling", "03V"),
    ],
)
def test_a_procedure_at_its_side_and_level(query: str, begins: str) -> None:
    assert first(query, "icd10pcs").startswith(begins)


def test_an_abbreviation_comes_before_the_beginning_of_a_code() -> None:
    assert search("dm2", ICD10, 1)[0].code.code == "E11.9"
    assert search("c19", ICD10, 1)[0].code.code == "C19"  # a code in full


def test_dialysis_alone_is_what_the_patient_depends_on() -> None:
    assert search("dialysis", ICD10, 1)[0].code.code == "Z99.2"
    assert search("hemodialysis", ICD10, 1)[0].code.code == "5A1D70Z"
