"""One way in for documents of every format: content decides what it is."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from icdbridge.documents.document import LONGEST_TEXT, SEXES, Document, Status, iso_time, setting_named
from icdbridge.errors import InputError
from icdbridge.escaping import visible
from icdbridge.tables import Column, Fault, decode_note, is_note, is_table, read_bytes, read_rows
from icdbridge.tables.content import HEAD, encoding_of, markup_of, sign_of

DOCUMENT_ENDINGS = (".rtf", ".docx", ".html", ".htm", ".xhtml", ".pdf", ".xml", ".cda", ".hl7")
_FHIR = re.compile(rb'^\s*[\[{].*"resourceType"\s*:', re.DOTALL)
_HL7 = re.compile(rb"^[\x0b\s]*(?:FHS|BHS|MSH)\|\^~\\&")
_XML = re.compile(r"\s*<(?:\?xml\b|!DOCTYPE\s+ClinicalDocument\b|(?:\w+:)?ClinicalDocument\b)", re.IGNORECASE)
_CONTAINERS = (b"{", b"[", b"<", b"MSH", b"FHS", b"BHS", b"\x0b")
# of a table, besides note_id and text
_FACTS = (
    "patient_id", "encounter_id", "title", "date", "type", "status", "sex", "birth_date", "admission", "discharge",
    "setting",
)  # fmt: skip


def read_documents(source: "Path | str | bytes", name: str | None = None) -> list[Document]:
    """The documents of a file, or of the bytes of one called ``name``: one, or all of a bundle, message or table.

    Read are plain text, RTF, Word (.docx), HTML, PDF with a text layer, C-CDA, FHIR R4 (DocumentReference, Composition,
    DiagnosticReport, Binary, alone, in a Bundle or a line each), HL7 v2 messages (MDM, ORU, ADT) and tables with the
    columns ``note_id`` and ``text``. Plain text stays as it is, to the letter. A document of several that has no text
    has a ``fault``; raises ``InputError`` that names the file where nothing can be read, and for a missing package.
    """
    if isinstance(source, bytes):
        return _read(source, visible(name or "the document", one_line=True), name)
    path = Path(source)
    place = visible(str(path), one_line=True)
    if is_table(path) and not holds_fhir(path):
        return list(_rows(path))
    return _read(read_bytes(path), place, path.name)


def is_document(path: Path) -> bool:
    """Whether a file is named as a note or document, or is FHIR."""
    return is_note(path) or path.suffix.lower() in DOCUMENT_ENDINGS or holds_fhir(path)


def is_plain(data: bytes) -> bool:
    """Whether bytes are no format to convert: text, or nothing that is read at all."""
    return not sign_of(data) and not _HL7.match(data) and markup_of(_loosely(data)) is None


def holds_fhir(path: Path) -> bool:
    """Whether a file is JSON of FHIR, by its beginning: named ``.json`` or ``.ndjson``, it is no table then."""
    return path.suffix.lower() in (".json", ".ndjson", ".jsonl") and bool(_FHIR.match(_beginning(path)))


def is_container(path: Path) -> bool:
    """Whether a file may hold several documents, by its beginning."""
    return _beginning(path).lstrip().startswith(_CONTAINERS)


def _beginning(path: Path) -> bytes:
    """The first bytes of a file, none of one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return b""


def convert(data: bytes, place: str) -> list[Document]:
    """What the bytes of a document say, by their content. Raises ``Fault``."""
    sign = sign_of(data)
    if sign == "a PDF file":
        from icdbridge.documents.office import pdf_text

        text, remarks = pdf_text(data, place)
        return [Document(text, format="PDF", remarks=remarks)]
    if sign == "zip" and b"word/" in data:
        from icdbridge.documents.office import word_text

        return [Document(word_text(data, place), format="Word")]
    if sign == "ole":
        raise Fault(place, "an old Word or Excel document: save it as .docx")
    if _HL7.match(data):
        from icdbridge.documents.hl7_messages import messages

        return messages(data, place)
    begin = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"{\\rtf"):
        from icdbridge.documents.office import rtf_text

        return [Document(rtf_text(data, place), format="RTF")]
    if _FHIR.match(begin):
        from icdbridge.documents.fhir_documents import fhir_documents

        return fhir_documents(data, place)
    text = "" if sign else _loosely(data)
    markup = "XML or HTML" if _XML.match(text) else markup_of(text)
    if markup == "HTML":
        return _html(data, place)
    if markup == "XML or HTML":
        from icdbridge.documents.clinical_xml import clinical_document
        from icdbridge.documents.markup import parse_xml

        root = parse_xml(data, place)
        if root.tag.rpartition("}")[2] == "html":
            return _html(data, place)
        return clinical_document(root, place)
    return [Document(decode_note(data, place))]


def _read(data: bytes, place: str, name: str | None) -> list[Document]:
    ending = Path(name or "").suffix.lower()
    if name and is_table(Path(name)) and not _FHIR.match(data.removeprefix(b"\xef\xbb\xbf")):
        return _table(data, place, ending)
    found = [_checked(one) for one in convert(data, place)]
    if len(found) == 1:
        if found[0].fault:
            raise Fault(place, found[0].fault)
        return found
    return _numbered(found)


def _html(data: bytes, place: str) -> list[Document]:
    from icdbridge.documents.markup import html_text

    text, title = html_text(data, place)
    return [Document(text, title=title, format="HTML")]


def _checked(document: Document) -> Document:
    if len(document.text) > LONGEST_TEXT:
        return replace(
            document, text="", fault=f"more than {LONGEST_TEXT // 10**6} million characters: cut it up"
        )
    if document.fault or document.text.strip() or document.format == "plain text":
        return document  # whether a note has words is for the coder to say
    return replace(document, fault="it has no text")


def _numbered(documents: list[Document]) -> list[Document]:
    taken: set[str] = set()
    named = []
    for number, document in enumerate(documents, 1):
        name = document.id or str(number)
        while name in taken:
            name = f"{name}-{number}"
        taken.add(name)
        named.append(replace(document, id=name))
    return named


def _loosely(data: bytes) -> str:
    """The text of bytes to be looked at, whatever their encoding."""
    mark, encoding = encoding_of(data)
    return data[len(mark) :].decode(encoding, "replace")


def _table(data: bytes, place: str, ending: str) -> list[Document]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table{ending}")
        path.write_bytes(data)
        try:
            return list(_rows(path))
        except InputError as error:
            raise InputError(str(error).replace(str(path), place)) from error


def _rows(path: Path) -> Iterator[Document]:
    columns = [Column("note_id"), Column("text"), *(Column(name, needed=False) for name in _FACTS)]
    for row in read_rows(path, columns):
        try:
            name, text = row.identifier("note_id"), row.text("text")
            facts = {fact: row.identifier(fact) for fact in _FACTS if row.cells.get(fact) is not None}
            fault = None if name and text else "its id or text is empty"
        except Fault as error:
            name, text, facts, fault = None, None, {}, error.what
        yield Document(text or "", name, **_facts(facts), format="a table", fault=fault)  # type: ignore[arg-type]


def _facts(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    known = {name: cells.get(name) for name in ("patient_id", "encounter_id", "title", "type")}
    known |= {name: iso_time(cells.get(name)) for name in ("date", "birth_date", "admission", "discharge")}
    known["sex"] = SEXES.get((cells.get("sex") or "").lower())
    known["setting"] = setting_named(cells.get("setting"))
    status = (cells.get("status") or "").lower()
    known["status"] = status if status in get_args(Status) else None
    return known
