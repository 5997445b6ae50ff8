"""The codes of finished encounters for other systems: a table, JSON, FHIR resources, and what an 837 claim asks for."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from icdbridge.codes import Code, declaration, parse_key, undotted
from icdbridge.coding import fhir
from icdbridge.coding.identity import note_identity, part_identity
from icdbridge.errors import InputError
from icdbridge.escaping import cell
from icdbridge.files import atomic_file
from icdbridge.server.store.database import Store
from icdbridge.server.store.finished import FinishedEncounter, finished
from icdbridge.server.store.trail import record

Format = Literal["csv", "json", "fhir", "claim"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "fhir": fhir.MEDIA_TYPE,
    "claim": "text/csv; charset=utf-8",
}
COLUMNS = (
    "encounter", "patient", "setting", "admission", "discharge", "order", "kind", "principal", "system", "code",
    "description", "poa", "by", "done",
)  # fmt: skip
CLAIM_COLUMNS = ("encounter", "patient", "sequence", "qualifier", "code", "poa", "date", "element")
# X12 837, code list 1270: principal and further diagnoses, external causes, principal and further procedures
_QUALIFIERS = {
    "icd10": {"principal": "ABK", "other": "ABF", "cause": "ABN", "procedure": "BBR", "procedures": "BBQ"},
    "icd9": {"principal": "BK", "other": "BF", "cause": "BN", "procedure": "BR", "procedures": "BQ"},
}
_EXTERNAL = {"icd10cm": "VWXY", "icd9cm": "E"}  # how codes of external causes begin
_POA_PLACE = 7  # separators between the code and the indicator in an HI element
_CLASSES = {"inpatient": ("IMP", "inpatient encounter"), "outpatient": ("AMB", "ambulatory")}
_ON_ADMISSION = f"{fhir.EXTENSION}present-on-admission"
Row = dict[str, Any]


def result_rows(one: FinishedEncounter) -> list[Row]:
    """A row an accepted code, in the coder's order; diagnoses come before procedures."""
    kinds = [declaration(parse_key(row.key).system).kind for row in one.accepted]
    coded = sorted(zip(kinds, one.accepted, strict=True), key=lambda pair: pair[0] == "procedure")
    stay = {"encounter": one.number, "patient": one.patient, "setting": one.setting}
    for name in ("admission", "discharge"):
        stay[name] = day.isoformat() if (day := getattr(one, name)) else None
    done = one.done and one.done.isoformat(timespec="seconds")
    rows, first = [], set[str]()
    for order, (kind, row) in enumerate(coded, 1):
        of_code = {
            "order": order,
            "kind": kind,
            "principal": kind not in first,
            **parse_key(row.key)._asdict(),
        }
        poa = row.poa if kind != "procedure" else None
        rows.append(stay | of_code | {"description": row.description, "poa": poa, "by": row.by, "done": done})
        first.add(kind)
    return rows


def claim_rows(one: FinishedEncounter) -> list[Row]:
    """A row a code as an institutional claim (X12 837) has it in its HI segments: ``element`` is what stands there.

    Codes are without dots, external causes (V to Y, in ICD-9 E) have a qualifier of their own, and only those of
    inpatients say whether they were present on admission.
    """
    rows: list[Row] = []
    for row in result_rows(one):
        code = Code(row["system"], row["code"])
        words = _QUALIFIERS["icd9" if code.system.startswith("icd9") else "icd10"]
        if row["kind"] == "procedure":
            use = "procedure" if row["principal"] else "procedures"
        elif code.code[0] in _EXTERNAL.get(code.system, ""):
            use = "cause"
        else:
            use = "other" if any(done["qualifier"] == words["principal"] for done in rows) else "principal"
        plain = undotted(code)
        poa = row["poa"] if row["setting"] == "inpatient" and row["kind"] != "procedure" else None
        element = f"{words[use]}:{plain}{':' * _POA_PLACE + poa if poa else ''}"
        day = row["discharge"] or row["admission"]
        cells = one.number, one.patient, row["order"], words[use], plain, poa, day, element
        rows.append(dict(zip(CLAIM_COLUMNS, cells, strict=True)))
    return rows


def result_bundle(one: FinishedEncounter) -> dict[str, Any]:
    """A FHIR R4 Bundle: the encounter, with the rank of its diagnoses, and a Condition or Procedure a code."""
    identity = note_identity(one.number, one.patient)
    rows, resources = result_rows(one), []
    for row in rows:
        code = row["system"], row["code"], row["description"]
        made = fhir.coded(*code, None, one.patient, identity=identity, accepted=True)
        made["encounter"] = {"reference": f"urn:uuid:{part_identity(identity, 'encounter')}"}
        if made["resourceType"] == "Condition":
            made["category"] = [{"coding": [_coding("condition-category", "encounter-diagnosis")]}]
        else:
            made["status"] = "completed"
        resources.append(made)
    kind, shown = _CLASSES.get(one.setting or "", ("", ""))
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    unknown = {"extension": [{"url": fhir.ABSENT, "valueCode": "unknown"}]}
    period = {"start": one.admission, "end": one.discharge}
    encounter = {
        "resourceType": "Encounter",
        "id": part_identity(identity, "encounter"),
        "identifier": [{"value": one.number}],
        "status": "finished",
        "class": {"system": act, "code": kind, "display": shown} if kind else unknown,
        "subject": resources[0]["subject"] if resources else None,
        "period": {name: day.isoformat() for name, day in period.items() if day},
        "diagnosis": [
            {
                "condition": {"reference": f"urn:uuid:{made['id']}"},
                "use": {"coding": [_coding("diagnosis-role", "DD")]},
                "rank": rank,
            }
            | ({"extension": [{"url": _ON_ADMISSION, "valueCode": row["poa"]}]} if row["poa"] else {})
            for rank, (row, made) in enumerate(zip(rows, resources, strict=True), 1)
            if made["resourceType"] == "Condition"
        ],
    }
    return fhir.bundle([{name: value for name, value in encounter.items() if value}, *resources])


def told(encounters: Iterable[FinishedEncounter], form: Format) -> Iterator[str]:
    """Results as text, a part at a time: CSV with a header, a JSON object or a Bundle a line."""
    if form in ("csv", "claim"):
        columns, rows_of = (COLUMNS, result_rows) if form == "csv" else (CLAIM_COLUMNS, claim_rows)
        yield _csv(columns, [dict(zip(columns, columns, strict=True))])
        for one in encounters:
            yield _csv(columns, rows_of(one))
        return
    for one in encounters:
        found = result_bundle(one) if form == "fhir" else {"encounter": one.number, "codes": result_rows(one)}
        yield json.dumps(found, ensure_ascii=False) + "\n"


def write_encounter_results(store: Store, out: Path | str, form: str, by: str) -> int:
    """Writes the codes of all finished encounters, atomically, and gives of how many; the trail says so."""
    if form not in FORMATS:
        raise InputError(f"unknown format {form!r}: expected {', '.join(FORMATS)}")
    count = 0

    def counted(encounters: Iterable[FinishedEncounter]) -> Iterator[FinishedEncounter]:
        nonlocal count
        for one in encounters:
            count += 1
            yield one

    with (
        atomic_file(Path(out)) as partial,
        store.reading() as session,
        partial.open("w", encoding="utf-8") as file,
    ):
        file.writelines(told(counted(finished(session, texts=False)), form))
    with store.writing() as session:
        record(session, by, "took results of", encounters=count, form=form)
    return count


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    held = io.StringIO()
    writer = csv.DictWriter(held, columns, lineterminator="\n")
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return held.getvalue()


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}
