"""HL7 CDA (C-CDA) documents: the narrative of each section, and what the header says."""

from typing import Any

from icdbridge.documents.document import SETTINGS, SEXES, Document, Status, hl7_time, tidy, unpacked
from icdbridge.documents.markup import element_text
from icdbridge.tables import Fault

_CDA = "urn:hl7-org:v3"
_N = {"c": _CDA, "s": "urn:hl7-org:sdtc"}
_STATUS: dict[str | None, Status] = {
    "completed": "final",
    "active": "preliminary",
    **dict.fromkeys(("aborted", "nullified"), "entered-in-error"),
}


def clinical_document(root: Any, place: str) -> list[Document]:
    """The document of a CDA ``ClinicalDocument``. Raises ``Fault`` for other XML and a body that cannot be read."""
    if root.tag != f"{{{_CDA}}}ClinicalDocument":
        raise Fault(place, "XML, but no clinical document (CDA): save its text as .txt")
    patient = root.find("c:recordTarget/c:patientRole", _N)
    visit = root.find("c:componentOf/c:encompassingEncounter", _N)
    known = Document(
        "",
        id=_value(root, "c:id", "extension") or _value(root, "c:id", "root"),
        title=_words(root.find("c:title", _N)),
        date=hl7_time(_value(root, "c:effectiveTime")),
        type=_value(root, "c:code", "displayName"),
        status=_STATUS.get(_value(root, "s:statusCode", "code")),
        patient_id=_value(patient, "c:id", "extension"),
        encounter_id=_value(visit, "c:id", "extension"),
        sex=SEXES.get((_value(patient, "c:patient/c:administrativeGenderCode", "code") or "").lower()),
        birth_date=_day(hl7_time(_value(patient, "c:patient/c:birthTime"))),
        admission=_day(hl7_time(_value(visit, "c:effectiveTime/c:low"))),
        discharge=_day(hl7_time(_value(visit, "c:effectiveTime/c:high"))),
        setting=SETTINGS.get((_value(visit, "c:code", "code") or "").upper()),
        format="CDA",
    )
    attached = root.find("c:component/c:nonXMLBody/c:text", _N)
    if attached is not None:
        return [one.attached_to(known) for one in _attached(attached, place)]
    sections = root.findall("c:component/c:structuredBody/c:component/c:section", _N)
    text = tidy("\n\n".join(part for section in sections for part in _section(section)))
    return [Document(text, format="CDA").within(known)]


def _section(section: Any, depth: int = 0) -> list[str]:
    title, told = _words(section.find("c:title", _N)), section.find("c:text", _N)
    narrative = element_text(told) if told is not None else ""
    parts = [f"{title}:\n{narrative}" if title and narrative else narrative or (title or "")]
    if depth < 20:
        for below in section.findall("c:component/c:section", _N):
            parts += _section(below, depth + 1)
    return [part for part in parts if part]


def _attached(element: Any, place: str) -> list[Document]:
    from icdbridge.documents.read_documents import convert

    if element.find("c:reference", _N) is not None:
        return [Document("", format="CDA", fault="its text is in another file: send that file")]
    words = "".join(element.itertext())
    if (element.get("representation") or "").upper() != "B64":
        return [Document(tidy(words), format="CDA")]
    return convert(unpacked(words, place), place)


def _value(element: Any, path: str, attribute: str = "value") -> str | None:
    found = None if element is None else element.find(path, _N)
    value = None if found is None else (found.get(attribute) or "").strip()
    return value or None


def _words(element: Any) -> str | None:
    words = "" if element is None else " ".join("".join(element.itertext()).split())
    return words or None


def _day(time: str | None) -> str | None:
    return time and time[:10]
