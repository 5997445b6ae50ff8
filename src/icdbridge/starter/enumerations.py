"""Enumerations that share a head: "metastases to brain, bone and liver", "lacerations of the hand and forearm"."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from icdbridge.starter.cues import part
from icdbridge.starter.stems import Word

_ITEM = r"(?:the |a |an |his |her |both )?[a-z][\w-]*(?: [a-z][\w-]*){0,2}?(?: ?\([^()\n]{1,30}\))?"
_LIST = re.compile(
    rf"\b(?P<head>{part('enumerated')})(?: [\w-]+){{0,3}}? (?:to|of|in|on|involving|affecting)"
    rf" (?P<list>{_ITEM}(?:, ?{_ITEM}){{0,6}},?"
    rf" ?(?:and|&|/|\+) ?{_ITEM})(?=[\s.,;:)]|$)",
    re.IGNORECASE,
)
# "Metastatic lung cancer (brain, bone)": where it is.
_IN_BRACKETS = re.compile(
    r"\b(?P<head>metasta(?:tic|sized)|mets)(?: [\w-]+){1,4}"
    rf" ?\((?P<list>{_ITEM}(?:(?:, ?| ?& ?| and ){_ITEM}){{1,6}})\)",
    re.IGNORECASE,
)
# Injuries also without a word between: "burn chest and left arm".
_BODY = f"(?:{part('of the body')})"
_INJURIES = re.compile(
    rf"\b(?P<head>lacerations?|lacs?|abrasions?|contusions?|bruises|burns?)(?: (?:to|of|on))? (?P<list>{_BODY}"
    rf"(?:, ?{_BODY}){{0,6}},? ?(?:and|&|/|\+) ?{_BODY})\b",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|&)\s+|\s*[/+&]\s*", re.IGNORECASE)


def carried(text: str, words: Sequence[Word]) -> Iterator[tuple[int, list[range]]]:
    """The word that an enumeration begins with, and the words of each of its items, which it is said of."""
    starts = [word.start for word in words]
    for found in (*_LIST.finditer(text), *_IN_BRACKETS.finditer(text), *_INJURIES.finditer(text)):
        begin, end = found.span("list")
        items = []
        for sign in _NEXT.finditer(text, begin, end):
            items.append(range(bisect_left(starts, begin), bisect_left(starts, sign.start())))
            begin = sign.end()
        if items:
            items.append(range(bisect_left(starts, begin), bisect_left(starts, end)))
            yield bisect_left(starts, found.start("head")), items
