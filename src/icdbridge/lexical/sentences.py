"""The sentences of a note, as clinicians write: abbreviations, numbers, wrapped lines, lists, "Key: value" lines."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from operator import itemgetter

from icdbridge.packed import packed_rows

_STOP = re.compile(  # a sign first, which is looked for at once
    r"[.!?](?:(?<![.!?]{2})[.!?]*+[\"')\]*]*+(?=\s)"  # the usual end
    r"|(?<=[a-z]{2}\.)(?=[A-Z][a-z])"  # one that forgot its blank
    r"|(?<=\.)\s*,(?=\s*(?:[A-Z]|\d+\.)))"  # lines that were joined by commas
)
_BLANKS = re.compile(r" {2,}(?=[A-Z][a-z])")  # where lines were joined by blanks
_BEFORE = re.compile(r"[\w.]+\Z")
_LINE = re.compile(r"[^\n\r\v\f\x85\u2028\u2029]+")
BULLET = re.compile(
    r"\s*(?:[-+*•·●▪◦>#\u2013\u2014]+\s|\(?\d{1,2}[.)](?!\d)|[a-zA-Z][.)]\s|\[.?\]|[☐☒☑✓✔•●▪])"
)
_KEY = re.compile(r"\s*[*_#]*[A-Za-z][^\n:.;,]{0,50}:")
_ANSWER = re.compile(r"\s*[-:]?\s*(?:yes|no|none|denie[sd]|never|n|y)\b", re.IGNORECASE)
_OPEN = re.compile(r"(?:,|\b(?:and|or|of|the|with|to|for|no|a|an|in|on|at|by|from|any|without))\s*\Z")
# Characters from which a line may go on in the next one, a small or a large letter first.
_WRAPPED, _LONG = (45, 60)
_REACH = 12  # characters that an abbreviation has at most
_NUMBERED = re.compile(r"(?<![^\s(:;,.])(?P<number>\d{1,2})(?:\)|\.(?!\d))(?=\s|[A-Za-z])")
# Counted without a sign, from one on: "A: 1 BPH 2 elevated PSA 3 bladder mass".
_BARE = re.compile(
    r"(?:(?:(?<=[:\n])|\A)[ \t]*|(?<=[\w)] ))(?P<number>\d)(?= (?!(?:m?c?g|c?m?m|ml|cc|in|inch\w*|tabs?|tablets?"
    r"|pills?|caps?|puffs?|units?|times?|x|ppd|packs?|beers?|drinks?|of|to|or|and|out|h|hrs?|hours?|min\w*|d|days?|w|wks?|weeks?|m|mos?|months?"
    r"|y|yrs?|years?|lbs?|kg|oz|st|nd|rd|th|person|views?|level)\b)[A-Za-z])",
    re.IGNORECASE,
)
_FEWEST = 3  # such items
_DIGIT = re.compile(r"\d")
_COUNTED = re.compile(
    r"\b(?:stage|type|grade|class|level|phase|category|no|and|of|at|on|day|x)\s*\Z", re.IGNORECASE
)


@cache
def _abbreviations() -> dict[str, str]:
    """Abbreviations with a full stop: whether it ends a sentence ``never``, or only ``before capitals``."""
    return dict(packed_rows(__package__, "data/full_stops.csv"))


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a note: [start, end) in characters, ascending, without surrounding white space.

    Blank lines, list items and lines of "Key: value" end a sentence, line breaks within a paragraph do not.
    """
    numbers = item_numbers(text)
    behind = {end for _, end in numbers}
    ends = (end for end in _ends_in_lines(text) if end not in behind)
    starts = {0, len(text), *ends, *_lines(text), *(start for start, _ in numbers)}
    found, before = [], 0
    for start in sorted(starts):
        piece = text[before:start]
        stripped = piece.strip()
        if stripped:
            first = before + len(piece) - len(piece.lstrip())
            found.append((first, first + len(stripped)))
        before = start
    return found


def sentence_around(sentences: Sequence[tuple[int, int]], place: int) -> tuple[int, int] | None:
    """Of the ranges that ``sentences`` gives the one that holds a character; None between sentences."""
    at = bisect_right(sentences, place, key=itemgetter(0)) - 1
    return sentences[at] if at >= 0 and place < sentences[at][1] else None


