"""A synthetic dump in the layout of MIMIC-III 1.4 (https://mimic.mit.edu/docs/iii/tables/)."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from icdbridge.codes import undotted
from icdbridge.packed import packed_records
from icdbridge.synthetic.clinician_wording import Wordings
from icdbridge.synthetic.deid import mimic3_mark
from icdbridge.synthetic.discharge_notes import write_addendum, write_note, write_other
from icdbridge.synthetic.dump import Settings, Table, code_rows, new_dump, open_tables, scattered, stays
from icdbridge.synthetic.patients import Admission

_COLUMNS = {row["table"]: row["columns"].split() for row in packed_records(__package__, "mimic3_columns.csv")}
_NUMBERS = {"ROW_ID", "SUBJECT_ID", "HADM_ID", "SEQ_NUM", "CGID", "EXPIRE_FLAG", "HOSPITAL_EXPIRE_FLAG"}
_NUMBERS |= {"HAS_CHARTEVENTS_DATA"}
_TEXTS = {column for columns in _COLUMNS.values() for column in columns} - _NUMBERS
_OTHERS = (("nursing", "Nursing/other"), ("radiology", "Radiology"), ("echo", "Echo"))


def synthesize_mimic3(
    out: Path | str, notes: int, *, others: float = 0.5, replace: bool = False, **drawn: Any
) -> Path:
    """Writes a dump in the layout of MIMIC-III 1.4 with that many discharge summaries, all coded in ICD-9.

    Besides: addenda, on average ``others`` notes of other categories a stay (34 in the real one), some without
    an admission, stays without a summary or codes. ``drawn``: ``words``, ``seed``, ``concepts``, ``world_seed``,
    ``unmentioned``, as in ``Settings``. Returns ``out``. Raises ``InputError`` for a setting out of range, or if
    ``out`` exists and ``replace`` is false.
    """
    settings = Settings(notes, **drawn)
    with (
        new_dump(Path(out), "MIMIC-III 1.4", settings, replace=replace) as folder,
        open_tables(folder, _COLUMNS, quote_header=True, quoted=_TEXTS) as tables,
    ):
        dump = _Dump(tables, settings, others)
        for stay, rng in stays("mimic3", settings):
            dump.add(stay, rng)
        for table, system in (("D_ICD_DIAGNOSES", "icd9cm"), ("D_ICD_PROCEDURES", "icd9proc")):
            for code, title in code_rows(system):
                dump.row(table, code, title[:24].strip(), title)
    return Path(out)


class _Dump:
    """Writes stays; numbers the rows of each table."""

    def __init__(self, tables: dict[str, Table], settings: Settings, others: float) -> None:
        self._tables = tables
        self._others = others
        self._rows = dict.fromkeys(tables, 0)
        self._wordings = Wordings(settings.world_seed)
        self._patient = -1
        # As many as the real ones where these suffice.
        self._range = (100_000, 99_991) if settings.notes < 90_000 else (1_000_000, 8_999_993)

    def row(self, table: str, *cells: str | int | None) -> None:
        self._rows[table] += 1
        self._tables[table].row(self._rows[table], *cells)

    def add(self, stay: Admission, rng: random.Random) -> None:
        subject, admission = 3 + stay.patient.number, scattered(stay.number, *self._range)
        shift = stay.patient.shift
        if stay.patient.number != self._patient:
            self._patient = stay.patient.number
            born = f"{stay.patient.birth + shift} 00:00:00"
            self.row("PATIENTS", subject, stay.patient.sex, born, None, None, None, 0)
        self._add_admission(subject, admission, stay, rng)
        diagnoses, procedures = stay.diagnosis_codes(), stay.procedure_codes()
        for table, codes in (("DIAGNOSES_ICD", diagnoses), ("PROCEDURES_ICD", procedures)):
            for number, code in enumerate(codes, start=1):
                self.row(table, subject, admission, number, undotted(code))
        if not diagnoses:  # as in the real table
            self.row("DIAGNOSES_ICD", subject, admission, None, None)
        self._add_notes(subject, admission, stay, rng)

    def _add_admission(self, subject: int, admission: int, stay: Admission, rng: random.Random) -> None:
        shift = stay.patient.shift
        urgency = "NEWBORN"
        if stay.patient.stage != "newborn":
            urgency = "EMERGENCY" if rng.random() < 0.8 else "ELECTIVE"
        self.row(
            "ADMISSIONS", subject, admission, f"{stay.admitted + shift} {rng.randrange(24):02}:15:00",
            f"{stay.discharged + shift} 14:30:00", None, urgency, "EMERGENCY ROOM ADMIT", "HOME", "Medicare",
            None, None, None, "UNKNOWN/NOT SPECIFIED", None, None, None, 0, 1,
        )  # fmt: skip

    def _add_notes(self, subject: int, admission: int, stay: Admission, rng: random.Random) -> None:
        first, last = stay.admitted + stay.patient.shift, stay.discharged + stay.patient.shift
        if stay.noted:
            text = write_note(stay, self._wordings, mimic3_mark, rng)
            self._note(subject, admission, last, "Discharge summary", "Report", text)
            if rng.random() < 0.12:
                text = write_addendum(stay, mimic3_mark, rng)
                day = last + timedelta(days=rng.randrange(5))
                self._note(subject, admission, day, "Discharge summary", "Addendum", text)
        for _ in range(int(self._others + rng.random())):
            kind, category = _OTHERS[int(rng.random() * len(_OTHERS))]
            text = write_other(kind, stay, mimic3_mark, rng)
            # Some are of visits between stays.
            stray = kind == "radiology" and rng.random() < 0.3
            self._note(subject, None if stray else admission, first, category, "Report", text, timed=True)

    def _note(
        self,
        subject: int,
        admission: int | None,
        day: date,
        category: str,
        description: str,
        text: str,
        *,
        timed: bool = False,
    ) -> None:
        time = f"{day} 08:{len(text) % 60:02}:00" if timed else None
        self.row(
            "NOTEEVENTS", subject, admission, str(day), time, time, category, description, None, None, text
        )
