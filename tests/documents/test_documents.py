"""Documents of every format become text without markup, with what their files say of patient and encounter."""

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from tests.documents.making import (
    PATIENT,
    bundle,
    cda,
    encoded,
    message,
    observation,
    page,
    pdf,
    reference,
    rtf,
    section,
    word,
)

from icdbridge.coding.sources import Source
from icdbridge.documents import office, read_documents
from icdbridge.errors import InputError

FACTS = {
    "patient_id": "4711",
    "encounter_id": "V-77",
    "sex": "female",
    "birth_date": "1950-02-03",
    "admission": "2026-11-01",
    "discharge": "2026-11-03",
    "setting": "inpatient",
}
NOTE = "Pneumonia of the left lung.\nNo fever (temp < 37 & stable)."
BODY = f"<structuredBody>{section('Findings', 'Pneumonia')}</structuredBody>"


def facts(document):
    return {name: value for name, value in vars(document).items() if name in FACTS and value is not None}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (NOTE.encode(), "plain text"),
        (rtf(NOTE), "RTF"),
        (word(*NOTE.split("\n")), "Word"),
        (page(NOTE).replace(b"<p>", b"<div>").replace(b"</p>", b"</div>"), "HTML"),
        (pdf(NOTE), "PDF"),
        (message(*map(observation, NOTE.replace("&", "\\T\\").split("\n"))), "HL7 MDM"),
        (bundle(reference(contentType="text/plain", data=encoded(NOTE))), "FHIR DocumentReference"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_note_in_every_format_is_the_same_text(data, kind):
    (document,) = read_documents(data)
    assert document.text == NOTE
    assert (document.format, document.fault, document.remarks) == (kind, None, ())


WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="\u200b"), min_size=1
)
LINES = st.lists(st.lists(WORDS, min_size=1).map(" ".join), min_size=1).map("\n".join)


@settings(max_examples=25)
@given(LINES)
def test_words_survive_rtf_html_hl7_and_fhir(text):
    text = "Note: " + text
    escapes = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\n": "\\.br\\"}
    sent = "".join(escapes.get(sign, sign) for sign in text)
    for data in (
        rtf(text),
        page(text),
        message(observation(sent, "FT")),
        bundle({"resourceType": "DiagnosticReport", "conclusion": text}),
    ):
        assert read_documents(data)[0].text.split() == text.split()


def test_a_page_is_read_as_it_is_seen():
    (document,) = read_documents(
        b"<html><head><title>A  letter</title><style>p{}</style></head><body><h1>Findings</h1>"
        b"<p>Pneumonia,\n left   <b>lung</b>.<br>No <i>fever</i>.</p><ol><li>one<li>two</ol>"
        b"<table><tr><th>HTN<td><p>yes</p></tr><tr><td>DM</td><td></td><td>no</td></tr></table>"
        b"<p hidden>secret</p><p style='display: none'>secret</p><del>secret</del><!-- secret -->"
        b"<script>secret</script><input type=checkbox checked> MI <input type=checkbox> CVA"
        b"<select><option>secret<option selected>left</select><pre>a\n  b</pre>&nbsp;x&shy;y</body></html>"
    )
    assert document.title == "A letter"
    assert document.text == (
        "Findings\n\nPneumonia, left lung.\nNo fever.\n\n1. one\n2. two\n\nHTN\tyes\nDM\tno\n\n"
        "[x] MI [ ] CVA\nleft\na\n  b\n xy"
    )


def test_a_word_document_with_lists_tables_and_what_templates_insert():
    made = word("Findings", rows=[["HTN", "yes"], ["DM", "no"]], List_Bullet="one")
    assert read_documents(made)[0].text == "Findings\n\n- one\n\nHTN\tyes\nDM\tno"
    held = io.BytesIO()
    run = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>".format
    control = f"<w:sdt><w:sdtContent>{run('of a field')}</w:sdtContent></w:sdt>"
    added, deleted = "<w:r><w:t>added</w:t></w:r>", "<w:r><w:delText>secret</w:delText></w:r>"
    changed = f"<w:p><w:ins>{added}</w:ins><w:del>{deleted}</w:del></w:p>"
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = data.replace(b"<w:body>", f"<w:body>{control}{changed}".encode())
            new.writestr(name, data)
    assert read_documents(held.getvalue())[0].text.startswith("of a field\nadded\nFindings")


