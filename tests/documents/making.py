"""Documents of every format, as hospitals' systems write them; all of it made up."""

import base64
import html
import io
import json

from docx import Document as WordDocument

HEAD = "MSH|^~\\&|EHR|WARD|CODER|HIM|20261104||{kind}|M-1|P|2.5"
PATIENT = "PID|1||4711^^^H^MR||Doe^Jo||19500203|F"
VISIT = "PV1|1|I|W4" + "|" * 16 + "V-77" + "|" * 25 + "20261101|20261103"


def pdf(*pages: str) -> bytes:
    """A PDF with a text layer, a line of each page a line of text."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for page in pages:
        escaped = [line.translate({ord(sign): f"\\{sign}" for sign in "\\()"}) for line in page.split("\n")]
        drawn = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn if page else ''}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(pages)} >>"
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def word(*paragraphs: str, rows=(), **styles: str) -> bytes:
    """A Word document; ``styles``: paragraphs of a style, such as ``Title``."""
    made, held = WordDocument(), io.BytesIO()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    for style, text in styles.items():
        made.add_paragraph(text, style=style.replace("_", " "))
    if rows:
        table = made.add_table(len(rows), len(rows[0]))
        for line, row in zip(table.rows, rows, strict=True):
            for cell, text in zip(line.cells, row, strict=True):
                cell.text = text
    made.save(held)
    return held.getvalue()


def rtf(text: str) -> bytes:
    def sign(one: str) -> str:
        if one in "\\{}":
            return f"\\{one}"
        if one == "\n":
            return "\\par\n"
        return one if ord(one) < 128 else "".join(f"\\u{unit}?" for unit in units(one))

    def units(one: str) -> list[int]:
        raw = one.encode("utf-16-le")
        return [int.from_bytes(raw[i : i + 2], "little", signed=True) for i in range(0, len(raw), 2)]

    head = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}{\\*\\generator secret;}\\f0\\fs24 "
    return (head + "".join(map(sign, text)) + "\\par}").encode("ascii")


def page(text: str) -> bytes:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n"))
    return f"<!DOCTYPE html><html><head><title>A letter</title></head><body>{lines}</body></html>".encode()


def cda(sections: str, kind: str = "IMP") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
<id root="2.16.840" extension="DOC-5"/><code displayName="Discharge summary"/><title>Discharge  Summary</title>
<effectiveTime value="20261103101500+0100"/>
<recordTarget><patientRole><id root="1" extension="4711"/><patient><administrativeGenderCode code="F"/>
<birthTime value="19500203"/></patient></patientRole></recordTarget>
<componentOf><encompassingEncounter><id root="1" extension="V-77"/><code code="{kind}"/>
<effectiveTime><low value="20261101"/><high value="20261103"/></effectiveTime></encompassingEncounter></componentOf>
<component>{sections}</component></ClinicalDocument>""".encode()


def section(title: str, text: str) -> str:
    return f"<component><section><title>{title}</title><text>{text}</text></section></component>"


def message(*segments: str, kind: str = "MDM^T02", patient=(PATIENT, VISIT)) -> bytes:
    return "\r".join([HEAD.format(kind=kind), *patient, *segments]).encode()


def observation(value: str, kind: str = "TX", name: str = "", rest: str = "") -> str:
    return f"OBX|1|{kind}|{name}||{value}{rest}"


def encoded(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def bundle(*resources: dict) -> bytes:
    """A Bundle with the patient and encounter that the tests' documents are about."""
    mr = {"type": {"coding": [{"code": "MR"}]}, "value": "4711"}
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [{"value": "0"}, mr], "gender": "female"}
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "identifier": [{"value": "V-77"}],
        "class": {"code": "IMP"},
        "period": {"start": "2026-11-01T08:00:00Z", "end": "2026-11-03T12:00:00Z"},
    }
    entries = [
        {"fullUrl": "urn:uuid:p", "resource": patient | {"birthDate": "1950-02-03"}},
        {"resource": visit},
    ]
    entries += [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def reference(name: str = "d1", **attachment: str) -> dict:
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"display": "Discharge summary"}]},
        "date": "2026-11-03T10:15:00+01:00",
        "subject": {"reference": "urn:uuid:p"},
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
        "content": [{"attachment": attachment}],
    }
