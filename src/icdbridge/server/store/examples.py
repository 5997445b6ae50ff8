"""Made-up encounters to try the desk with: the starter's example notes, some of them with an earlier note."""

from datetime import UTC, date, datetime, time

from icdbridge.server.store.database import Store
from icdbridge.server.store.encounters import Facts, NewDocument, receive
from icdbridge.starter.examples import example

_ADMISSION_NOTE = """ADMISSION NOTE (made up)

HPI: Came by ambulance with four days of cough and rising shortness of breath, saturation 84% on room air.

Plan: Ceftriaxone and azithromycin, oxygen, hold lisinopril until the creatinine is back.
"""
_CONSULT = """NEPHROLOGY CONSULT (made up)

Assessment: Acute tubular necrosis, likely from sepsis. Metabolic acidosis. Anemia in chronic kidney disease.
Recommend fluids, no contrast, daily creatinine. Nephrology will follow.
"""


def load_examples(store: Store, by: str) -> int:
    """Adds the examples that are not there yet and gives how many encounters are new."""
    encounters = (
        (
            "EXAMPLE-1",
            Facts("P-1", "male", date(1952, 7, 21), "inpatient", date(2024, 3, 4), date(2024, 3, 9)),
            [
                _note("Discharge summary", "discharge", date(2024, 3, 9)),
                NewDocument(
                    _CONSULT, "consult", "Nephrology consult", "consult note", date=_noon(date(2024, 3, 5))
                ),
                NewDocument(
                    _ADMISSION_NOTE,
                    "admission",
                    "Admission note",
                    "admission note",
                    date=_noon(date(2024, 3, 4)),
                ),
            ],
        ),
        (
            "EXAMPLE-2",
            Facts("P-2", "female", date(1966, 2, 3), "outpatient", None, date(2024, 5, 14)),
            [_note("Clinic visit", "clinic", date(2024, 5, 14))],
        ),
        (
            "EXAMPLE-3",
            Facts("P-3", "female", date(1989, 9, 30), "outpatient", None, date(2024, 1, 17)),
            [_note("Emergency department", "emergency", date(2024, 1, 17))],
        ),
    )
    with store.writing() as session:
        return sum(bool(receive(session, by, *one)[1]) for one in encounters)


def _note(title: str, name: str, day: date) -> NewDocument:
    return NewDocument(example(name), name, title, title.lower(), date=_noon(day))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