def test_a_clinical_document_has_its_sections_and_what_its_head_says():
    inner = "<list><item>COPD<content revised='delete'> secret</content></item><item>T2DM</item></list>"
    below = section("Left lung", "<paragraph>Pneumonia</paragraph>")
    nested = f"<component><section><title>Lungs</title>{below}</section></component>"
    (document,) = read_documents(
        cda(f"<structuredBody>{section('Problems', inner)}{nested}</structuredBody>")
    )
    assert document.text == "Problems:\n- COPD\n- T2DM\n\nLungs\n\nLeft lung:\nPneumonia"
    assert facts(document) == FACTS
    told = (document.id, document.title, document.type, document.date)
    assert told == ("DOC-5", "Discharge Summary", "Discharge summary", "2026-11-03T10:15")
    (other,) = read_documents(
        cda(f'<nonXMLBody><text representation="B64">{encoded(rtf("A scan."))}</text></nonXMLBody>', "EMER")
    )
    assert (other.text, other.id, other.setting) == ("A scan.", "DOC-5", "outpatient")


def test_a_bundle_has_a_document_an_entry():
    composition = {
        "resourceType": "Composition",
        "id": "c1",
        "status": "entered-in-error",
        "title": "Consult",
        "subject": {"reference": "Patient/p1"},
        "section": [
            {"title": "Reason", "text": {"div": "<div>COPD<br/>worse</div>"}},
            {"title": "Plan", "section": [{"text": {"div": "<div>Oxygen</div>"}}]},
        ],
    }
    binary = {
        "resourceType": "Binary",
        "id": "b",
        "contentType": "application/pdf",
        "data": encoded(pdf("A PDF")),
    }
    first, second, third, fourth = read_documents(
        bundle(
            reference("d1", contentType="application/pdf", url="Binary/b"),
            reference(
                "d2", contentType="text/plain;charset=iso-8859-1", data=encoded("Ménière".encode("latin-1"))
            ),
            reference("d3", contentType="application/pdf", url="https://elsewhere.example/Binary/9"),
            composition,
            binary,
        )
    )
    assert facts(first) == facts(second) == FACTS
    assert (first.text, first.id, first.type, first.status) == ("A PDF", "d1", "Discharge summary", "final")
    assert (second.text, second.date) == ("Ménière", "2026-11-03T10:15")
    assert third.fault == "its text is at an address outside the bundle: send it along as a Binary"
    assert (fourth.text, fourth.title) == ("Reason:\nCOPD\nworse\n\nPlan\n\nOxygen", "Consult")
    assert fourth.not_coded == "it was entered in error"


def test_of_several_forms_of_one_document_one_is_read():
    both = reference(contentType="application/pdf", data="broken")
    both["content"].append(
        {"attachment": {"contentType": "text/html", "data": encoded("<p>as text</p><p>2</p>")}}
    )
    (document,) = read_documents(bundle(both))
    assert document.text == "as text\n\n2"


def test_resources_a_line_and_alone():
    lines = [
        json.dumps(reference(f"d{n}", contentType="text/plain", data=encoded(f"note {n}"))) for n in range(2)
    ]
    assert [one.text for one in read_documents("\n".join(lines).encode())] == ["note 0", "note 1"]
    (alone,) = read_documents(lines[0].encode())
    assert (alone.text, alone.patient_id) == ("note 0", "urn:uuid:p")


