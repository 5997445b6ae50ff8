"""A synthetic dump in the layout of MIMIC-IV 3.x with MIMIC-IV-Note 2.2 (https://mimic.mit.edu/docs/iv/)."""

import random
from pathlib import Path
from typing import Any

from icdbridge.codes import Code, undotted, version_of
from icdbridge.packed import packed_records
from icdbridge.synthetic.clinician_wording import Wordings
from icdbridge.synthetic.deid import mimic4_mark
from icdbridge.synthetic.discharge_notes import write_note
from icdbridge.synthetic.dump import Settings, Table, code_rows, new_dump, open_tables, scattered, stays
from icdbridge.synthetic.patients import Admission

_COLUMNS = {row["table"]: row["columns"].split() for row in packed_records(__package__, "mimic4_columns.csv")}
_LOST_ADMISSION = 0.015  # share of the notes without an admission


def synthesize_mimic4(out: Path | str, notes: int, *, replace: bool = False, **drawn: Any) -> Path:
    """Writes a dump in the layout of MIMIC-IV with that many discharge summaries.

    Stays that truly ended before October 2015 (about two thirds) are coded in ICD-9, later ones in ICD-10;
    the dates shown are shifted. A few notes have no admission, a few stays no codes or no note.
    ``drawn``: ``words``, ``seed``, ``concepts``, ``world_seed``, ``unmentioned``, as in ``Settings``. Returns
    ``out``. Raises ``InputError`` for a setting out of range, or if ``out`` exists and ``replace`` is false.
    """
    settings = Settings(notes, **drawn)
    with (
        new_dump(Path(out), "MIMIC-IV 3.1 with MIMIC-IV-Note 2.2", settings, replace=replace) as folder,
        open_tables(folder, _COLUMNS, quote_header=False, quoted={"text"}) as tables,
    ):
        dump = _Dump(tables, settings)
        for stay, rng in stays("mimic4", settings):
            dump.add(stay, rng)
        for kind, systems in (("diagnoses", ("icd9cm", "icd10cm")), ("procedures", ("icd9proc", "icd10pcs"))):
            for system in systems:
                table, number = tables[f"hosp/d_icd_{kind}"], _number(system)
                for code, title in code_rows(system):
                    table.row(code, number, title)
    return Path(out)


def _number(system: str) -> int:
    return 9 if version_of(system) == "icd9" else 10


class _Dump:
    """Writes stays; numbers each patient's notes."""

    def __init__(self, tables: dict[str, Table], settings: Settings) -> None:
        self._tables = tables
        self._wordings = Wordings(settings.world_seed)
        self._patient, self._notes = -1, 0

    def add(self, stay: Admission, rng: random.Random) -> None:
        subject = 10_000_032 + 3 * stay.patient.number
        admission = scattered(stay.number, 20_000_000, 9_999_991)
        if stay.patient.number != self._patient:
            self._patient, self._notes = stay.patient.number, 0
            self._add_patient(subject, stay)
        first, last = stay.admitted + stay.patient.shift, stay.discharged + stay.patient.shift
        lost = stay.noted and rng.random() < _LOST_ADMISSION
        if not lost:
            self._tables["hosp/admissions"].row(
                subject, admission, f"{first} {rng.randrange(24):02}:12:00", f"{last} 15:05:00", None,
                "EW EMER." if rng.random() < 0.6 else "URGENT", None, "EMERGENCY ROOM", "HOME", "Other",
                "ENGLISH", None, "UNKNOWN", None, None, 0,
            )  # fmt: skip
            for number, code in enumerate(stay.diagnosis_codes(), start=1):
                self._tables["hosp/diagnoses_icd"].row(subject, admission, number, *_written(code))
            for number, code in enumerate(stay.procedure_codes(), start=1):
                self._tables["hosp/procedures_icd"].row(
                    subject, admission, number, str(first), *_written(code)
                )
        if stay.noted:
            self._notes += 1
            text = write_note(stay, self._wordings, mimic4_mark, rng)
            self._tables["note/discharge"].row(
                f"{subject}-DS-{self._notes}", subject, None if lost else admission, "DS", self._notes,
                f"{last} 00:00:00", f"{last} 21:{rng.randrange(60):02}:00", text,
            )  # fmt: skip

    def _add_patient(self, subject: int, stay: Admission) -> None:
        patient = stay.patient
        # The three years that hold the true year, as MIMIC-IV gives them.
        start = 2008 + (patient.first.year - 2008) // 3 * 3
        year = (patient.first + patient.shift).year
        self._tables["hosp/patients"].row(
            subject, patient.sex, stay.age, year, f"{start} - {start + 2}", None
        )


def _written(code: Code) -> tuple[str, int]:
    return undotted(code), _number(code.system)
