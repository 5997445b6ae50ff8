"""What is ticked and answered in forms: "[x] asthma", "gout __", "[ ] yes [x] no", "asthma.....no", "DM N  HTN Y".

Forms are told to the other readers in one way: ``written_out`` rewrites them, and every character keeps its place.
"""

import itertools
import re
from collections.abc import Callable

BOXES = TICKED, BLANK = "☑", "☐"
_TICKS = re.compile(r"[\[(] {0,3}(?P<tick>[x✓✔*])? {0,3}_?[\])]|[☒✓✔]|(?P<empty>[✗✘❌])")
# Lines to tick on, of which one is: elsewhere "___" stands for what was left out.
_TICKED_LINE = re.compile(r"(?<!\w)(?:_{1,20}[x✓✔]_{0,20}|[x✓✔]_{1,20})(?!\w)")
_BLANK_LINE = re.compile(r"(?<!\w)_{2,}(?!\w)")
_COLON, _AND = r"(?<![ \t])[ \t]*+[:?]?[ \t]*+", r"[\s,/|]*"
_YES_NO = r"(yes|no|y|n|pos(?:itive)?|neg(?:ative)?)(?!\w)"
_PAIRS = (
    re.compile(rf"{_COLON}([☐☑])\s*{_YES_NO}{_AND}([☐☑])\s*{_YES_NO}"),
    re.compile(rf"{_COLON}(?<!\w){_YES_NO}\s*([☐☑]){_AND}{_YES_NO}\s*([☐☑])"),
    re.compile(rf"{_COLON}(☑)\s*{_YES_NO}(?=[ \t]*(?:[\n.;,|]|  |\Z))"),
)
_BEHIND_KEY = re.compile(r":[ \t]*(?P<box>[☐☑])(?=[ \t]*(?:[\n.;,]|\Z))")
_KEY = re.compile(r"[ \t]*(?:[-*•] *)?[a-z][^:\n]{1,60}(?P<colon>:)[ \t]*(?P<tick>[x☑])?[ \t]*\.?")
_FEWEST_KEYS = 3
_BLANKS = " \t._\u2026|"
_LEADERS = ("..", "\u2026", "__", "\t", "   ", "|")  # what forms have between what is asked and the answer
_BETWEEN = ",;|/:"
_ANSWER = re.compile(
    rf"[{_BLANKS}](?:yes|no|y|n|pos|neg|positive|negative|none|denie[sd]|never)[ \t]*\.?(?=[,;|/\t\n]|  |\Z)"
)
_BULLETS = "-*•· \t"
_ASKED = 60  # characters of what is asked


def written_out(text: str) -> str:
    """The text, of the same length, with boxes as ☑ and ☐ before or behind what they are of, and answers as a colon
    and yes or no.
    """
    text = _pairs(_lines_to_tick(_boxes(text)))
    text = _replaced(_BEHIND_KEY, lambda found: found["box"].ljust(len(found[0])), text)
    return _with_colons(_keys(text))


def _boxes(text: str) -> str:
    """Every kind of box as one of two."""

    def box(found: re.Match[str]) -> str:
        blank = found["empty"] or (found[0][0] in "[(" and not found["tick"])
        return (BLANK if blank else TICKED).ljust(len(found[0]))

    return _replaced(_TICKS, box, text)


def _lines_to_tick(text: str) -> str:
    """Blanks for ticks: "__ gout _x_ asthma"."""
    if not _TICKED_LINE.search(text.lower()):
        return text
    text = _replaced(_TICKED_LINE, lambda found: TICKED.ljust(len(found[0])), text)
    return _replaced(_BLANK_LINE, lambda found: BLANK.ljust(len(found[0])), text)


def _pairs(text: str) -> str:
    """The one of yes and no that is ticked, and no where neither is; where both are, nothing is said."""

    def answer(found: re.Match[str]) -> str:
        boxes, words = found.groups()[::2], found.groups()[1::2]
        if words[0] in BOXES:
            boxes, words = words, boxes
        ticked = [word for box, word in zip(boxes, words, strict=True) if box == TICKED]
        said = ": yes" if ticked and ticked[0][0] in "yp" else ": no"
        return found[0] if len(ticked) == 2 or len(said) > len(found[0]) else said.ljust(len(found[0]))

    for pair in _PAIRS if TICKED in text or BLANK in text else ():
        text = _replaced(pair, answer, text)
    return text


def _keys(text: str) -> str:
    """Lines of "gout: x" and "asthma:", three in a row: what has no tick is not so."""
    if "x" not in text.lower() and TICKED not in text:
        return text
    lines = text.split("\n")
    keys = [_KEY.fullmatch(line.lower()) for line in lines]
    for alike, group in itertools.groupby(enumerate(keys), lambda one: one[1] is not None):
        rows = list(group) if alike else []
        if len(rows) >= _FEWEST_KEYS and any(key["tick"] for _, key in rows if key):
            for row, key in rows:
                assert key is not None
                box = TICKED if key["tick"] else BLANK
                lines[row] = lines[row][: key.start("colon")] + box.ljust(len(key[0]) - key.start("colon"))
    return "\n".join(lines)


def _with_colons(text: str) -> str:
    """A colon before answers that lack it: after a leader ("asthma......no"), or where two or more items in a row are
    answered ("asthma no, gout yes").
    """
    low = text.lower()
    blanks: set[tuple[int, int]] = set()  # which become a colon
    before, end = (0, 0), -1  # the blank of the item before, and where that ends
    for answer in _ANSWER.finditer(low):
        place = answer.start() + 1
        line = max(low.rfind("\n", 0, place) + 1, place - 2 * _ASKED, end)
        asked = low[line:place].rstrip(_BLANKS)
        blank = (line + len(asked), place)
        item = asked[max(asked.rfind(sign) for sign in _BETWEEN) + 1 :].lstrip(_BULLETS)
        begin = blank[0] - len(item)
        if not (item and len(item) <= _ASKED and item[0].isalpha() and item[-1].isalnum()):
            continue
        if any(leader in low[slice(*blank)] for leader in _LEADERS):
            blanks.add(blank)
        elif not ("." in item or "?" in item):
            if 0 <= end <= begin and not low[end:begin].strip(_BETWEEN + _BULLETS + "\n"):
                blanks |= {before, blank}
            before, end = blank, answer.end()
    parts, done = [], 0
    for start, stop in sorted(blanks):
        parts += [text[done:start], ":".ljust(stop - start)]
        done = stop
    return "".join(parts) + text[done:] if parts else text


def _replaced(pattern: re.Pattern[str], by: Callable[[re.Match[str]], str], text: str) -> str:
    """What the pattern finds in the text in lower case, replaced in the text by as many characters."""
    parts, done = [], 0
    for found in pattern.finditer(text.lower()):
        parts += [text[done : found.start()], by(found)]
        done = found.end()
    return "".join(parts) + text[done:] if parts else text