def test_messages_of_hl7():
    about = "TXA|1|DS^Discharge Summary|TX|20261103101500||||||||D-9||||A title|LA"
    (document,) = read_documents(
        message(about, observation("One~two \\H\\bold\\N\\ \\X41\\"), observation("a\\.br\\b", "FT"))
    )
    assert (document.text, facts(document)) == ("One\ntwo bold A\na\nb", FACTS)
    told = (document.id, document.title, document.type, document.date, document.status)
    assert told == ("D-9", "A title", "Discharge Summary", "2026-11-03T10:15", "final")
    report = ("OBR|1||R-{}|71020^Chest X-ray|||20261102" + "|" * 18 + "C").format
    blood = observation("9.1", "NM", "718-7^Hemoglobin", "|g/dL||L|||F")
    lab, chest = read_documents(
        message(
            report(1), blood, report(2), observation("Left infiltrate."), kind="ORU^R01", patient=(PATIENT,)
        )
    )
    assert (lab.text, lab.id, lab.title) == ("Hemoglobin: 9.1 g/dL (low)", "R-1", "Chest X-ray")
    assert (chest.text, chest.status, chest.setting) == ("Left infiltrate.", "amended", None)
    (admitted,) = read_documents(message("PV2|||^Chest pain", "DG1|1||I10|Hypertension", kind="ADT^A01"))
    assert admitted.text == "Admit reason: Chest pain\nDiagnosis: Hypertension"
    attached = observation(f"^application^pdf^Base64^{encoded(pdf('A PDF'))}", "ED")
    assert [one.text for one in read_documents(message(attached))] == ["A PDF"]
    framed = (
        b"\x0b" + message(observation("One")) + b"\x1c\r\x0b" + message(observation("Two\nlines")) + b"\x1c\r"
    )
    assert [one.text for one in read_documents(framed)] == ["One", "Two\nlines"]
    cancelled = message("TXA|1|DS", observation("One"), kind="MDM^T11")
    assert read_documents(cancelled)[0].not_coded == "it was entered in error"
    as_rtf = message(observation(rtf("A note").decode().replace("\\", "\\E\\").replace("\n", "\\.br\\")))
    assert read_documents(as_rtf)[0].text == "A note"


def test_a_table_has_a_document_a_row(tmp_path):
    head = "note_id,text,patient_id,sex,birth_date,setting,date"
    table = f"{head}\n1,Cough,4711,F,1950-02-03,Inpatient,2026-11-03T10:15:59\n2,,,,,,\n"
    (tmp_path / "t.csv").write_text(table)
    for found in (read_documents(tmp_path / "t.csv"), read_documents(table.encode(), "t.csv")):
        first, second = found
        assert (first.id, first.text, first.date) == ("1", "Cough", "2026-11-03T10:15")
        assert facts(first) == {name: FACTS[name] for name in ("patient_id", "sex", "birth_date", "setting")}
        assert second.fault == "its id or text is empty"
    with pytest.raises(InputError, match=r"^t\.csv has no column text"):
        read_documents(b"note_id,words\n1,secret\n", "t.csv")


BESIDE = "<nonXMLBody><text {}</text></nonXMLBody>"


def locked():
    writer, held = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(held)
    return held.getvalue()


