"""Check boxes, signs and answers: "[x] asthma [ ] COPD", "(-) fever", "fever -", "[ ] yes [x] no", "asthma.....no"."""

import re

_SIGN = re.compile(
    r"\[[ _]?\]|\[[x✓✔*]\]|\((?: |_)?\)|\(x\)|[☐☒☑✓✔]"
    r"|\([+-]\)"
    r"|(?:(?<=[\s,;(])|\A)[+-](?= ?[^\W\d_])"
    r"|(?<=[^\W\d_])\s?[+-](?=\s*(?:[,;/]|\Z))"
)
_ANSWERED = re.compile(r"(\[.?\]|\([ x_]?\)|[☐☒☑])\s*(yes|no|y|n)\b")
# One of several answers is marked: "Tobacco: ( ) current (x) former ( ) never", "Smoker: Y [ ] N [x]".
_BOX = r"(?:\[[ x_✓✔*]?\]|\([ x_]?\)|[☐☒☑])"
_NEVER, _FORMER = "never|none|no|n|denies", "former(?:ly)?|past|prior|quit|ex"
_CHOICE = rf"(?:{_NEVER}|{_FORMER}|current(?:ly)?|active|yes|y|occasional(?:ly)?|social(?:ly)?|daily)(?!\w)"
_CHOICES = re.compile(
    rf"(?:(?<=[\n;,.|])|\A)\s*([a-z][^\n;,.|\[\](){{}}☐☒☑]{{1,40}}?)\s*[:?-]?\s*"
    rf"((?:{_BOX}\s*{_CHOICE}[\s,/|]*){{2,}}|(?:{_CHOICE}\s*{_BOX}[\s,/|]*){{2,}})"
)
_BOX_BEFORE = re.compile(rf"(?P<box>{_BOX})\s*(?P<choice>{_CHOICE})")
_BOX_BEHIND = re.compile(rf"(?P<choice>{_CHOICE})\s*(?P<box>{_BOX})")
_CHECKED = frozenset("x✓✔*☒☑+")
_BOXES = frozenset("[(☐☒☑")
_SIGNS = frozenset("[+☐☒☑✓✔")  # a line without these, or those, has no sign
_OTHERS = ("(-)", "( )", "(_)", "()", "(x)", "-,", "-;", "-/")
_ITEM = re.compile(r"[,;]")
_BLANKS = " \t._\u2026|"
_LEADERS = ("..", "\u2026", "__", "\t", "   ", "|")  # what forms have between what is asked and the answer
_BETWEEN = ",;|/:"
_ANSWER = re.compile(
    rf"[{_BLANKS}](?:yes|no|y|n|pos|neg|positive|negative|none|denie[sd]|never)[ \t]*\.?(?=[,;|/\t\n]|  |\Z)"
)
_OPENING = ("", ",", ";", "(", ":")  # before a sign that stands before what it is of
_BLANK = 60  # characters, at most, that may be blank between a sign and a word
_ASKED = 60  # characters of what is asked


def answered(text: str) -> str:
    """The text, of the same length, with a colon before answers of forms that lack it: after a leader
    ("asthma......no"), or where two or more items in a row are answered ("asthma no, gout yes").
    """
    low = text.lower()
    blanks: set[tuple[int, int]] = set()  # which become a colon
    before, end = (0, 0), -1  # the blank of the item before, and where that ends
    for answer in _ANSWER.finditer(low):
        place = answer.start() + 1
        line = max(low.rfind("\n", 0, place) + 1, place - 2 * _ASKED)
        asked = low[line:place].rstrip(_BLANKS)
        blank = (line + len(asked), place)
        item = asked[max(asked.rfind(sign) for sign in _BETWEEN) + 1 :].lstrip()
        begin = blank[0] - len(item)
        if not (item and len(item) <= _ASKED and item[0].isalpha() and item[-1].isalnum()):
            continue
        if any(leader in low[slice(*blank)] for leader in _LEADERS):
            blanks.add(blank)
        elif not ("." in item or "?" in item):
            if 0 <= end <= begin and not low[end:begin].strip(_BETWEEN + " \t\n"):
                blanks |= {before, blank}
            before, end = blank, answer.end()
    parts, done = [], 0
    for start, stop in sorted(blanks):
        parts += [text[done:start], ":".ljust(stop - start)]
        done = stop
    return "".join(parts) + text[done:] if parts else text


