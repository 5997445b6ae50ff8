"""Signs and boxes: "(-) fever", "fever -", "☑ asthma ☐ COPD", "tobacco: ☐ current ☑ former ☐ never". Boxes are
those that ``forms`` makes of all kinds.
"""

import re

from icdbridge.lexical.forms import BLANK, TICKED

_SIGN = re.compile(
    r"[☐☑]"
    r"|\([+-]\)"
    r"|(?:(?<=[\s,;(])|\A)[+-](?= ?[^\W\d_])"
    r"|(?<=[^\W\d_])\s?[+-](?=\s*(?:[,;/]|\Z))"
)
# One of several answers is marked: "Tobacco: ☐ current ☑ former ☐ never", "Smoker: yes ☐ quit ☑".
_NEVER, _FORMER = "never|none|no|n|denies", "former(?:ly)?|past|prior|quit|ex"
_CHOICE = rf"(?:{_NEVER}|{_FORMER}|current(?:ly)?|active|yes|y|occasional(?:ly)?|social(?:ly)?|daily)(?!\w)"
_CHOICES = re.compile(
    rf"(?:(?<=[\n;,.|])|\A)\s*([a-z][^\n;,.|\[\](){{}}☐☑]{{1,40}}?)\s*[:?-]?\s*"
    rf"((?:[☐☑]\s*{_CHOICE}[\s,/|]*){{2,}}|(?:{_CHOICE}\s*[☐☑][\s,/|]*){{2,}})"
)
_BOX_BEFORE = re.compile(rf"(?P<box>[☐☑])\s*(?P<choice>{_CHOICE})")
_BOX_BEHIND = re.compile(rf"(?P<choice>{_CHOICE})\s*(?P<box>[☐☑])")
_SIGNS = frozenset("+☐☑")  # a line without these, or those, has no sign
_OTHERS = ("(-)", "-,", "-;", "-/")
_ITEM = re.compile(r"[,;]")
_OPENING = ("", ",", ";", "(", ":")  # before a sign that stands before what it is of
_BLANK = 60  # characters, at most, that may be blank between a sign and a word


def chosen(line: str) -> list[tuple[str, int, int]]:
    """What the marked one of several answers in a line (lower case) says of what is asked: ``negated`` or
    ``historical``, from where to where; the other answers are negated.
    """
    found: list[tuple[str, int, int]] = []
    for asked in _CHOICES.finditer(line):
        one = _BOX_BEFORE if asked[2][0] in (TICKED, BLANK) else _BOX_BEHIND
        for answer in one.finditer(line, *asked.span(2)):
            if answer["box"] == BLANK:
                found.append(("negated", *answer.span("choice")))
            elif re.fullmatch(_NEVER, answer["choice"]):
                found += [("negated", *asked.span(1)), ("negated", *answer.span("choice"))]
            elif re.fullmatch(_FORMER, answer["choice"]):
                found.append(("historical", asked.start(1), answer.end("choice")))
    return found


def marked_by_signs(line: str, before: str) -> tuple[list[tuple[str, int, int]], str]:
    """What marked answers and signs say in a line (lower case), as ``chosen`` has it, and the side of ``signed``."""
    found, rest = [], line
    if TICKED in line or BLANK in line:
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
    signs = [(sign.start(), sign.end(), sign.group() == TICKED or "+" in sign.group()) for sign in found]
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