def item_numbers(text: str) -> list[tuple[int, int]]:
    """Numbers that count the items of a list, with the sign behind them, as [start, end) in characters: "2." at the
    beginning of a line, and those within a line that go on from one: "1. HTN 2. CKD 3. Gout".
    """
    found = []
    for line in _LINE.finditer(text):
        here = line.group()
        if not _DIGIT.search(here):
            continue
        several = [
            one
            for one in _NUMBERED.finditer(here)
            if not _COUNTED.search(here, max(0, one.start() - _REACH), one.start())
        ]
        first = not several or here[: several[0].start()].strip(" \t(#*-")
        following = 1 if first else int(several[0]["number"])
        lists: list[list[tuple[int, int]]] = [[]]
        for one in several:
            number = int(one["number"])
            if number == 1 and lists[-1]:  # where lines were joined several lists stand in one
                lists.append([])
                following = 1
            if number == following:
                lists[-1].append((line.start() + one.start(), line.start() + one.end()))
                following += 1
        found += [place for counted in lists if len(counted) > 1 or not first for place in counted]
        found += [] if several else _bare_numbers(here, line.start())
    return found


def _bare_numbers(line: str, start: int) -> list[tuple[int, int]]:
    """Numbers without a sign that count the items of a line, which begins at ``start``."""
    found = [
        one
        for one in _BARE.finditer(line)
        if not _COUNTED.search(line, max(0, one.start("number") - _REACH), one.start("number"))
    ]
    counts = [int(one["number"]) for one in found]
    opens = bool(found) and line[: found[0].start("number")].rstrip(" \t")[-1:] in ("", ":")
    if not opens or len(counts) < _FEWEST or counts != list(range(1, len(counts) + 1)):
        return []
    return [(start + one.start("number"), start + one.end("number")) for one in found]


def _ends_in_lines(text: str) -> list[int]:
    ends = [
        one.start() for one in _BLANKS.finditer(text) if text[max(one.start() - 1, 0) : one.start()].islower()
    ]
    for stop in _STOP.finditer(text):
        end, sign = stop.end(), stop.group()
        asked = sign[0] == "?" and not text[max(0, stop.start() - 1) : stop.start()].strip()  # "? pneumonia"
        if asked or (sign[0] == "?" and _ANSWER.match(text, end)):
            continue
        if sign == ".":
            word = _BEFORE.search(text, max(0, stop.start() - _REACH), stop.start())
            if word and _goes_on(word.group().lower().strip("."), text, word.start(), end):
                continue
        ends.append(end)
    return ends


def _goes_on(word: str, text: str, start: int, end: int) -> bool:
    """Whether a full stop after this word, which begins at ``start``, ends no sentence; ``end``: behind the stop."""
    ends = _abbreviations().get(word)
    if ends == "never":
        # "no." and the like are abbreviations only before what they shorten
        return word not in ("no", "in", "ext") or text[end : end + 2].strip()[:1].isdigit()
    if word.isdigit():
        # the number of an item: at the beginning of a line, or behind a comma that stands for one
        return len(word) < 3 and text[max(0, start - 9) : start].rstrip(" \t")[-1:] in ("", "\n", "\r", ",")
    following = text[end : end + 6].lstrip()[:1]
    initial = len(word) == 1 and word != "i" and text[start].isupper()
    return (bool(ends) or len(word) == 1) and (initial or not following.isupper())


def _lines(text: str) -> list[int]:
    """Where lines begin that do not go on with the sentence of the line before."""
    starts = []
    before = ""
    end = 0
    for line in _LINE.finditer(text):
        here = line.group()
        if not here.strip():
            continue
        if before:
            breaks = text.count("\n", end, line.start())
            apart = breaks == 0 and line.start() - end > 2
            if apart or breaks > 1 or not _wrapped(before, here):
                starts.append(line.start())
        before, end = here.rstrip(), line.end()
    return starts


def _wrapped(before: str, here: str) -> bool:
    if BULLET.match(here) or _KEY.match(here):
        return False
    if before[-1] in ":.;":
        return before[-1] == "."
    first = here.lstrip()[0]
    if _KEY.match(before) and len(before) < _WRAPPED and not before.endswith(","):
        return False
    if _OPEN.search(before):
        return True
    return len(before) >= (_LONG if first.isupper() else _WRAPPED)
