"""What titles of one family differ by: side, encounter, trimester and the like, said in fixed words.

Codes whose titles are the same but for these words are one family. A query needs to find the family only; which of its
codes is meant follows from the side and so on that the query gives, and from what is assumed where it gives none.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from icdbridge.knowledge.search.wordforms import EMPTY, root, words

_SIDED = (
    r"(?! (?:heart|ventric|atri|bundle|upper quadrant|lower quadrant|coronary|anterior|posterior fasc|main))"
)
# Axis -> what a title says of it and its value; "" where it says that it is not known. The first that fits counts.
_TITLES: dict[str, tuple[tuple[str, str], ...]] = {
    "encounter": (
        (r"initial encounter", "initial"),
        (r"subsequent encounter", "subsequent"),
        (r"sequela", "sequela"),
    ),
    "fracture": (
        (r"for closed fracture", "closed"),
        (r"for open fracture type (?:I or II|i or ii|IIIA, IIIB, or IIIC|iiia, iiib,? or iiic)", "{}"),
        (r"for open fracture(?: NOS)?", "open"),
        (r"for fracture", "closed"),
    ),
    "healing": (
        (r"with routine healing", "routine"),
        (r"with delayed healing", "delayed"),
        (r"with nonunion", "nonunion"),
        (r"with malunion", "malunion"),
    ),
    "trimester": (
        (r"first trimester", "first"),
        (r"second trimester", "second"),
        (r"third trimester", "third"),
        (r"unspecified trimester", ""),
        (r"(?:complicating|in) childbirth", "childbirth"),
        (r"(?:complicating|in) the puerperium", "puerperium"),
    ),
    "fetus": (
        (r"not applicable or unspecified", ""),
        (r"fetus ([1-5])", "{}"),
        (r"other fetus", "other"),
    ),
    "side": (
        (r"bilateral(?:ly)?", "bilateral"),
        (rf"right(?: side| dominant side)?{_SIDED}", "right"),
        (rf"left(?: side| non-dominant side)?{_SIDED}", "left"),
        (r"unspecified (?=eyelid|eye\b|ear\b|side|breast|female|male|limb)", ""),
        (r"unspecified side", ""),
    ),
    "sex": ((r"\bfemale(?= breast)", "female"), (r"\bmale(?= breast)", "male")),
    "displaced": ((r"nondisplaced", "no"), (r"displaced", "yes")),
    "approach": (
        (r"percutaneous endoscopic approach", "laparoscopic or endoscopic"),
        (r"via natural or artificial opening endoscopic(?: approach)?", "endoscopic, by an opening"),
        (r"via natural or artificial opening(?: with percutaneous endoscopic assistance)?", "by an opening"),
        (r"percutaneous approach", "percutaneous"),
        (r"open approach", "open"),
        (r"external approach", "external"),
    ),
    "count": (
        (r"coronary artery, one artery", "1"),
        (r"coronary artery, two arteries", "2"),
        (r"coronary artery, three arteries", "3"),
        (r"coronary artery, four or more arteries", "4"),
    ),
    "purpose": ((r"diagnostic", "diagnostic"),),
}
_KEPT = {"count": "coronary artery"}  # words of an axis that stay in the name of the family
_OPEN_TYPE = {"i or ii": "open I or II", "iiia, iiib, or iiic": "open III", "iiia, iiib or iiic": "open III"}
_PATTERNS = {
    axis: tuple(
        (re.compile(rf"(?<![\w-]){pattern}(?!\w)", re.IGNORECASE), value) for pattern, value in values
    )
    for axis, values in _TITLES.items()
}
# Parts of words of which a title has one if it says anything of the axis: quicker to look for than the patterns.
_CUES = {
    "encounter": ("encounter", "sequela"),
    "fracture": ("fracture",),
    "healing": ("healing", "union"),
    "trimester": ("trimester", "childbirth", "puerperium"),
    "fetus": ("fetus", "not applicable"),
    "side": ("lateral", "right", "left", "unspecified"),
    "sex": ("male",),
    "displaced": ("displaced",),
    "approach": ("approach", "opening"),
    "count": ("coronary artery",),
    "purpose": ("diagnostic",),
}
AXES = tuple(_TITLES)
_UNSAID = frozenset({"unspecified", "of", "the", "a", "and", "for", "in", "to"})
# What is assumed where a query says nothing: the better value first; others are equal behind these.
ASSUMED: dict[str, tuple[str, ...]] = {
    "encounter": ("", "initial", "subsequent", "sequela"),
    "fracture": ("", "closed", "open", "open I or II", "open III"),
    "healing": ("", "routine"),
    "trimester": ("", "third", "second", "first"),
    "fetus": ("", "1"),
    "side": ("", "right", "left", "bilateral"),
    "sex": ("", "female"),
    "displaced": ("", "yes", "no"),
    "approach": ("laparoscopic or endoscopic", "open", "percutaneous"),
    "count": ("1", "2"),
    "purpose": ("",),
}


def take(title: str) -> tuple[dict[str, str], str]:
    """What a title says of each axis, and the title without it."""
    said: dict[str, str] = {}
    for axis in AXES:
        if first := _first(axis, title):
            value, found = first
            if "fracture type" in found.re.pattern:
                value = _OPEN_TYPE.get(found[0].lower().partition(" type ")[2], "open")
            elif found.lastindex:
                value = value.format(found[1].lower())
            if value:
                said[axis] = value
            title = found.re.sub(f" {_KEPT.get(axis, '')} ", title)
    return said, title


def _first(axis: str, title: str) -> tuple[str, re.Match[str]] | None:
    """The value of the first pattern of an axis that fits, as in ``_TITLES``, and where it fits."""
    lower = title.lower()
    if any(cue in lower for cue in _CUES[axis]):
        for pattern, value in _PATTERNS[axis]:
            if found := pattern.search(title):
                return value, found
    return None


def skeleton(rest: str) -> tuple[str, ...]:
    """The words of a title without its axes, by which codes of one family are known."""
    return tuple(sorted({root(word) for word in words(rest) if word not in _UNSAID}))


# What is meant where nobody says it, and what a word of it tells; what an empty word tells, where others tell 1.
_TACIT = {("encounter", "initial"), ("fracture", "closed"), ("healing", "routine")}
_TELLS_TACIT, _TELLS_EMPTY = 0.1, 0.5


def telling(title: str) -> tuple[tuple[str, float], ...]:
    """The words of a title as roots, in order, each with how much it tells: hardly anything where tacitly meant."""
    tacit: Counter[str] = Counter()
    rest = title
    for axis in AXES:
        if first := _first(axis, rest):
            value, found = first
            if not value or (axis, value) in _TACIT:
                tacit.update(words(found[0]))
            rest = found.re.sub(" ", rest)
    told = []
    for word in words(title):
        weight = _TELLS_TACIT if tacit[word] > 0 else _TELLS_EMPTY if word in EMPTY else 1.0
        tacit[word] -= 1
        told.append((root(word), weight))
    return tuple(told)


def distance(said: Mapping[str, str]) -> tuple[int, ...]:
    """How far a code of a family is from what is assumed where nothing is said; the lowest first."""
    return tuple(
        assumed.index(value) if (value := said.get(axis, "")) in assumed else len(assumed)
        for axis, assumed in ASSUMED.items()
    )


# What a query says of an axis: words or phrases, the longest first.
_SAID: dict[str, dict[str, str]] = {
    "side": {
        "left": "left", "lt": "left", "l": "left", "left sided": "left", "l sided": "left",
        "right": "right", "rt": "right", "r": "right", "right sided": "right", "r sided": "right",
        "bilateral": "bilateral", "bilat": "bilateral", "bl": "bilateral", "b l": "bilateral",
        "both": "bilateral", "bilaterally": "bilateral",
    },
    "encounter": {
        "initial encounter": "initial", "initial": "initial", "active treatment": "initial",
        "subsequent encounter": "subsequent", "subsequent": "subsequent", "follow up": "subsequent",
        "followup": "subsequent", "f u": "subsequent", "aftercare": "subsequent",
        "sequela": "sequela", "sequelae": "sequela", "late effect": "sequela",
    },
    "fracture": {
        "closed fracture": "closed", "closed": "closed", "open fracture": "open",
        "for closed fracture": "closed", "for open fracture": "open", "open": "open", "compound": "open",
        "open fracture type i or ii": "open I or II", "for open fracture type i or ii": "open I or II",
        "for open fracture type iiia iiib or iiic": "open III", "open fracture type iiia iiib or iiic": "open III",
        "type i or ii": "open I or II", "iiia iiib or iiic": "open III", "for fracture": "closed",
    },
    "healing": {
        "routine healing": "routine", "with routine healing": "routine", "delayed healing": "delayed",
        "with delayed healing": "delayed", "nonunion": "nonunion", "non union": "nonunion",
        "with nonunion": "nonunion", "malunion": "malunion", "with malunion": "malunion",
    },
    "trimester": {
        "first trimester": "first", "1st trimester": "first", "second trimester": "second",
        "2nd trimester": "second", "third trimester": "third", "3rd trimester": "third",
        "complicating childbirth": "childbirth", "childbirth": "childbirth",
        "complicating the puerperium": "puerperium", "puerperium": "puerperium", "postpartum": "puerperium",
    },
    "fetus": {"fetus 1": "1", "fetus 2": "2", "fetus 3": "3", "fetus 4": "4", "fetus 5": "5", "other fetus": "other"},
    "sex": {"female": "female", "woman": "female", "male": "male", "man": "male"},
    "displaced": {"nondisplaced": "no", "non displaced": "no", "undisplaced": "no", "displaced": "yes"},
    "approach": {
        "laparoscopic": "laparoscopic or endoscopic", "lap": "laparoscopic or endoscopic",
        "laparoscopically": "laparoscopic or endoscopic", "arthroscopic": "laparoscopic or endoscopic",
        "vats": "laparoscopic or endoscopic", "thoracoscopic": "laparoscopic or endoscopic",
        "robotic": "laparoscopic or endoscopic", "percutaneous endoscopic": "laparoscopic or endoscopic",
        "percutaneous endoscopic approach": "laparoscopic or endoscopic",
        "percutaneous": "percutaneous", "perc": "percutaneous", "percutaneous approach": "percutaneous",
        "open": "open", "open approach": "open", "external approach": "external",
        "via natural or artificial opening endoscopic": "endoscopic, by an opening",
        "endoscopic": "endoscopic, by an opening", "via natural or artificial opening": "by an opening",
    },
    "count": {
        "x1": "1", "x 1": "1", "one artery": "1", "x2": "2", "x 2": "2", "two arteries": "2", "2 vessel": "2",
        "x3": "3", "x 3": "3", "three arteries": "3", "3 vessel": "3", "triple": "3", "double": "2",
        "x4": "4", "x 4": "4", "x5": "4", "x 5": "4", "four or more arteries": "4", "4 vessel": "4",
        "quadruple": "4", "1 vessel": "1", "single vessel": "1",
    },
    "purpose": {"diagnostic": "diagnostic"},
}  # fmt: skip
SAYING = frozenset(word for phrases in _SAID.values() for phrase in phrases for word in phrase.split())
_LONGEST = 7


def said_in(query: Sequence[str]) -> list[tuple[str, str, range]]:
    """What the words of a query say of each axis: axis, value, the places of its words."""
    found: list[tuple[str, str, range]] = []
    for axis, phrases in _SAID.items():
        place = 0
        while place < len(query):
            for length in range(min(_LONGEST, len(query) - place), 0, -1):
                value = phrases.get(" ".join(query[place : place + length]))
                if value and not (axis == "side" and _not_a_side(query, place)):
                    found.append((axis, value, range(place, place + length)))
                    place += length - 1
                    break
            place += 1
    return found


def _not_a_side(query: Sequence[str], place: int) -> bool:
    following = query[place + 1][:5] if place + 1 < len(query) else ""
    return following in ("heart", "ventr", "atriu", "atria", "bundl", "main")
