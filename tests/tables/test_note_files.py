"""Note files: which of a folder are notes, and what is no plain text."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.coding.sources import Source
from icdbridge.errors import InputError
from icdbridge.tables import Fault, decode_note, find_notes, read_note


def word_document() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("word/document.xml", "<w:t>secret</w:t>")
    return held.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "<65 years old, BP <120/80, Hb >9",
        "<NAME> was seen by <DOCTOR> on <DATE>.",
        "<< transferred >> from ward",
        "<NAME>Smith</NAME> was seen today.",
        "<A> Hypertension\n<B> Diabetes",
        "<redacted>",
        "{patient} feels well",
        "[1] Cough\n[2] Fever",
        "[** Known lastname **] 75 y/o",
        "[]",
        "{",
        '"Quoted" note',
        "History:\n- a\n- b\n\n# Plan\n*rest*",
        "Takes 5 mg <b>.i.d. dose",
        "PID|3 days\x0cpage two",
        "\ufeffFever, ménière, 発熱, 💊",
        "a\r\nb\rc\td",
    ],
)
def test_prose_is_read_to_the_letter(text: str) -> None:
    assert decode_note(text.encode(), "n.txt") == text.removeprefix("\ufeff")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0<{[\ufeff")))
def test_any_text_without_markup_is_read(text: str) -> None:
    if not text.lstrip().startswith(("%", "MSH")):
        assert decode_note(text.encode(), "n.txt") == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    assert decode_note("Fièvre, toux".encode(encoding), "n.txt") == "Fièvre, toux"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"{\\rtf1\\ansi secret}", "RTF, not plain text"),
        (b"  \n<html><body>secret</body></html>", "HTML, not plain text"),
        (b"<!DOCTYPE html><title>secret</title>", "HTML, not plain text"),
        (b"<p>secret<p>secret", "HTML, not plain text"),
        (b"<b>Dx:</b> secret", "HTML, not plain text"),
        (b"<!-- by an editor --><p>secret", "XML or HTML, not plain text"),
        (b"<a>secret</a>\n<c>secret</c>\n", "HTML, not plain text"),
        (b"secret<br>secret <b>x</b><ul><li>y</li></ul>", "HTML, not plain text"),
        (b'<?xml version="1.0"?><ClinicalDocument/>', "XML or HTML, not plain text"),
        (b"<note>secret</note>", "XML or HTML, not plain text"),
        (b'[{"note_id": "1", "text": "secret"}]', "JSON, not plain text"),
        (b'{"text": "secret"}', "JSON, not plain text"),
        (b'{"text": "secret', "JSON, not plain text"),
        (b'["secret", "secret"]', "JSON, not plain text"),
        (b"MSH|^~\\&|LAB|secret", "an HL7 message, not plain text"),
        (b"%PDF-1.4 secret", "a PDF file, not plain text"),
        (word_document(), "a Word or Excel document, or a zip archive, not plain text"),
        (gzip.compress(b"secret", mtime=0), "compressed by gzip, not plain text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 secret", "an old Word or Excel document"),
        ("secret".encode("utf-16-le"), "holds NUL characters: it is UTF-16 without its mark"),
        ("secret".encode("utf-16-be"), "holds NUL characters"),
        ("secrét café".encode("utf-16-le"), "holds NUL characters"),
        ("secrét café".encode("utf-16-be"), "holds NUL characters"),
        ("secrét café".encode("utf-32-le"), "holds NUL characters"),
        (b"secret\0", "holds NUL characters"),
        (b"secret\xbc and more of it than NULs\0", "holds NUL characters"),
        ("secret".encode("utf-16")[:-1], "not whole UTF-16-LE text"),
        ("secret: caf\u00e9".encode("latin-1"), r"the byte 0xE9 is not UTF-8 .* \(byte 12\)"),
        (b"\xef\xbb\xbfab\x93", r"the byte 0x93 is not UTF-8 .* \(byte 6\)"),
    ],
)
def test_what_is_no_plain_text_is_named(tmp_path: Path, data: bytes, complaint: str) -> None:
    (tmp_path / "n.txt").write_bytes(data)
    with pytest.raises(Fault, match=f"n.txt: {complaint}") as caught:
        read_note(tmp_path / "n.txt")
    assert "secret" not in str(caught.value)


def test_which_files_of_a_folder_are_notes(tmp_path: Path) -> None:
    notes = ["B.TXT", "a.txt", "c.Text", "d.note", "ward/e.txt"]
    others = ["x.png", "y.csv", "README"]
    hidden = ["._a.txt", ".hidden.txt", "Thumbs.db", ".git/f.txt", "__MACOSX/g.txt", "~$doc.txt"]
    for name in [*notes, *others, *hidden]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("fever")
    (tmp_path / "elsewhere").symlink_to(tmp_path.parent, target_is_directory=True)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    found = find_notes(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in found.files] == notes
    assert found.left_out == [
        "6 hidden files, such as ._a.txt",
        "4 files that are no notes, such as README",
        "1 link to a folder, such as elsewhere",
    ]
    source = Source([tmp_path])
    assert len(source) == len(notes)
    assert all(line.startswith(f"{tmp_path}: left out ") for line in source.left_out)


def test_a_folder_without_notes_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("x")
    with pytest.raises(InputError, match=r"holds no note .*left out 1 file that is no note, such as x.png"):
        Source([tmp_path])


def test_a_table_named_as_a_note_is_refused(tmp_path: Path) -> None:
    for name, text in (("a.txt", "note_id,text\n1,secret\n"), ("b.txt", "Note ID;Text\n1;secret\n")):
        (tmp_path / name).write_text(text)
        (note,) = Source([tmp_path / name])
        assert note.fault == "a table by its first line, not one note: name it .csv or .tsv"
    (tmp_path / "c.txt").write_text("text, as it stands\n")
    (note,) = Source([tmp_path / "c.txt"])
    assert note.fault is None


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "w") as handle:  # noqa: PTH123  (a Path cannot hold it)
        handle.write("fever")
    (note,) = Source([tmp_path])
    assert (note.note_id, note.text) == (None, "")
    assert note.fault
    note.place.encode()


def test_a_document_takes_no_id_away(tmp_path: Path) -> None:
    for name, data in (("n.txt", b"fever"), ("n.rtf", b"{\\rtf1 cough}"), ("n.html", b"<p>pain</p><p>")):
        (tmp_path / name).write_bytes(data)
    source = Source([tmp_path / name for name in ("n.rtf", "n.html", "n.txt")])
    assert len(source) == 3
    assert {note.note_id: note.text for note in source} == {"n.rtf": "cough", "n.html": "pain", "n": "fever"}


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="larger than 64 MB"):
        read_note(Path("/dev/zero"))
