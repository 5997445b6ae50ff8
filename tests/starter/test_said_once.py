"""What a note says once: the hand that leads (I.C.6.a), whether consciousness was lost, who the patient is."""

import pytest

from icdbridge.starter.facts import is_newborn


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("Stroke with left hemiparesis. Patient is left-handed.", "G81.92"),
        ("Stroke with left hemiparesis.", "G81.94"),
        ("Left handed. R sided weakness from old CVA.", "I69.353"),
        ("Left subdural hematoma after a fall, brief LOC.", "S06.5X1A"),
        ("Traumatic SDH, LOC 10 minutes.", "S06.5X1A"),
        ("Traumatic SDH, LOC for 45 min.", "S06.5X2A"),
        ("Traumatic SDH, LOC 2 hours.", "S06.5X3A"),
        ("Concussion without LOC.", "S06.0X0A"),
        ("Concussion, denies LOC.", "S06.0X0A"),
        ("Head injury, concussion, +LOC.", "S06.0X9A"),
        ("Concussion. LOC unknown.", "S06.0XAA"),
        ("Concussion.", "S06.0XAA"),
    ],
)
def test_titles_take_it_up(note, code, asserted):
    assert code in asserted(note)


def test_all_that_is_said_once_counts(asserted):
    found = asserted("Left-handed. Traumatic SDH, LOC 10 minutes, now left hemiplegia.")
    assert {"G81.92", "S06.5X1A"} <= found


@pytest.mark.parametrize(
    ("text", "newborn"),
    [
        ("Newborn male, 36w2d, twin A, born by C-section.", True),
        ("Baby girl born to a 28yo G2P1 mother.", True),
        ("3 day old male with jaundice", True),
        ("Infant is 5 days old, feeding well", True),
        ("12 do M with fever", True),
        ("34F G2P1 delivered a healthy baby boy via NSVD. PPH.", False),
        ("She gave birth to a baby girl 3 days ago, now with mastitis.", False),
        ("28yo postpartum day 2 after c-section, baby girl in NICU.", False),
        ("G3P2 at 39w, SVD of viable newborn female, Apgars 9/9.", False),
        ("Laceration 3 days old.", False),
        ("A 7-month-old baby boy with a cough.", False),
        ("4 y/o with asthma. Normal newborn exam at birth.", False),
    ],
)
def test_who_is_a_newborn(text, newborn):
    assert is_newborn(text) is newborn
