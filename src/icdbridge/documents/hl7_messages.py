"""HL7 v2 messages (MDM, ORU, ADT) as documents.

A message is lines of fields, whose separators its first line names: they are split here, because the libraries that do
it refuse what hospitals send beyond the standard, or are no longer kept.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from icdbridge.documents.document import SETTINGS, SEXES, Document, Status, hl7_time, tidy, unpacked
from icdbridge.tables import Fault

_CHARSETS = {"8859/1": "latin-1", "8859/15": "iso8859-15", "8859/2": "iso8859-2", "8859/9": "iso8859-9"}
_COMPLETION: dict[str, Status] = {
    **dict.fromkeys(("DI", "DO", "IN", "IP", "PA"), "preliminary"),
    **dict.fromkeys(("AU", "LA"), "final"),
}
_RESULT: dict[str, Status] = {
    "F": "final", "C": "amended", "P": "preliminary", "R": "preliminary", "I": "preliminary", "X": "entered-in-error",
}  # fmt: skip
_AVAILABILITY: dict[str, Status] = {"CA": "entered-in-error", "OB": "superseded"}
_FORMATTED = {"br": "\n", "sp": "\n", "fi": "", "nf": "", "in": "", "ti": "", "sk": " ", "ce": "\n"}
_ESCAPE = re.compile(r"\\([^\\\r\n]{1,64})\\")
_MESSAGE = re.compile(r"(?:^|[\r\n\x0b\x1c])(?=MSH\|)")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9])")
_LINE = re.compile(r"[\r\n\x0b\x1c]+")


class _Segment:
    """A line of a message; fields count from 1, as the standard does."""

    def __init__(self, line: str, separators: str) -> None:
        field, component, repeat, _, subcomponent = list(separators)
        self._field, self._component, self._repeat = field, component, repeat
        cells = line.split(field)
        self.name = cells[0]
        self._cells = [self._field, *cells[1:]] if self.name == "MSH" else cells[1:]
        self._marks = {"F": field, "S": component, "R": repeat, "E": "\\", "T": subcomponent}

    def raw(self, field: int) -> str:
        return self._cells[field - 1] if field <= len(self._cells) else ""

    def repeats(self, field: int) -> list[str]:
        """Each value of a field as text."""
        return [self.plain(one) for one in self.raw(field).split(self._repeat)]

    def part(self, field: int, component: int = 1) -> str | None:
        """A component of the first value of a field; None where it is empty."""
        parts = self.raw(field).split(self._repeat)[0].split(self._component)
        value = self.plain(parts[component - 1]).strip() if component <= len(parts) else ""
        return None if value in ("", '""') else value

    def plain(self, value: str) -> str:
        """Text without escapes: ``\\T\\`` is the separator, ``\\.br\\`` a line end, ``\\X0D\\`` a byte."""

        def meant(found: re.Match[str]) -> str:
            told = found[1]
            if told in self._marks:
                return self._marks[told]
            if told in ("H", "N"):  # emphasis begins, ends
                return ""
            if told.startswith("."):
                return _FORMATTED.get(told[1:3].lower(), "")
            if re.fullmatch("X(?:[0-9A-Fa-f]{2})+", told):
                return bytes.fromhex(told[1:]).decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
            return "" if told[0] in "CMZ" and len(told) > 1 else found[0]

        return _ESCAPE.sub(meant, value)


def messages(data: bytes, place: str) -> list[Document]:
    """The documents of all messages of a file: one an MDM or ADT, one a report (OBR) of an ORU. Raises ``Fault``."""
    text = _decoded(data, place)
    found: list[Document] = []
    for number, message in enumerate((one for one in _MESSAGE.split(text) if one.startswith("MSH|")), 1):
        lines = [line for line in _LINE.split(message) if line.strip()]
        if len(lines[0]) < 8:
            raise Fault(place, f"message {number} has a head (MSH) that is cut off: send it again")
        separators = lines[0][3:8]
        segments = [_Segment(line, separators) for line in _whole(lines, separators[0])]
        found += _message(segments, place)
    if not found:
        raise Fault(place, "an HL7 file without a message (MSH): send it again")
    return found


def _whole(lines: list[str], separator: str) -> list[str]:
    """The segments of lines; a line end within a text, which the standard forbids, is part of its segment."""
    whole: list[str] = []
    for line in lines:
        if not whole or (_SEGMENT.match(line) and line[3:4] in (separator, "")):
            whole.append(line)
        else:
            whole[-1] += f"\n{line}"
    return whole


def _decoded(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        head = data[data.index(b"MSH") :].split(b"\r", 1)[0].decode("latin-1")
        fields = head.split("|")
        named = fields[17].split("~")[0] if len(fields) > 17 else ""
        if named in _CHARSETS:
            return data.decode(_CHARSETS[named], "replace")
        raise Fault(
            place, "an HL7 message that is neither UTF-8 nor in the encoding that MSH-18 names"
        ) from None


def _message(segments: list[_Segment], place: str) -> list[Document]:
    head = segments[0]
    kind, event = head.part(9, 1) or "", head.part(9, 2) or ""
    known = replace(_known(segments), id=head.part(10), format=f"HL7 {kind}".strip())
    if kind == "ADT":
        return [Document(_admission(segments), format=known.format).within(known)]
    reports: list[list[_Segment]] = [[]]
    for segment in segments:
        if segment.name == "OBR" and kind == "ORU" and any(one.name == "OBX" for one in reports[-1]):
            reports.append([])
        if segment.name in ("OBR", "OBX", "NTE", "TXA"):
            reports[-1].append(segment)
    found = []
    for report in reports:
        told = _told(report, event).within(known if len(reports) == 1 else replace(known, id=None))
        found += [replace(one.attached_to(told), format=known.format) for one in _body(report, place)]
    return found


def _known(segments: list[_Segment]) -> Document:
    first = {segment.name: segment for segment in reversed(segments)}
    patient, visit = (first.get(name) or _Segment(name, "|^~\\&") for name in ("PID", "PV1"))
    return Document(
        "",
        patient_id=patient.part(3) or patient.part(2),
        sex=SEXES.get((patient.part(8) or "").lower()),
        birth_date=(hl7_time(patient.part(7)) or "")[:10] or None,
        encounter_id=(visit.part(19) or patient.part(18)) if "PV1" in first else None,
        setting=SETTINGS.get((visit.part(2) or "").upper()),
        admission=(hl7_time(visit.part(44)) or "")[:10] or None,
        discharge=(hl7_time(visit.part(45)) or "")[:10] or None,
    )


def _told(report: list[_Segment], event: str) -> Document:
    about = Document("")
    for segment in report:
        if segment.name == "TXA":
            about = replace(
                about,
                id=segment.part(12),
                title=segment.part(16),
                type=segment.part(2, 2) or segment.part(2),
                date=hl7_time(segment.part(4)) or hl7_time(segment.part(6)),
                status=_AVAILABILITY.get(segment.part(19) or "") or _COMPLETION.get(segment.part(17) or ""),
            )
        elif segment.name == "OBR" and about.id is None:
            about = replace(
                about,
                id=segment.part(3) or segment.part(2),
                title=about.title or segment.part(4, 2),
                date=about.date or hl7_time(segment.part(7)) or hl7_time(segment.part(22)),
                status=about.status or _RESULT.get(segment.part(25) or ""),
            )
    return replace(about, status="entered-in-error") if event == "T11" else about


def _body(report: list[_Segment], place: str) -> list[Document]:
    """The text of a report, and documents that are attached to it."""
    lines, attached = [], []
    for segment in report:
        if segment.name == "NTE":
            lines += segment.repeats(3)
        elif segment.name == "OBX" and segment.part(11) not in ("D", "X"):
            if segment.part(2) in ("ED", "RP"):
                attached += _attached(segment, place)
            elif value := _observed(segment):
                lines.append(value)
    text = tidy("\n".join(lines))
    if text and (converted := _marked_up(text, place)):
        attached, text = [*converted, *attached], ""
    return ([Document(text)] if text or not attached else []) + attached


def _observed(segment: _Segment) -> str:
    kind, name = segment.part(2) or "", segment.part(3, 2) or segment.part(3)
    if kind in ("TX", "FT", "ST", ""):
        value = "\n".join(segment.repeats(5))
        return f"{name}: {value}" if kind == "ST" and name and value.strip() else value
    if kind in ("CE", "CWE", "CF", "CNE"):
        value = segment.part(5, 2) or segment.part(5) or ""
    else:
        value = " ".join(part for part in (segment.part(5), segment.part(6, 1)) if part)
    flag = {"H": " (high)", "L": " (low)", "HH": " (very high)", "LL": " (very low)", "A": " (abnormal)"}
    told = value and value + flag.get(segment.part(8) or "", "")
    return f"{name}: {told}" if name and told else told


def _marked_up(text: str, place: str) -> list[Document]:
    """Documents of text that is RTF, HTML or XML: some send these as lines of text."""
    from icdbridge.documents.read_documents import convert
    from icdbridge.tables.content import markup_of

    if markup_of(text) in ("RTF", "HTML", "XML or HTML"):
        return convert(text.encode(), place)
    return []


def _attached(segment: _Segment, place: str) -> list[Document]:
    from icdbridge.documents.read_documents import convert

    if segment.part(2) == "RP":
        return [Document("", fault="its text is at an address outside the message: send the file")]
    encoding, value = segment.part(5, 4) or "", segment.part(5, 5) or ""
    try:
        return convert(unpacked(value, place) if encoding == "Base64" else value.encode(), place)
    except Fault as error:
        return [Document("", fault=error.what)]


def _admission(segments: list[_Segment]) -> str:
    """What an ADT message says in words: why the patient came, diagnoses, procedures, allergies and remarks."""

    def told() -> Iterator[str]:
        for segment in segments:
            value = {
                "PV2": lambda one: _labelled("Admit reason", one.part(3, 2) or one.part(3)),
                "DG1": lambda one: _labelled("Diagnosis", one.part(4) or one.part(3, 2)),
                "PR1": lambda one: _labelled("Procedure", one.part(4) or one.part(3, 2)),
                "AL1": lambda one: _labelled("Allergy", one.part(3, 2) or one.part(3)),
                "NTE": lambda one: "\n".join(one.repeats(3)),
                "OBX": _observed,
            }.get(segment.name, lambda one: "")(segment)
            if value:
                yield value

    return tidy("\n".join(told()))


def _labelled(label: str, value: str | None) -> str:
    return f"{label}: {value}" if value else ""
