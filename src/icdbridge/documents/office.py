"""Word (.docx), RTF and PDF as text. Each library is imported when it is needed."""

import codecs
import io
import logging
import re
import zipfile
from collections.abc import Callable

from icdbridge.documents.document import LONGEST_TEXT, tidy
from icdbridge.tables import Fault

LARGEST_XML = 64 * 1024 * 1024  # bytes of the parts of a Word document, unpacked
MOST_PAGES = 1_000
_TYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_SCAN = "it has no text: a scan? Recognize its text (OCR) first"
_CODEPAGE = re.compile(rb"\\ansicpg(\d{3,5})")


def word_text(data: bytes, place: str) -> str:
    """The text of a Word document; ``Fault`` for one that is damaged, locked, or grows beyond bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [one for one in archive.infolist() if one.filename.lower().endswith((".xml", ".rels"))]
            if sum(part.file_size for part in parts) > LARGEST_XML:
                raise Fault(place, f"a Word document of more than {LARGEST_XML // 1024**2} MB unpacked")
            for part in parts:
                if any(sign in archive.read(part) for sign in _TYPES):
                    raise Fault(place, "a Word document with a document type, which Word never writes")
        from mammoth import convert_to_html
        from mammoth.images import img_element

        made = convert_to_html(io.BytesIO(data), convert_image=img_element(lambda image: {})).value
    except (Fault, ModuleNotFoundError):
        raise
    except Exception as error:  # a library's own words may quote the document
        raise Fault(place, "a Word document that is damaged: save it again") from error
    from icdbridge.documents.markup import html_text

    # a paragraph of Word is a line, with no empty one after it
    lines = made.replace("<p>", "<div>").replace("</p>", "</div>")
    return html_text(lines, place)[0] if lines.strip() else ""


def rtf_text(data: bytes, place: str) -> str:
    """The text of an RTF document; ``Fault`` for one that is damaged."""
    from striprtf import striprtf

    convert: Callable[..., str] = striprtf.rtf_to_text

    found = _CODEPAGE.search(data[:4096])
    codepage = f"cp{found[1].decode()}" if found else "cp1252"
    try:
        codepage = codecs.lookup(codepage).name
    except LookupError:
        codepage = "cp1252"
    try:
        return tidy(convert(data.decode(codepage, "replace"), encoding=codepage, errors="replace"))
    except Exception as error:
        raise Fault(place, "RTF that is damaged: save it again") from error


def pdf_text(data: bytes, place: str) -> tuple[str, tuple[str, ...]]:
    """The text layer of a PDF, and a remark where pages have none. ``Fault`` for scans, locked and damaged files."""
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong is told once, by the Fault
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileNotDecryptedError
        pages = len(reader.pages)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        locked = any(word in type(error).__name__ for word in ("crypt", "Dependency"))
        what = "a PDF with a password: save it without" if locked else "a PDF that is damaged: save it again"
        raise Fault(place, what) from error
    if pages > MOST_PAGES:
        raise Fault(place, f"a PDF of {pages:,} pages, the limit is {MOST_PAGES:,}: cut it up")
    texts, length = [], 0
    for page in reader.pages:
        try:
            texts.append(tidy(page.extract_text()))
        except Exception as error:
            raise Fault(place, f"a PDF that is damaged (page {len(texts) + 1}): save it again") from error
        length += len(texts[-1])
        if length > LONGEST_TEXT:
            raise Fault(place, f"a PDF of more than {LONGEST_TEXT // 10**6} million characters: cut it up")
    whole = "\n\n".join(text for text in texts if text)
    if not whole:
        raise Fault(place, _SCAN)
    if sum(sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" for sign in whole) * 5 > len(whole):
        raise Fault(place, "a PDF whose fonts do not say which letters they are: recognize its text (OCR)")
    empty = sum(not text for text in texts)
    return whole, (f"{empty} of {pages} pages have no text (scanned?)",) if empty else ()