def chosen(line: str) -> list[tuple[str, int, int]]:
    """What the marked one of several answers in a line (lower case) says of what is asked: ``negated`` or
    ``historical``, from where to where; the other answers are negated.
    """
    found: list[tuple[str, int, int]] = []
    for asked in _CHOICES.finditer(line):
        one = _BOX_BEFORE if asked[2][0] in _BOXES else _BOX_BEHIND
        for answer in one.finditer(line, *asked.span(2)):
            if _CHECKED.isdisjoint(answer["box"]):
                found.append(("negated", *answer.span("choice")))
            elif re.fullmatch(_NEVER, answer["choice"]):
                found += [("negated", *asked.span(1)), ("negated", *answer.span("choice"))]
            elif re.fullmatch(_FORMER, answer["choice"]):
                found.append(("historical", asked.start(1), answer.end("choice")))
    return found


def marked_by_signs(line: str, before: str) -> tuple[list[tuple[str, int, int]], str]:
    """What marked answers and signs say in a line (lower case), as ``chosen`` has it, and the side of ``signed``."""
    found, rest = [], line
    if not _BOXES.isdisjoint(line):
        found = chosen(line)
        rest = _CHOICES.sub(lambda asked: asked[1].ljust(len(asked[0])), line)
    negated, side = signed(rest, before)
    return [*found, *(("negated", left, right) for left, right in negated)], side


def signed(line: str, before: str) -> tuple[list[tuple[int, int]], str]:
    """What signs negate in a line (lower case), and on which side of the items the signs stand.

    That is ``before`` or ``behind`` the item, or empty if this line has no signs; ``before`` is that of the previous
    line. A "-" counts only if a "+" stands in its line, or on the same side in the lines before. Alone it is a bullet
    or a dash, as it is between words ("gout - allopurinol").
    """
    if (
        _SIGNS.isdisjoint(line)
        and not before
        and line[-1:] != "-"
        and not any(one in line for one in _OTHERS)
    ):
        return [], ""
    found = list(_SIGN.finditer(line))
    trailing = bool(found) and line[: found[0].start()].rstrip()[-1:] not in ("", ":")
    if trailing:
        found = [sign for sign in found if not _is_dash(line, sign)]
    if not found:
        return [], ""
    answers = _ANSWERED.findall(line)
    if answers:
        checked = [answer for box, answer in answers if not _CHECKED.isdisjoint(box)]
        return ([(0, found[0].start())] if checked and checked[0][0] == "n" else []), ""
    signs = [(sign.start(), sign.end(), not _CHECKED.isdisjoint(sign.group())) for sign in found]
    written = {sign.group().strip() for sign in found}
    dashes = written <= {"+", "-"}
    side = "behind" if trailing else "before"
    if dashes and "+" not in written and before != side and not (trailing and _short_item(line, found[-1])):
        return [], ""
    negated = []
    edges = [0, *(place for start, end, _ in signs for place in (start, end)), len(line)]
    for i, (_, _, positive) in enumerate(signs):
        if positive:
            continue
        if trailing:
            left, right = edges[2 * i], edges[2 * i + 1]
            items = [
                item.end() for item in _ITEM.finditer(line, left, right) if line[item.end() : right].strip()
            ]
            left = items[-1] if items else left
        else:
            left, right = edges[2 * i + 2], edges[2 * i + 3]
            if line[signs[i][0] : signs[i][1]].strip(" ()") == "-":
                item = _ITEM.search(line, left, right)
                right = item.start() if item else right
        negated.append((left, right))
    return negated, side if "+" in written or (before == side and dashes) else ""


def _is_dash(line: str, sign: re.Match[str]) -> bool:
    """Whether a "-" stands between words of one item: "gout - allopurinol"."""
    before = line[max(sign.start() - _BLANK, 0) : sign.start()].rstrip()[-1:]
    behind = line[sign.end() : sign.end() + _BLANK].lstrip()[:1]
    return sign.group() == "-" and before not in _OPENING and behind.isalpha()


def _short_item(line: str, sign: re.Match[str]) -> bool:
    """Whether a line is nothing but a few words and a sign behind them."""
    return sign.end() == len(line.rstrip()) and len(line.split()) <= 5
