"""FHIR R4 resources as documents: DocumentReference, Composition, DiagnosticReport, Binary; alone or in a Bundle."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from icdbridge.documents.document import SETTINGS, SEXES, Document, Status, iso_time, tidy, unpacked
from icdbridge.documents.markup import html_text
from icdbridge.tables import Fault

Resource = Mapping[str, Any]
_STATUS: dict[str, Status] = {
    "preliminary": "preliminary", "partial": "preliminary", "registered": "preliminary", "final": "final",
    "amended": "amended", "corrected": "amended", "appended": "amended", "superseded": "superseded",
    "entered-in-error": "entered-in-error", "cancelled": "entered-in-error",
}  # fmt: skip
# of the forms of one document the one that loses least
_PREFERRED = (
    *("text/plain", "text/html", "application/xhtml", "text/xml", "application/xml"),
    *("text/rtf", "application/rtf"),
)
MOST = 10_000  # documents of a file


def fhir_documents(data: bytes, place: str) -> list[Document]:
    """The documents of FHIR JSON: a resource, a Bundle, a list of them, or one a line. Raises ``Fault``."""
    bundle = _Bundle(list(_resources(_json(data, place), place)))

    def made(**makers: Any) -> list[Document]:
        named = [(makers.get(resource["resourceType"]), resource) for resource in bundle.resources]
        return [one for maker, resource in named if maker for one in _made(maker, resource, place)]

    told = {"Composition": bundle.composition, "DiagnosticReport": bundle.report}
    found = made(DocumentReference=bundle.reference, **told) or made(Binary=bundle.binary)
    if not found:
        raise Fault(
            place, "FHIR without a document (DocumentReference, Composition, DiagnosticReport or Binary)"
        )
    if len(found) > MOST:
        raise Fault(place, f"more than {MOST:,} documents: cut it up")
    return found


def _made(maker: Any, resource: Resource, place: str) -> list[Document]:
    name = _text(resource.get("id"))
    try:
        return [replace(one, format=f"FHIR {resource['resourceType']}") for one in maker(resource, place)]
    except Fault as error:
        return [Document("", name, fault=error.what, format=f"FHIR {resource['resourceType']}")]


class _Bundle:
    """Resources that refer to each other."""

    def __init__(self, given: list[tuple[str | None, Resource]]) -> None:
        self.resources = [resource for _, resource in given]
        self._named: dict[str, Resource] = {}
        for url, resource in given:
            if url:
                self._named.setdefault(url, resource)
            if name := _text(resource.get("id")):
                self._named.setdefault(f"{resource['resourceType']}/{name}", resource)

    def reference(self, resource: Resource, place: str) -> Iterator[Document]:
        context = _dict(resource.get("context"))
        known = replace(
            self._known(resource, _first(context.get("encounter")), context.get("period")),
            title=_text(resource.get("description")),
            date=iso_time(resource.get("date")),
            status=_status(resource) or _status(resource, "docStatus"),
        )
        forms = [_dict(_dict(one).get("attachment")) for one in _list(resource.get("content"))]
        yield from self._attached(resource, forms, known, place)

    def report(self, resource: Resource, place: str) -> Iterator[Document]:
        known = replace(
            self._known(resource, resource.get("encounter")),
            date=iso_time(resource.get("effectiveDateTime")) or iso_time(resource.get("issued")),
            status=_status(resource),
        )
        forms = [_dict(one) for one in _list(resource.get("presentedForm"))]
        if forms:
            yield from self._attached(resource, forms, known, place)
            return
        parts = [_narrative(resource, place), _text(resource.get("conclusion")) or ""]
        yield Document(tidy("\n\n".join(filter(None, parts)))).within(known)

    def composition(self, resource: Resource, place: str) -> Iterator[Document]:
        known = replace(
            self._known(resource, resource.get("encounter")),
            title=_text(resource.get("title")),
            date=iso_time(resource.get("date")),
            status=_status(resource),
        )
        sections = [part for one in _list(resource.get("section")) for part in _section(_dict(one), place)]
        yield Document(tidy("\n\n".join(sections) or _narrative(resource, place))).within(known)

    def binary(self, resource: Resource, place: str) -> Iterator[Document]:
        form = {"contentType": resource.get("contentType"), "data": resource.get("data")}
        yield from self._attached(resource, [form], Document("", _text(resource.get("id"))), place)

    def _attached(
        self, resource: Resource, forms: Sequence[Resource], known: Document, place: str
    ) -> Iterator[Document]:
        """The documents of the first of several forms of one document that can be read."""
        fault = "it has no content"
        for form in sorted(forms, key=_preference):
            kind = (_text(form.get("contentType")) or "").lower()
            try:
                data = self._data(form, resource, place)
                for one in _converted(data, kind, place):
                    yield one.attached_to(replace(known, title=known.title or _text(form.get("title"))))
                return
            except Fault as error:
                fault = error.what
        yield replace(known, fault=fault)

    def _data(self, form: Resource, resource: Resource, place: str) -> bytes:
        data, url = form.get("data"), _text(form.get("url"))
        if data is None and url:
            held = [_dict(one) for one in _list(resource.get("contained"))]
            inside = {f"#{one.get('id')}": one for one in held} | self._named
            name = url.split("/_history/")[0]
            found = inside.get(name) or inside.get("/".join(name.rsplit("/", 2)[-2:]))
            data = found.get("data") if found else None
            if data is None:
                raise Fault(place, "its text is at an address outside the bundle: send it along as a Binary")
        return unpacked(str(data or ""), place)

    def _known(self, resource: Resource, encounter: Any, period: Any = None) -> Document:
        patient, visit = self._found(resource.get("subject")), self._found(encounter)
        when = _dict(_dict(visit).get("period")) or _dict(period)
        kind = _first(_dict(visit).get("class"))
        codings = [kind, *_list(kind.get("coding"))]
        setting = next(
            (SETTINGS[code] for one in codings if (code := str(_dict(one).get("code"))) in SETTINGS), None
        )
        return Document(
            "",
            id=_text(resource.get("id")),
            type=_concept(resource.get("type")) or _concept(resource.get("code")),
            patient_id=_identifier(patient, resource.get("subject")),
            encounter_id=_identifier(visit, encounter),
            sex=SEXES.get((_text(_dict(patient).get("gender")) or "").lower()),
            birth_date=iso_time(_dict(patient).get("birthDate")),
            admission=(iso_time(when.get("start")) or "")[:10] or None,
            discharge=(iso_time(when.get("end")) or "")[:10] or None,
            setting=setting,
        )

    def _found(self, reference: Any) -> Resource | None:
        name = _text(_dict(reference).get("reference"))
        if not name:
            return None
        return self._named.get(name) or self._named.get("/".join(name.rsplit("/", 2)[-2:]))


def _converted(data: bytes, kind: str, place: str) -> list[Document]:
    from icdbridge.documents.read_documents import convert

    charset = kind.partition("charset=")[2].strip("\"' ;")
    if kind.startswith("text/plain") and charset and charset != "utf-8":
        try:
            data = data.decode(charset).encode()
        except (LookupError, UnicodeDecodeError):
            raise Fault(place, "text that is not in the encoding that its contentType names") from None
    return convert(data, place)


def _section(section: Resource, place: str, depth: int = 0) -> list[str]:
    title, told = _text(section.get("title")), _narrative(section, place)
    parts = [f"{title}:\n{told}" if title and told else told or (title or "")]
    for below in _list(section.get("section")) if depth < 20 else ():
        parts += _section(_dict(below), place, depth + 1)
    return [part for part in parts if part]


def _narrative(resource: Resource, place: str) -> str:
    div = _text(_dict(resource.get("text")).get("div"))
    return html_text(div, place)[0] if div else ""


def _json(data: bytes, place: str) -> list[Any]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault(place, "JSON that is not UTF-8: send it as UTF-8") from None
    try:
        return [json.loads(text)]
    except RecursionError:
        raise Fault(place, "JSON that is nested too deeply") from None
    except ValueError as whole:
        values = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                values += [json.loads(line)] if line.strip() else []
            except (ValueError, RecursionError):
                where = f"line {number}" if values else f"character {getattr(whole, 'pos', 0)}"
                raise Fault(place, f"JSON that is not whole ({where}): send it again") from None
        return values


def _resources(values: list[Any], place: str) -> Iterator[tuple[str | None, Resource]]:
    """Every resource with the address that others name it by; Bundles are opened, to a depth of 5."""
    waiting: list[tuple[str | None, Any, int]] = [(None, value, 0) for value in values]
    while waiting:
        url, value, depth = waiting.pop(0)
        if isinstance(value, list) and depth < 5:
            waiting = [(None, one, depth + 1) for one in value] + waiting
        elif isinstance(value, dict) and value.get("resourceType") == "Bundle" and depth < 5:
            entries = [_dict(one) for one in _list(value.get("entry"))]
            inner = [(_text(one.get("fullUrl")), one.get("resource"), depth + 1) for one in entries]
            waiting = [(u, one, d) for u, one, d in inner if one is not None] + waiting
        elif isinstance(value, dict) and isinstance(value.get("resourceType"), str):
            yield url, value
        else:
            raise Fault(place, "JSON with something that is no FHIR resource")


def _preference(form: Resource) -> int:
    kind = (_text(form.get("contentType")) or "").lower()
    return next((rank for rank, known in enumerate(_PREFERRED) if kind.startswith(known)), len(_PREFERRED))


def _identifier(resource: Resource | None, reference: Any) -> str | None:
    """How people name a patient or encounter: a record number before the id of the resource."""
    given = [_dict(one) for one in _list(_dict(resource).get("identifier"))]
    given.sort(key=lambda one: not _is_record_number(one))
    named = [value for one in given if (value := _text(one.get("value")))]
    if named:
        return named[0]
    reference = _dict(reference)
    name = _text(reference.get("reference"))
    return _text(_dict(reference.get("identifier")).get("value")) or (
        name.rpartition("/")[2] if name else None
    )


def _is_record_number(identifier: Resource) -> bool:
    codings = _list(_dict(identifier.get("type")).get("coding"))
    return any(_dict(one).get("code") in ("MR", "VN") for one in codings)


def _status(resource: Resource, field: str = "status") -> Status | None:
    return _STATUS.get(_text(resource.get(field)) or "")


def _concept(value: Any) -> str | None:
    concept = _dict(value)
    shown = [_text(_dict(one).get("display")) for one in _list(concept.get("coding"))]
    return _text(concept.get("text")) or next(filter(None, shown), None)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: Any) -> dict[str, Any]:
    return _dict(value[0] if isinstance(value, list) and value else value)
