"""The sections of a note, found by their headings: on lines of their own, before a colon, in the middle of a line."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from icdbridge.packed import packed_rows

# Kinds of sections; the first is what stands before any heading.
KINDS = (
    "", "chief_complaint", "hpi", "past_medical", "past_surgical", "family", "social", "allergies", "medications",
    "review_of_systems", "exam", "vitals", "labs", "imaging", "procedures", "hospital_course", "assessment", "plan",
    "diagnoses", "discharge", "indication", "findings", "technique", "pathology", "other",
)  # fmt: skip
_SUB = "sub"  # headings within a section, such as body systems and relatives: they end none
_MODIFIER = "modifier"  # a word before a heading that leaves its kind as it is
_LONGEST = 60  # characters of a heading
_LINE = re.compile(r"[^\n\r]+")
_MARKS = re.compile(r"[\s#*_=>•●▪-]*(?:(?:\(?\d{1,2}|[A-Z]|[IVX]{1,4})[.)]\s+)?[\s#*_]*")
_BRACKETS = re.compile(r"\([^()]*\)")
_DATE = re.compile(r" (?:on )?\d{1,2}/\d{1,2}(?:/\d{2,4})?\Z")  # "Procedure 6/3"
_SLASH = re.compile(r"\s*/\s*")
_AFTER = re.compile(r"[\s*_]*[:,]*[ \t*_]*")
_DASH = re.compile(r"\s+[-\u2013\u2014]+\s+")
# what begins a note may name where it is from: "Allergy: 12M with"
_CLINICS = ("allergies", "family", "past_surgical", "social", "procedures")
_PATIENT = re.compile(r"\s*\d{1,3}[ -]?(?:y\b|yo\b|y/o|yr|year|mo\b|month|m\b|f\b)", re.IGNORECASE)
_ITEM = re.compile(r".*(?:[.;,!?:)\]]|\s{2,}|\t)\s*", re.DOTALL)  # up to where a heading within a line begins
# In capitals and without a colon, before a list or a heading: "CURRENT MEDICATIONS 1. Aspirin", "EXAM, GENERAL: well".
_BEFORE_LIST = re.compile(
    r"(?:\A|[.,;:])\s*(?P<head>[A-Z][A-Z/&' -]{3,58}?)(?:\s*,?\s*(?=\(?1[.)]\s)|\s*,\s*(?=[A-Z][A-Za-z/ ]{1,25}:))"
)
_SUFFIX = re.compile(
    r"\s+(?:on|at|upon|prior to|per)\s+(?:admission|discharge|presentation|arrival|transfer|home|today)\Z"
    r"|\s+(?:update|today|note|notes|section|list|by systems?|by problems?|summary)\Z"
)


class Section(NamedTuple):
    """Part of a note: ``kind`` is one of ``KINDS``, its heading begins at ``start``, what it says at ``body``, and it
    ends before ``end`` (characters). A part without heading has its body at its start.
    """

    kind: str
    start: int
    end: int
    body: int


_TABLE = "data/section_headings.csv"


@cache
def _headings() -> dict[str, str]:
    return {name: kind for name, kind in packed_rows(__package__, _TABLE) if kind != _MODIFIER}


@cache
def _modifiers() -> set[str]:
    return {name for name, kind in packed_rows(__package__, _TABLE) if kind == _MODIFIER}


def sections(text: str) -> list[Section]:
    """The sections of a note in order, without gaps; none of an empty text.

    A heading of body systems or relatives ("Cardiac:", "Mother:") ends no section. An unknown heading ends one if it is
    in capitals, or alone on its line after a blank line.
    """
    found = sorted(_found(text))
    if found and found[0][0] == 0 and found[0][2] in _CLINICS and _PATIENT.match(text, found[0][1]):
        found[0] = (*found[0][:2], "hpi")
    if not text:
        return []
    starts = [(0, 0, "")] if not found or found[0][0] > 0 else []
    starts += found
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return [
        Section(kind, start, end, min(body, end))
        for (start, body, kind), end in zip(starts, ends, strict=True)
    ]


def _found(text: str) -> list[tuple[int, int, str]]:
    """Start and body of each heading, and the kind of its section."""
    found: list[tuple[int, int, str]] = []
    end = 0
    for line in _LINE.finditer(text):
        here = line.group()
        if not here.strip():
            continue
        blank = end == 0 or text.count("\n", end, line.start()) > 1
        end = line.end()
        found += [
            (line.start() + start, line.start() + body, kind) for start, body, kind in _in_line(here, blank)
        ]
    return found


def _in_line(line: str, blank: bool) -> list[tuple[int, int, str]]:
    marks = _MARKS.match(line)
    begin = marks.end() if marks else 0
    found = []
    colon = line.find(":", begin)
    if colon < 0 or colon - begin > _LONGEST:
        alone = _alone(line, begin)
        if alone:
            found.append(alone)
    for before in _BEFORE_LIST.finditer(line, begin):
        if kind := _opened(before["head"]):
            found.append((before.start("head"), before.end(), kind))
    last = begin
    while colon >= 0:
        label = _label(line, last, colon, first=last == begin, blank=blank)
        body = _AFTER.match(line, colon)
        last = body.end() if body else colon + 1
        if label:
            start, kind = label
            found.append((start if start > begin else 0, last, kind))
        colon = line.find(":", max(last, colon + 1))
    return found


def _alone(line: str, begin: int) -> tuple[int, int, str] | None:
    """A heading without a colon: alone on its line, before a dash, or in capitals that are no word (PMH)."""
    end = len(line.rstrip(" \t*_=#-"))
    marked = begin > 0 and line[:begin].strip() != ""
    if end - begin <= _LONGEST and (line[begin : begin + 1].isupper() or marked):
        kind = _opened(line[begin:end])
        if kind and (end - begin > 2 or line[begin:end] in ("CC", "PE", "VS", "AP")):
            return 0, len(line), kind
    dash = _DASH.search(line, begin, begin + _LONGEST)
    if dash and line[begin : begin + 1].isupper():
        kind = _opened(line[begin : dash.start()])
        if kind and dash.start() - begin > 1:
            return 0, dash.end(), kind
    word = line[begin:].split(maxsplit=1)[:1]
    if word and word[0] in ("PMH", "PMHx", "PSH", "PSHx", "FHx", "FH", "SHx", "HPI", "ROS"):
        return 0, begin + len(word[0]), _headings()[word[0].lower()]
    return None


def _label(line: str, last: int, colon: int, *, first: bool, blank: bool) -> tuple[int, str] | None:
    """The heading that ends at a colon: where it begins, and its kind."""
    if first and colon - last <= _LONGEST:
        label = line[last:colon]
        kind = _kind(label)
        if kind:
            single = len(label.strip()) == 1  # S: O: A: P:
            return None if kind == _SUB or (single and not label.strip().isupper()) else (last, kind)
        rest = line[colon + 1 :].strip(" *_")
        capitals = label.isupper() and sum(map(str.isalpha, label)) > 3
        alone = not rest and label[:1].isupper() and len(label.split()) < 6
        if blank and _plain(label) and (capitals or alone):
            return last, "other"
    start = max(last, colon - _LONGEST)
    begun = _ITEM.match(line, start, colon)
    after = begun.end() if begun else start
    label = line[after:colon]
    if begun and label[:1].isupper():
        kind = _kind(label)
        if kind:
            return None if kind == _SUB or len(label.strip()) == 1 else (after, kind)
        if label.isupper() and sum(map(str.isalpha, label)) > 3 and _plain(label):
            return after, "other"
    # in capitals, or a short form, in the middle of a sentence
    words = list(re.finditer(r"[^\s]+", line[start:colon]))
    for word in words[-5:]:
        tail = line[start + word.start() : colon]
        kind = _opened(tail)
        if kind and len(tail.strip()) > 1 and (tail.isupper() or tail in ("PMHx", "PSHx", "FHx", "SHx")):
            return start + word.start(), kind
    return None


def _plain(label: str) -> bool:
    """Whether an unknown label looks like a heading: words, and not a relative or a body system among them."""
    words = re.findall(r"[a-z]+", label.lower())
    return (
        bool(words)
        and not any(character.isdigit() for character in label)
        and not any(_headings().get(word) == _SUB for word in words)
    )


def _opened(label: str) -> str | None:
    """The kind of section that a heading opens; None where it opens none, as a body system or relative does."""
    kind = _kind(label)
    return None if kind == _SUB else kind


@lru_cache(4_096)  # the same headings stand in many notes
def _kind(label: str) -> str | None:
    """The kind of a heading; None for what is no known heading."""
    headings = _headings()
    if "(" in label:
        label = _BRACKETS.sub(" ", label)
    name = " ".join(label.strip(" \t*_#=-.").replace("\u2019", "'").lower().split())
    if "/" in name:
        name = _DATE.sub("", name)
        name = _SLASH.sub("/", name)
    for _ in range(4):
        first, _, rest = name.partition(" ")
        kind = headings.get(name) or headings.get(name.replace("&", "and"))
        kind = kind or (headings.get(_SUFFIX.sub("", name)) if rest else None)
        if kind:
            return kind
        if first not in _modifiers() or not rest:
            return None
        name = rest
    return None
