"""Drugs and other substances taken in overdose or by accident (I.C.19.e.5.b), and the intent that a note tells."""

import pytest

TAKEN = {
    "Ingested 20 tablets of acetaminophen in a suicide attempt.": "T39.1X2A",
    "Intentional ingestion of ~20 g acetaminophen 6h ago after an argument.": "T39.1X2A",
    "Suicidal. Took 30 pills of Tylenol intentionally.": "T39.1X2A",
    "Took a bottle of her Lexapro to end her life.": "T43.222A",
    "Overdosed on Seroquel and Xanax in a suicide attempt.": "T43.592A T42.4X2A",
    "Drug overdose: ingested Benadryl 25 mg x 20, gabapentin.": "T45.0X1A T42.6X1A",
    "Toddler ingested grandmother's metoprolol tablets by accident.": "T44.7X1A",
    "Accidental ingestion of 4 tablets amlodipine 10 mg.": "T46.1X1A",
    "Took extra insulin by mistake; denies intentional overdose.": "T38.3X1A",
    "Drank bleach by accident.": "T54.91XA",
    "Heroin overdose, Narcan given.": "T40.1X1A",
}
NOT_TAKEN = [
    "Denies suicidal ideation. Took 2 tablets of Tylenol for headache.",
    "Ate shellfish, ingested some shrimp, given epinephrine.",
    "Takes 81 mg aspirin daily.",
    "Mother overdosed on heroin.",
    "History of overdose on Tylenol in 2015.",
    "Swallowed a coin.",
    "No ingestion of bleach.",
]


@pytest.mark.parametrize(("note", "codes"), TAKEN.items())
def test_a_substance_taken_in_overdose_is_a_poisoning(note, codes, asserted):
    found = asserted(note)
    assert set(codes.split()) <= found
    assert not any(code.startswith(("Z79", "T14.91", "T50.9")) for code in found)


@pytest.mark.parametrize("note", NOT_TAKEN)
def test_what_is_taken_otherwise_is_none(note, asserted):
    assert not {
        code for code in asserted(note) if code.startswith("T") and code[1:3] < "66" and code[:3] != "T18"
    }


def test_a_suicide_attempt_is_coded_where_nothing_tells_how(asserted):
    assert "T14.91XA" in asserted("Brought in after a suicide attempt.")
