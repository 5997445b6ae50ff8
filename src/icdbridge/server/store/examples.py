"""Made-up encounters to try the desk with: the starter's example notes, some of them with an earlier note."""

from datetime import UTC, date, datetime, time

from icdbridge.server.store.database import Store
from icdbridge.server.store.encounters import receive
from icdbridge.server.store.records import Document
from icdbridge.starter.examples import example

_ADMISSION_NOTE = """ADMISSION NOTE (made up)

HPI: Came by ambulance with four days of cough and rising shortness of breath, saturation 84% on room air.

Plan: Ceftriaxone and azithromycin, oxygen, hold lisinopril until the creatinine is back.
"""
_CONSULT = """NEPHROLOGY CONSULT (made up)

Assessment: Acute tubular necrosis, likely from sepsis. Metabolic acidosis. Anemia in chronic kidney disease.
Recommend fluids, no contrast, daily creatinine. Nephrology will follow.
"""


# The encounters by number: facts, and documents as title, id, text and day.
_FACTS = ("patient", "sex", "birth_date", "setting", "admission", "discharge")
_ENCOUNTERS: dict[str, tuple[tuple[object, ...], list[tuple[str, str, str, date]]]] = {
    "EXAMPLE-1": (
        ("P-1", "male", date(1952, 7, 21), "inpatient", date(2024, 3, 4), date(2024, 3, 9)),
        [
            ("Discharge summary", "discharge", example("discharge"), date(2024, 3, 9)),
            ("Nephrology consult", "consult", _CONSULT, date(2024, 3, 5)),
            ("Admission note", "admission", _ADMISSION_NOTE, date(2024, 3, 4)),
        ],
    ),
    "EXAMPLE-2": (
        ("P-2", "female", date(1966, 2, 3), "outpatient", None, date(2024, 5, 14)),
        [("Clinic visit", "clinic", example("clinic"), date(2024, 5, 14))],
    ),
    "EXAMPLE-3": (
        ("P-3", "female", date(1989, 9, 30), "outpatient", None, date(2024, 1, 17)),
        [("Emergency department", "emergency", example("emergency"), date(2024, 1, 17))],
    ),
}


def load_examples(store: Store, by: str) -> int:
    """Adds the examples that are not there yet and gives how many encounters are new."""
    added = 0
    with store.writing() as session:
        for number, (facts, documents) in _ENCOUNTERS.items():
            noted = [
                Document(
                    text=text,
                    source_id=name,
                    title=title,
                    kind=title.lower(),
                    date=datetime.combine(day, time(12), UTC),
                )
                for title, name, text, day in documents
            ]
            known = dict(zip(_FACTS, facts, strict=True))
            added += bool(receive(session, by, number, noted, **known)[1])
    return added