def with_type(made):
    """A Word document whose text holds an entity that grows."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(
                name, data.replace(b"<w:document", b'<!DOCTYPE w [<!ENTITY e "secret">]><w:document', 1)
            )
    return held.getvalue()


BOMB = cda(BODY).replace(
    b"<Clin", b'<!DOCTYPE ClinicalDocument [<!ENTITY a "secret"><!ENTITY b "&a;&a;">]><Clin', 1
)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (pdf("", ""), "it has no text: a scan"),
        (locked(), "a PDF with a password"),
        (pdf("secret")[:60], "a PDF that is damaged"),
        (word("secret")[:-40], "a Word document that is damaged"),
        (with_type(word("secret")), "a Word document with a document type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 secret", "an old Word or Excel document: save it as .docx"),
        (b"{\\rtf1 {\\*\\generator secret;}}", "it has no text"),
        (b"<html><body><script>secret</script></body></html>", "it has no text"),
        (cda(BODY)[:-20], r"XML that is not well-formed \(line \d+\)"),
        (cda(BODY).replace(b"<Clin", b"<!DOCTYPE ClinicalDocument>" + b"<Clin", 1), "XML with a document type"),
        (BOMB.replace(b"Pneumonia", b"&b;"), "XML with a document type"),
        (BOMB.partition(b"?>")[2], "XML with a document type"),
        (b"<?xml version='1.0'?><note>secret</note>", "XML, but no clinical document"),
        (cda(BESIDE.format("representation='B64'>secret!")), "an attachment that is not whole base64"),
        (cda(BESIDE.format("><reference value='x.pdf'/>")), "its text is in another file"),
        (bundle(), "FHIR without a document"),
        (bundle(reference(contentType="text/plain", data="secret!")), "an attachment that is not whole base64"),
        (bundle(reference(contentType="text/plain", data=encoded("secret")))[:-30], "JSON that is not whole"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": "secret"}]}', "something that is no FHIR resource"),
        (b'{"text": "secret"}', "JSON, not plain text"),
        (message(), "it has no text"),
        (message(observation("^application^pdf^Base64^secret!", "ED")), "an attachment that is not whole base64"),
        (message(observation("secret")) + b"\rMSH|^", "message 2 has a head .MSH. that is cut off"),
        (message(observation("secret é")).decode().encode("latin-1"), "neither UTF-8 nor in the encoding that MSH"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_so_in_one_line(data, complaint):
    with pytest.raises(InputError, match=f"^x: .*{complaint}") as caught:
        read_documents(data, "x")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "made", [pdf("secret"), word("secret"), rtf("secret"), cda(BODY), message(observation("secret"))]
)
def test_damage_anywhere_is_no_traceback(made):
    for place in range(0, len(made), max(1, len(made) // 20)):
        for data in (made[:place], made[:place] + bytes([made[place] ^ 0x55]) + made[place + 1 :]):
            try:
                read_documents(data, "x")
            except InputError as error:
                assert "secret" not in str(error)  # noqa: PT017


def test_bounds(monkeypatch):
    monkeypatch.setattr(office, "LARGEST_XML", 10_000)
    with pytest.raises(InputError, match="a Word document of more than"):
        read_documents(word("a" * 20_000))
    monkeypatch.setattr(office, "MOST_PAGES", 1)
    with pytest.raises(InputError, match="a PDF of 2 pages, the limit is 1"):
        read_documents(pdf("a", "b"))


def test_pages_without_text_are_said():
    (document,) = read_documents(pdf("Pneumonia", ""))
    assert (document.text, document.remarks) == ("Pneumonia", ("1 of 2 pages have no text (scanned?)",))


def test_all_documents_of_a_folder_are_notes_to_code(tmp_path):
    files = {
        "a.txt": b"one",
        "a.pdf": pdf("two"),
        "ward/b.HTML": page("three"),
        "c.json": bundle(
            *(reference(f"d{n}", contentType="text/plain", data=encoded(f"n{n}")) for n in (1, 2))
        ),
        "d.docx": b"PK\x03\x04 word/ secret",
        "rows.json": b'[{"note_id": "1", "text": "no document"}]',
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    source = Source([tmp_path])
    found = {note.note_id: (note.text, note.patient_id) for note in source if note.fault is None}
    assert found == {
        "a": ("one", None),
        "a.pdf": ("two", None),
        "c.json/d1": ("n1", "4711"),
        "c.json/d2": ("n2", "4711"),
        "ward/b.HTML": ("three", None),
    }
    assert len(source) == len(found) + 1
    assert source.left_out == [f"{tmp_path}: left out 1 file that is no note, such as rows.json"]


def test_a_text_that_is_no_note_by_its_length_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^long\.txt: more than 5 million characters: cut it up$"):
        read_documents(b"cough " * 1_000_000, "long.txt")
