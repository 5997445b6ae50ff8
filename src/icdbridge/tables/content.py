"""Tells the format of a file by its content."""

import codecs
import json
import re
import zipfile
from pathlib import Path

from icdbridge.errors import InputError

HEAD = 64 * 1024  # bytes to look at
# What a file begins with -> what it is. Kinds that are read have one word, others are named for people.
SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "feather"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"FEA1", "a Feather file of version 1"),
    (b"%PDF", "a PDF file"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ\0", "compressed by xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"\0\x05\x16\x07", "a companion file of macOS"),
)
# UTF-32 first: its mark begins as that of UTF-16 does
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
NO_TEXT = "holds NUL characters: it is UTF-16 without its mark, or no text: save it as UTF-8"
_TAG = re.compile(r"<(?:!doctype\b|\?xml\b|!--|([a-z][\w:.-]*)(?:\s[^<>]*)?/?>)", re.IGNORECASE)
_HTML = re.compile(
    r"<(/?)(html|head|title|body|div|span|p|br|hr|b|i|u|em|strong|font|ul|ol|li|table|tr|td|th|h[1-6]|a|img|style)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_LABELS = ("a", "b", "i", "u")  # <a> and <b> may label the parts of a list
_JSON = re.compile(r"""(?:\[\s*)?\{\s*"[^"\n]*"\s*:""")


def sign_of(head: bytes) -> str | None:
    """The kind of a file that is not text, from its first bytes; None for what may be text."""
    if head[128:132] == b"DICM":
        return "a DICOM file"
    begin = head.lstrip() if head.lstrip()[:4] in (b"%PDF", b"%!PS") else head
    return next((kind for sign, kind in SIGNS if begin.startswith(sign)), None)


def encoding_of(head: bytes) -> tuple[bytes, str]:
    """The byte order mark of a text, if any, and its encoding, which is UTF-8 without one."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return mark, encoding
    return b"", "utf-8"


def is_wide(head: bytes) -> bool:
    """Whether bytes are mostly UTF-16 or UTF-32 without a mark, or no text at all."""
    return head.count(0) * 8 > len(head)


def zip_kind(path: Path) -> str:
    """What a zip file is: ``excel``, or what people call it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if names & {"xl/workbook.xml", "xl/workbook.bin"}:
                return "excel"
            if "mimetype" in names and b"spreadsheet" in archive.read("mimetype")[:200]:
                return "excel"
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise InputError(f"{path} is not a whole Excel or zip file: save it again") from error
    return "a Word document" if "word/document.xml" in names else "a zip archive"


def markup_of(text: str) -> str | None:
    """The format of a text that is neither prose nor a table with separators; None for prose.

    Text is judged as a whole: prose may begin with ``<65 years``, ``<name>``, ``{patient}`` or ``[1]``.
    """
    begin = text.lstrip("\ufeff \t\r\n\f\v")
    if begin.startswith("{\\rtf"):
        return "RTF"
    if re.match(r"MSH\|\^~\\&", begin):
        return "an HL7 message"
    if _is_json(begin):
        return "JSON"
    marks = _HTML.findall(begin)
    closed = sum(slash == "/" for slash, _ in marks)
    first = _TAG.match(begin)
    if (
        first
        and _HTML.match(begin)
        and len(marks) > 1
        and any(s or n.lower() not in _LABELS for s, n in marks)
    ):
        return "HTML"
    if len(marks) > 3 and closed > 1:
        return "HTML"
    if first and first[1] is None:
        return "HTML" if re.match(r"<!doctype\s+html", begin, re.IGNORECASE) else "XML or HTML"
    # A note whose first word is marked, <NAME>Smith</NAME> was seen, does not end in a mark.
    wrapped = first and begin.rstrip().endswith(">") and f"</{first[1]}".lower() in begin.lower()
    return "XML or HTML" if wrapped else None


def _is_json(begin: str) -> bool:
    if begin[:1] not in ("{", "["):
        return False
    if _JSON.match(begin):  # also where it is cut off
        return True
    try:
        return bool(json.loads(begin))
    except (ValueError, RecursionError):
        return False
