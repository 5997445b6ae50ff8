"""What a note says as a whole: numbers that are codes, the kind of encounter, a pregnancy, the language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.starter.facts import is_inpatient, is_newborn, pregnancy_stems
from icdbridge.starter.language import foreign_language
from icdbridge.starter.measures import measures
from icdbridge.starter.stems import root, words_of


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("BMI 34.2", ["Z68.34"]), ("BMI: 34.25 kg/m2", ["Z68.34"]), ("Body mass index is 19", ["Z68.1"]),
        ("BMI of 40.0", ["Z68.41"]), ("BMI 39.99", ["Z68.39"]), ("BMI 85th %", ["Z68.53"]), ("BMI 85%", []),
        ("BMI", []), ("12% TBSA", ["T31.10"]), ("TBSA < 1%", ["T31.0"]), ("BMI 17, 3rd %ile", ["Z68.51", "Z68.1"]),
        ("28w2d", ["Z3A.28"]), ("28 weeks 2 days", ["Z3A.28"]), ("at 28+2", ["Z3A.28"]), ("28 2/7 weeks", ["Z3A.28"]),
        ("39 weeks", ["Z3A.39"]), ("37-week", ["Z3A.37"]), ("6 wks", ["Z3A.01"]), ("aged 28", []), ("2/7", []),
        ("NIHSS 12", ["R29.712"]), ("NIHSS of 0", ["R29.700"]), ("NIH stroke scale: 4", ["R29.704"]), ("NIHSS 43", []),
        ("BW 2300g", ["P07.18"]), ("Birth weight: 480 grams", ["P07.01"]), ("BW 3200 g", []), ("BW 2300", []),
        ("", []), ("BMI 341", []), ("12 years", []),
    ],
)  # fmt: skip
def test_measures(text, codes):
    assert [found.code for found in measures(text)] == codes


@given(st.text(alphabet="BMI NIHSSweeksd+/0123456789.\n", max_size=60))
def test_measures_lie_in_the_text(text):
    for found in measures(text):
        assert 0 <= found.start < found.end <= len(text)
        assert any(character.isdigit() for character in text[found.start : found.end])


@pytest.mark.parametrize(
    ("text", "inpatient"),
    [
        ("Discharge summary", True), ("HOSPITAL COURSE: stable", True), ("POD 2, walking", True),
        ("Date of admission: 2/3", True), ("Patient seen in clinic today.", False), ("", False),
        ("Vaginal discharge for a week.", False),
    ],
)  # fmt: skip
def test_inpatient(text, inpatient):
    assert is_inpatient(text) is inpatient


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Pregnant, 13w6d", "first"), ("Pregnant, 14w0d", "second"), ("IUP at 27w6d", "second"),
        ("Prenatal visit, 28w0d", "third"), ("G2P1 at 39 weeks, delivered a viable female", "childbirth"),
        ("Pregnancy", None), ("28 weeks of pain", None), ("", None),
        ("Well newborn, mother pregnant until 39 weeks", None),
    ],
)  # fmt: skip
def test_trimesters(text, word):
    """ICD-10-CM, chapter 15: the second trimester begins at 14 weeks 0 days, the third at 28 weeks 0 days."""
    beside = "complicating" if word == "childbirth" else "trimester"
    assert list(pregnancy_stems(text)) == ([root(word), root(beside)] if word else [])


def test_newborns():
    assert is_newborn("Well newborn, DOL 2")
    assert not is_newborn("Gave birth to a healthy child last year")


FOREIGN = {
    "Spanish": "El paciente de 63 años acude a urgencias por un dolor en el pecho desde hace dos días. No tiene fiebre "
    "y no toma la medicación de la presión en casa. Se le hizo una radiografía del tórax.",
    "French": "Le patient est un homme de 63 ans qui consulte pour des douleurs dans la poitrine depuis deux jours. Il "
    "ne prend pas les médicaments et il est sans fièvre. La radiographie du thorax est normale.",
    "German": "Der Patient ist ein Mann von 63 Jahren mit Schmerzen in der Brust und wurde nach Hause entlassen. Bei "
    "der Aufnahme nicht febril, die Lunge auf beiden Seiten frei und das Herz von normaler Größe.",
    "Portuguese": "O paciente de 63 anos com dor no peito foi ao hospital por uma queixa que começou em casa. Não toma "
    "os remédios da pressão e foi para a sala do exame sem febre. As imagens do tórax são normais.",
    "Italian": "Il paziente di 63 anni si presenta per un dolore al torace che dura da due giorni. Non ha la febbre e "
    "non prende i farmaci della pressione. Nel reparto si esegue una radiografia del torace con esito normale.",
    "Dutch": "De patiënt is een man van 63 jaar met pijn op de borst en werd door de huisarts naar het ziekenhuis "
    "gestuurd. Hij heeft geen koorts en neemt zijn medicijnen niet in. De foto van de borst is normaal.",
    "Swedish": "Patienten är en man på 63 år som inte har feber och som har haft ont i bröstet sedan två dagar. Han "
    "har inte tagit den medicin som är till för trycket, och det är en röntgen av lungan som är normal.",
    "Polish": "Pacjent był przyjęty z powodu bólu w klatce od dwóch dni i nie jest leczony. Na oddziale nie było "
    "gorączki, a do domu wypisany z lekami dla ciśnienia oraz bez bólu. Jest po badaniu i nie zgłasza skarg w domu.",
}  # fmt: skip


@pytest.mark.parametrize("language", FOREIGN)
def test_foreign_languages(language):
    assert foreign_language(words_of(FOREIGN[language])) == language
    assert foreign_language(words_of(FOREIGN[language].upper())) == language


@pytest.mark.parametrize(
    "text",
    [
        "The patient is a man of 63 years with pain in the chest, and was sent home. He does not take the medicine.",
        "63M c/o CP x2d, no SOB. HTN, DM2. A/P: r/o ACS, admit.",
        "Na 140 K 4.1 Cl 101",
        "",
        "Se habla español.",  # too little tells
        "Los Angeles, San Diego, Las Vegas and El Paso are where the patient was on vacation with her son. "
        "She was seen in the clinic and had no fever. The exam of the chest was normal.",
    ],
)
def test_english_and_what_does_not_tell(text):
    assert foreign_language(words_of(text)) is None
