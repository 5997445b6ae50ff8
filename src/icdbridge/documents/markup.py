"""HTML, and what resembles it in FHIR and CDA, as a person sees it: lines, lists, cells, and nothing hidden."""

import re
from typing import Any

from lxml import etree, html

from icdbridge.documents.document import tidy
from icdbridge.tables import Fault

_BLOCKS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
figure footer form header hr legend li main menu nav ol option pre section summary table tbody tfoot thead tr
ul paragraph list item
"""
# struck out text is no longer said
_HIDDEN = """
script style template head noscript iframe object embed svg math del s strike audio video canvas
renderMultiMedia datalist
"""
_PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 table ul ol list paragraph"
_CELLS = ("td", "th")
_VERBATIM = ("pre", "textarea", "listing", "xmp")
_DUE = dict.fromkeys(_BLOCKS.split(), 1) | dict.fromkeys(_PARAGRAPHS.split(), 2)  # line ends
_NEVER = frozenset(_HIDDEN.split())
_NONE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\n\r\f]+")


def html_text(data: bytes | str, place: str) -> tuple[str, str | None]:
    """Text and title of an HTML document; ``Fault`` for one that cannot be read."""
    try:
        encoding = None
        if isinstance(data, bytes):
            try:
                data.decode()
                encoding = "utf-8"
            except UnicodeDecodeError:  # then its own word, or Latin-1, decides
                pass
        parser = html.HTMLParser(encoding=encoding, no_network=True, remove_comments=True, remove_pis=True)
        root = html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise Fault(place, "HTML that cannot be read: save its text as .txt") from error
    title = root.findtext(".//title")
    return element_text(root), " ".join(title.split()) if title and title.strip() else None


def parse_xml(data: bytes | str, place: str) -> Any:
    """The root of an XML document. ``Fault`` for what is not well-formed, and for entities and document types."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data.encode() if isinstance(data, str) else data, parser)
    except (etree.LxmlError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise Fault(place, f"XML that is not well-formed{f' (line {line})' if line else ''}") from None
    if root.getroottree().docinfo.doctype:
        raise Fault(place, "XML with a document type, which could hold anything: send it without <!DOCTYPE>")
    return root


def element_text(root: Any) -> str:
    """The text below an element of HTML, XHTML or a CDA narrative, block by block."""
    lines = _Lines()
    counters: list[int | None] = []  # of the lists around: None for one without numbers
    hidden = verbatim = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = _name(element)
        if event == "start":
            if hidden or _is_hidden(element, name):
                hidden += 1
                continue
            lines.begin(name)
            if name in ("ul", "ol", "list"):
                counters.append(1 if name == "ol" or element.get("listType") == "ordered" else None)
            elif name in ("li", "item") and counters:
                number = counters[-1]
                lines.mark("- " if number is None else f"{number}. ")
                counters[-1] = number and number + 1
            elif name == "input":
                lines.words(_input(element))
            elif name == "br":
                lines.end_line()
            verbatim += name in _VERBATIM
            lines.add(element.text, verbatim > 0)
        else:
            if hidden:
                hidden -= 1
            else:
                verbatim -= name in _VERBATIM
                if name in ("ul", "ol", "list"):
                    counters.pop()
                lines.begin(name, ends=True)
            if not hidden and element is not root:
                lines.add(element.tail, verbatim > 0)
    return tidy("".join(lines.parts))


class _Lines:
    """Text that grows, with the breaks that are due before the next word."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._breaks, self._blank, self._cell = 0, False, False
        self._in_cell = False  # in one that has no words yet: its first block stands beside the cell before

    def begin(self, name: str, ends: bool = False) -> None:
        """A block begins or ends here."""
        if name in _CELLS:
            if ends and not self._in_cell:
                self._breaks = 0
            self._cell |= ends
            self._in_cell = not ends
        elif not self._in_cell:
            self._breaks = max(self._breaks, _DUE.get(name, 0))

    def end_line(self) -> None:
        self._breaks += 1

    def mark(self, sign: str) -> None:
        """What stands before an item of a list."""
        self._write(sign)
        self._blank = False

    def add(self, text: str | None, verbatim: bool) -> None:
        if not text:
            return
        if verbatim:
            self._write(text.expandtabs())
        else:
            self.words(text)

    def words(self, text: str) -> None:
        """Text whose blanks and line ends are one blank each, as in HTML."""
        plain = _BLANKS.sub(" ", text)
        if plain.startswith(" "):
            self._blank = True
        if words := plain.strip(" "):
            self._write(words)
            self._blank = plain.endswith(" ")

    def _write(self, text: str) -> None:
        if self._breaks:
            self.parts.append("\n" * self._breaks if self.parts else "")
        elif self._cell:
            self.parts.append("\t")
        elif self._blank and self.parts and not self.parts[-1].endswith((" ", "\n", "\t")):
            self.parts.append(" ")
        self.parts.append(text)
        self._breaks, self._blank, self._cell, self._in_cell = 0, False, False, False


def _name(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _is_hidden(element: Any, name: str) -> bool:
    if not name or name in _NEVER or element.get("hidden") is not None or element.get("revised") == "delete":
        return True
    if name == "option":
        return element.get("selected") is None
    return bool(_NONE.search(element.get("style", "")))


def _input(element: Any) -> str:
    kind = (element.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return " [x] " if element.get("checked") is not None else " [ ] "
    return f" {element.get('value', '')} " if kind in ("text", "number", "date") else ""
